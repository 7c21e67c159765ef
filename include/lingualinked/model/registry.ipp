// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/printable.hpp>
#include <lingualinked/model/llama.hpp>
#include <lingualinked/model/registry.hpp>

#include <array>
#include <string>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL std::span<const architecture> architectures() noexcept {
  static constexpr std::array all{
      architecture{"llama", &build_llama},
  };
  return all;
}

LINGUALINKED_DECL result<architecture> architecture_named(std::string_view name) {
  std::string known;
  for (const architecture& a : architectures()) {
    if (a.name == name) return a;
    known += (known.empty() ? "" : ", ") + std::string(a.name);
  }
  return error{errc::unsupported, "architecture " + printable(name) + " is not supported; supported: " + known};
}

}  // namespace lingualinked::inline v0

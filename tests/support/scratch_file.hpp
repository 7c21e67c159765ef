// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "temporary_folder.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace test_support {

/// Writes the input of a fuzz target where a reader of files can open it: one path in each process, written anew for each input.
inline std::string scratch_file(const std::uint8_t* data, std::size_t size, std::string_view name) {
  static const temporary_folder folder;
  return folder.write(name, {reinterpret_cast<const char*>(data), size});
}

}  // namespace test_support

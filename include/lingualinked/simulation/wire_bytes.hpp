// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/control.hpp>
#include <lingualinked/transport/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <variant>

namespace lingualinked::inline v0 {

/// About how many bytes a control message is on its way, header and all. How it is written is a codec's affair, which this floor
/// does not know; the figures are those of JSON, and matter only on slow links.
[[nodiscard]] inline std::uint64_t wire_bytes(const control::message& what) noexcept {
  constexpr std::uint64_t fields = 100;  // names and small numbers
  constexpr std::uint64_t token_id_text = 6;
  constexpr std::uint64_t stage_text = 80;
  std::uint64_t bytes = frame_header_bytes + fields;
  if (const auto* o = std::get_if<control::open>(&what)) bytes += token_id_text * o->options.prompt.size();
  if (const auto* d = std::get_if<control::deploy>(&what)) bytes += stage_text * (d->stages.size() + d->transmissions.size());
  return bytes;
}

}  // namespace lingualinked::inline v0

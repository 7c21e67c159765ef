// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/transport/frame.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lingualinked::inline v0::detail {

[[nodiscard]] inline std::uint64_t row_count(std::span<const segment> segments) noexcept {
  std::uint64_t rows = 0;
  for (const segment& s : segments) rows += s.tokens;
  return rows;
}

/// Makes `payload` as long as a table of `segments` and `body_bytes`, and writes the table. Gives where the body starts.
inline std::size_t begin_payload(std::vector<std::byte>& payload, std::span<const segment> segments, std::size_t body_bytes) {
  const std::size_t table_bytes = segments.size() * segment_bytes;
  payload.resize(table_bytes + body_bytes);
  store_segments(segments, payload);
  return table_bytes;
}

/// Reads the table of segments of a data frame.
/// Errors    malformed, limit, protocol: the frame contradicts itself, has more than max_rows rows, goes beyond the context or
///           names a sequence twice
[[nodiscard]] inline result<void> read_segments(const message& m, std::uint64_t max_rows, std::uint64_t context_tokens,
                                                std::vector<segment>& into) {
  into.clear();
  frame_header header = m.header;
  header.payload_bytes = m.payload.size();
  if (auto checked = check_frame(header, m.payload); !checked) return checked;
  if (header.rows > max_rows)
    return error{errc::protocol,
                 "a frame has " + std::to_string(header.rows) + " rows; at most " + std::to_string(max_rows) + " were agreed"};
  for (std::uint32_t i = 0; i < header.segments; ++i) {
    const segment s = segment_at(m.payload, i);
    if (std::uint64_t{s.position} + s.tokens > context_tokens)
      return error{errc::protocol, "a frame reaches position " + std::to_string(std::uint64_t{s.position} + s.tokens) +
                                       " of a context of " + std::to_string(context_tokens)};
    into.push_back(s);
  }
  if (into.size() < 2) return {};
  std::vector<sequence_id> ids;
  for (const segment& s : into) ids.push_back(s.sequence);
  std::sort(ids.begin(), ids.end());
  if (std::adjacent_find(ids.begin(), ids.end()) != ids.end()) return error{errc::protocol, "a frame names a sequence twice"};
  return {};
}

}  // namespace lingualinked::inline v0::detail

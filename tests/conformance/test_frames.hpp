// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/transport/frame.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

// Frames that tell which one they are, for tests of transports.
namespace transport_suite {

namespace ll = lingualinked;

/// No test waits longer than this for what must come.
inline constexpr auto patience = std::chrono::seconds(30);

inline ll::frame_header control_header(std::uint32_t step = 0) {
  ll::frame_header header;
  header.kind = ll::frame_kind::control;
  header.step = step;
  return header;
}

/// Bytes that tell which frame they belong to.
inline std::vector<std::byte> filled(std::size_t count, std::uint32_t mark) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>((i + 1) * (mark + 1) * 0x9E3779B1U >> 13);
  return bytes;
}

/// A frame of rows without segments is no activation; a logits frame of one row is the simplest that may be large.
inline ll::frame_header logits_header(std::size_t payload_bytes, std::uint32_t step) {
  ll::frame_header header;
  header.kind = ll::frame_kind::logits;
  header.segments = 1;
  header.rows = 1;
  header.width = static_cast<std::uint32_t>((payload_bytes - ll::segment_bytes) / 4);
  header.step = step;
  return header;
}
inline std::vector<std::byte> logits_payload(std::size_t payload_bytes, std::uint32_t step) {
  std::vector<std::byte> payload = filled(payload_bytes, step);
  const ll::segment one[] = {{step, 0, 1}};
  ll::store_segments(one, payload);
  return payload;
}

}  // namespace transport_suite

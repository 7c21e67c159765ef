// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a frame, the first 64 as its header: an error, or a frame whose parts lie inside it. To get past the hash, the
// same header is tried again with the hash that it should have.
#include <lingualinked/transport/frame.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace ll = lingualinked;

namespace {

void use(std::span<const std::byte> wire, std::span<const std::byte> payload) {
  const auto header = ll::decode_header(wire);
  if (!header) {
    if (header.error().message.empty()) std::abort();
    return;
  }
  if (header->payload_bytes > ll::max_payload_bytes || header->segments > ll::max_frame_segments) std::abort();
  if (!ll::check_payload(*header, wire, payload)) return;
  if (payload.size() != header->payload_bytes) std::abort();
  std::uint64_t rows = 0;
  for (std::size_t i = 0; i < header->segments; ++i) rows += ll::segment_at(payload, i).tokens;
  if (header->kind != ll::frame_kind::control && rows != header->rows) std::abort();
  if (header->kind == ll::frame_kind::token)
    for (std::size_t i = 0; i < header->segments; ++i) static_cast<void>(ll::token_at(*header, payload, i));
  const auto again = ll::encode_header(*header, payload);
  if (!std::equal(wire.begin(), wire.end(), again.begin(), again.end())) std::abort();
}

}  // namespace

int fuzz_wire_header(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto wire = bytes.first(std::min(size, ll::frame_header_bytes));
  const auto payload = bytes.subspan(wire.size());
  use(wire, payload);
  if (const auto header = ll::decode_header(wire)) use(ll::encode_header(*header, payload), payload);
  return 0;
}

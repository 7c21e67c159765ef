// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/transport/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<std::uint64_t> expected_payload_bytes(const frame_header& header) {
  const std::optional<dtype> type = dtype_of_code(header.dtype);
  if (!type) return error{errc::malformed, "frame with unknown dtype " + std::to_string(header.dtype)};
  if (header.segments > max_frame_segments)
    return error{errc::limit, "frame with " + std::to_string(header.segments) + " segments; the limit is " +
                                  std::to_string(max_frame_segments)};
  const checked_size table = checked_size{header.segments} * segment_bytes;
  const checked_size elements = checked_size{header.rows} * header.width;
  checked_size bytes;
  std::uint64_t limit = max_payload_bytes;
  switch (header.kind) {
    case frame_kind::control:
      if (header.rows != 0 || header.width != 0 || header.segments != 0)
        return error{errc::malformed, "control frame with rows, width or segments"};
      bytes = header.payload_bytes;
      limit = max_control_bytes;
      break;
    case frame_kind::activation:
      if (*type != dtype::f32 && *type != dtype::f16 && *type != dtype::bf16)
        return error{errc::malformed, "activation frame of " + std::string(name_of(*type)) + "; must be f32, f16 or bf16"};
      bytes = table + elements * facts_of(*type).block_bytes;
      break;
    case frame_kind::token: bytes = table + checked_size{header.segments} * sizeof(token_id); break;
    case frame_kind::logits: bytes = table + elements * sizeof(float); break;
    default: return error{errc::malformed, "frame of unknown kind " + std::to_string(static_cast<unsigned>(header.kind))};
  }
  if (!bytes.at_most(limit))
    return error{errc::limit, std::string(name_of(header.kind)) + " frame of " +
                                  (bytes.valid() ? std::to_string(bytes.value_or(0)) : "more than 2^64") +
                                  " payload bytes; the limit is " + std::to_string(limit)};
  return bytes.value_or(0);
}

LINGUALINKED_CORE_DECL segment segment_at(std::span<const std::byte> payload, std::size_t index) noexcept {
  byte_reader reader(payload.subspan(index * segment_bytes, segment_bytes));
  segment s;
  s.sequence = reader.read<std::uint64_t>();
  s.position = reader.read<std::uint32_t>();
  s.tokens = reader.read<std::uint32_t>();
  return s;
}

LINGUALINKED_CORE_DECL void store_segments(std::span<const segment> segments, std::span<std::byte> out) noexcept {
  std::byte* where = out.data();
  for (const segment& s : segments) {
    store_little_endian(where, s.sequence);
    store_little_endian(where + 8, s.position);
    store_little_endian(where + 12, s.tokens);
    where += segment_bytes;
  }
}

LINGUALINKED_CORE_DECL result<void> check_frame(const frame_header& header, std::span<const std::byte> payload) {
  const result<std::uint64_t> expected = expected_payload_bytes(header);
  if (!expected) return expected.error();
  if (header.payload_bytes != *expected || payload.size() != *expected)
    return error{errc::malformed, std::string(name_of(header.kind)) + " frame has " + std::to_string(payload.size()) +
                                      " payload bytes, its header says " + std::to_string(header.payload_bytes) +
                                      ", its shape asks for " + std::to_string(*expected)};
  std::uint64_t tokens = 0;
  for (std::size_t i = 0; i < header.segments; ++i) {
    const segment s = segment_at(payload, i);
    if (s.tokens == 0 || s.tokens > std::numeric_limits<std::uint32_t>::max() - s.position)
      return error{errc::malformed, "segment " + std::to_string(i) + " has " + std::to_string(s.tokens) +
                                        " tokens from position " + std::to_string(s.position)};
    tokens += s.tokens;
  }
  if (header.kind != frame_kind::control && tokens != header.rows)
    return error{errc::malformed,
                 "segments of " + std::to_string(tokens) + " tokens in a frame of " + std::to_string(header.rows) + " rows"};
  return {};
}

LINGUALINKED_CORE_DECL frame_header_wire encode_header(const frame_header& header, std::span<const std::byte> payload) noexcept {
  frame_header_wire wire;
  std::byte* out = wire.data();
  store_little_endian(out, frame_magic);
  store_little_endian(out + 4, frame_version);
  store_little_endian(out + 6, static_cast<std::uint8_t>(header.kind));
  store_little_endian(out + 7, header.dtype);
  store_little_endian(out + 8, header.epoch);
  store_little_endian(out + 12, header.tensor);
  store_little_endian(out + 16, header.request);
  store_little_endian(out + 24, header.step);
  store_little_endian(out + 28, header.rows);
  store_little_endian(out + 32, header.width);
  store_little_endian(out + 36, header.segments);
  store_little_endian(out + 40, static_cast<std::uint64_t>(payload.size()));
  store_little_endian(out + 48, header.stage_nanoseconds);
  store_little_endian(out + 56, xxh3_64(payload, xxh3_64(std::span(wire).first<hashed_header_bytes>())));
  return wire;
}

LINGUALINKED_CORE_DECL result<frame_header> decode_header(std::span<const std::byte> wire) {
  if (wire.size() != frame_header_bytes)
    return error{errc::malformed, "frame header of " + std::to_string(wire.size()) + " bytes; must be 64"};
  byte_reader in(wire);
  if (const auto magic = in.read<std::uint32_t>(); magic != frame_magic)
    return error{errc::malformed, "frame does not begin with LLNK; the other side speaks something else"};
  if (const auto version = in.read<std::uint16_t>(); version != frame_version)
    return error{errc::unsupported, "frame of version " + std::to_string(version) + "; this library speaks version " +
                                        std::to_string(frame_version) + ", use the same release on all devices"};
  frame_header header;
  header.kind = static_cast<frame_kind>(in.read<std::uint8_t>());
  header.dtype = in.read<std::uint8_t>();
  header.epoch = in.read<std::uint32_t>();
  header.tensor = in.read<std::uint32_t>();
  header.request = in.read<std::uint64_t>();
  header.step = in.read<std::uint32_t>();
  header.rows = in.read<std::uint32_t>();
  header.width = in.read<std::uint32_t>();
  header.segments = in.read<std::uint32_t>();
  header.payload_bytes = in.read<std::uint64_t>();
  header.stage_nanoseconds = in.read<std::uint64_t>();
  const result<std::uint64_t> expected = expected_payload_bytes(header);
  if (!expected) return expected.error();
  if (header.payload_bytes != *expected)
    return error{errc::malformed, std::string(name_of(header.kind)) + " frame announces " + std::to_string(header.payload_bytes) +
                                      " payload bytes; its shape asks for " + std::to_string(*expected)};
  return header;
}

LINGUALINKED_CORE_DECL result<void> check_payload(const frame_header& header, std::span<const std::byte> wire,
                                                  std::span<const std::byte> payload) {
  if (wire.size() != frame_header_bytes)
    return error{errc::malformed, "frame header of " + std::to_string(wire.size()) + " bytes; must be 64"};
  if (auto checked = check_frame(header, payload); !checked) return checked;
  byte_reader tail(wire.subspan(hashed_header_bytes));
  if (tail.read<std::uint64_t>() != xxh3_64(payload, xxh3_64(wire.first(hashed_header_bytes))))
    return error{errc::malformed, std::string(name_of(header.kind)) + " frame of " + std::to_string(payload.size()) +
                                      " bytes was damaged on its way: its hash does not match"};
  return {};
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/core/checked.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/xxh3.hpp>
#include <lingualinked/tensor/dtype.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// A frame on the wire is a header of 64 bytes and a payload. All numbers are little-endian.
//
//   offset  bytes  field                 offset  bytes  field
//        0      4  magic "LLNK"              28      4  rows
//        4      2  version                   32      4  width
//        6      1  kind                      36      4  segments
//        7      1  dtype                     40      8  payload_bytes
//        8      4  epoch                     48      8  stage_nanoseconds
//       12      4  tensor                    56      8  xxh3 of the payload, seeded with
//       16      8  request                              the xxh3 of the 56 bytes before
//       24      4  step
//
//   payload of   control     one message
//                activation  segments * 16, then rows * width elements of dtype (f32, f16 or bf16)
//                token       segments * 16, then one int32 for each segment
//                logits      segments * 16, then rows * width float32
namespace lingualinked::inline v0 {

inline constexpr std::uint32_t frame_magic = 0x4B4E4C4CU;
inline constexpr std::uint16_t frame_version = 1;
inline constexpr std::size_t frame_header_bytes = 64;
inline constexpr std::size_t hashed_header_bytes = 56;
inline constexpr std::size_t segment_bytes = 16;
inline constexpr std::uint64_t max_payload_bytes = std::uint64_t{64} << 20;
inline constexpr std::uint64_t max_control_bytes = std::uint64_t{8} << 20;
inline constexpr std::uint32_t max_frame_segments = 65536;

using frame_header_wire = std::array<std::byte, frame_header_bytes>;

[[nodiscard]] constexpr std::string_view name_of(frame_kind kind) noexcept {
  switch (kind) {
    case frame_kind::control: return "control";
    case frame_kind::activation: return "activation";
    case frame_kind::token: return "token";
    case frame_kind::logits: return "logits";
  }
  return "unknown";
}

/// How long the payload of such a header is: the one place where sizes from a peer are multiplied.
/// Control frames carry their length themselves.
/// Errors    malformed for an unknown kind or dtype or fields that fit no payload, limit above the limits of this file
[[nodiscard]] inline result<std::uint64_t> expected_payload_bytes(const frame_header& header) {
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

/// The segment at `index` of a payload. Requires  the payload passed check_frame and index < header.segments
[[nodiscard]] inline segment segment_at(std::span<const std::byte> payload, std::size_t index) noexcept {
  byte_reader reader(payload.subspan(index * segment_bytes, segment_bytes));
  segment s;
  s.sequence = reader.read<std::uint64_t>();
  s.position = reader.read<std::uint32_t>();
  s.tokens = reader.read<std::uint32_t>();
  return s;
}

/// What follows the segments: rows, or token ids. 16-byte aligned when the payload is.
/// Requires  the payload passed check_frame
[[nodiscard]] inline std::span<const std::byte> tensor_part(const frame_header& header,
                                                            std::span<const std::byte> payload) noexcept {
  return payload.subspan(header.segments * segment_bytes);
}
[[nodiscard]] inline std::span<std::byte> tensor_part(const frame_header& header, std::span<std::byte> payload) noexcept {
  return payload.subspan(header.segments * segment_bytes);
}

/// Writes the segment table. Requires  out.size() >= segments.size() * segment_bytes
inline void store_segments(std::span<const segment> segments, std::span<std::byte> out) noexcept {
  std::byte* where = out.data();
  for (const segment& s : segments) {
    store_little_endian(where, s.sequence);
    store_little_endian(where + 8, s.position);
    store_little_endian(where + 12, s.tokens);
    where += segment_bytes;
  }
}

/// The token id of segment `index` in a token frame. Requires  the payload passed check_frame and index < header.segments
[[nodiscard]] inline token_id token_at(const frame_header& header, std::span<const std::byte> payload,
                                       std::size_t index) noexcept {
  byte_reader reader(tensor_part(header, payload).subspan(index * sizeof(token_id), sizeof(token_id)));
  return reader.read<token_id>();
}

/// Writes token ids behind a segment table. Requires  part.size() >= tokens.size() * 4
inline void store_tokens(std::span<const token_id> tokens, std::span<std::byte> part) noexcept {
  for (std::size_t i = 0; i < tokens.size(); ++i) store_little_endian(part.data() + i * sizeof(token_id), tokens[i]);
}

/// Whether header and payload belong together: sizes, and for all kinds but control a table of segments, none of them empty or
/// beyond the last position, whose tokens add up to rows.
/// Errors    malformed, limit
[[nodiscard]] inline result<void> check_frame(const frame_header& header, std::span<const std::byte> payload) {
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

/// The wire form of `header`, with the length and the hash of `payload`.
[[nodiscard]] inline frame_header_wire encode_header(const frame_header& header, std::span<const std::byte> payload) noexcept {
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

/// Reads a header; a frame whose header is refused can be thrown away without a look at its payload.
/// Errors    malformed (length, magic, kind, dtype, a length that its shape contradicts), unsupported (version), limit
[[nodiscard]] inline result<frame_header> decode_header(std::span<const std::byte> wire) {
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

/// check_frame, and the hash over header and payload. wire: the 64 bytes that `header` was read from.
/// Errors    malformed, limit
[[nodiscard]] inline result<void> check_payload(const frame_header& header, std::span<const std::byte> wire,
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

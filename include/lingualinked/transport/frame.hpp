// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/core/checked.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/xxh3.hpp>
#include <lingualinked/tensor/dtype.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
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
[[nodiscard]] result<std::uint64_t> expected_payload_bytes(const frame_header& header);

/// The segment at `index` of a payload. Requires  the payload passed check_frame and index < header.segments
[[nodiscard]] segment segment_at(std::span<const std::byte> payload, std::size_t index) noexcept;

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
void store_segments(std::span<const segment> segments, std::span<std::byte> out) noexcept;

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
[[nodiscard]] result<void> check_frame(const frame_header& header, std::span<const std::byte> payload);

/// The wire form of `header`, with the length and the hash of `payload`.
[[nodiscard]] frame_header_wire encode_header(const frame_header& header, std::span<const std::byte> payload) noexcept;

/// Reads a header; a frame whose header is refused can be thrown away without a look at its payload.
/// Errors    malformed (length, magic, kind, dtype, a length that its shape contradicts), unsupported (version), limit
[[nodiscard]] result<frame_header> decode_header(std::span<const std::byte> wire);

/// check_frame, and the hash over header and payload. wire: the 64 bytes that `header` was read from.
/// Errors    malformed, limit
[[nodiscard]] result<void> check_payload(const frame_header& header, std::span<const std::byte> wire,
                                         std::span<const std::byte> payload);

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/transport/frame.ipp>
#endif

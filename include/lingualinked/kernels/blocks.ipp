// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/half.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/kernels/blocks.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace lingualinked::inline v0::kernels {

namespace detail {

static_assert(std::endian::native == std::endian::little, "weights are read as little-endian words");

template <class T>
[[nodiscard]] inline T load_word(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}
[[nodiscard]] inline unsigned load_byte(const std::byte* from) noexcept { return std::to_integer<unsigned>(*from); }

inline constexpr std::uint32_t bytes_of_1 = 0x01010101U;

// 8 codes words from 16 bytes of nibbles: elements 0-15 low, 16-31 high.
inline void read_nibbles(const std::byte* from, row_block& out) noexcept {
  for (std::size_t g = 0; g < 4; ++g) {
    const auto word = load_word<std::uint32_t>(from + 4 * g);
    out.codes[g] = word & (15U * bytes_of_1);
    out.codes[g + 4] = (word >> 4) & (15U * bytes_of_1);
  }
}

// Puts bit e of `bits` at bit 4 of code e.
inline void read_fifth_bits(std::uint32_t bits, row_block& out) noexcept {
  for (std::size_t g = 0; g < 8; ++g) {
    const std::uint32_t four = (bits >> (4 * g)) & 15U;
    // Multiplying by 1 + 2^7 + 2^14 + 2^21 puts the four bits at bits 0, 8, 16, 24.
    out.codes[g] |= ((four * 0x00204081U) & bytes_of_1) << 4;
  }
}

inline row_block read_legacy_block(dtype type, const std::byte* from) noexcept {
  row_block out;
  out.d = load_word<std::uint16_t>(from);
  from += 2;
  if (format_of(type).minimum) {
    out.m = load_word<std::uint16_t>(from);
    from += 2;
  }
  if (type == dtype::q8_0) {
    for (std::size_t g = 0; g < 8; ++g) out.codes[g] = load_word<std::uint32_t>(from + 4 * g);
    return out;
  }
  if (format_of(type).high_bits == 1) {
    read_nibbles(from + 4, out);
    read_fifth_bits(load_word<std::uint32_t>(from), out);
  } else {
    read_nibbles(from, out);
  }
  return out;
}

// Six-bit scale and minimum of block b from the 12 bytes of q4_k and q5_k.
inline std::array<std::uint8_t, 2> read_k_scales(const std::byte* s, std::size_t b) noexcept {
  if (b < 4) return {static_cast<std::uint8_t>(load_byte(s + b) & 63U), static_cast<std::uint8_t>(load_byte(s + b + 4) & 63U)};
  const unsigned low = load_byte(s + b + 4);
  return {static_cast<std::uint8_t>((low & 15U) | ((load_byte(s + b - 4) >> 6U) << 4U)),
          static_cast<std::uint8_t>((low >> 4U) | ((load_byte(s + b) >> 6U) << 4U))};
}

[[nodiscard]] inline std::array<std::uint8_t, 2> read_two(const std::byte* from) noexcept {
  return {std::to_integer<std::uint8_t>(from[0]), std::to_integer<std::uint8_t>(from[1])};
}

// Scale i of 16 from the 12 bytes of q3_k, as a byte in two's complement.
inline std::uint8_t read_q3_scale(const std::byte* s, std::size_t i) noexcept {
  const unsigned low = i < 8 ? load_byte(s + i) & 15U : load_byte(s + i - 8) >> 4U;
  const unsigned high = (load_byte(s + 8 + i % 4) >> (2 * (i / 4))) & 3U;
  return static_cast<std::uint8_t>((low | (high << 4U)) - 32U);
}

inline row_block read_superblock(dtype type, const std::byte* from, std::size_t b) noexcept {
  row_block out;
  const std::size_t half = b / 4;     // of 128 elements
  const std::size_t quarter = b % 4;  // of 32 elements in it
  const auto words = [&out](const std::byte* source, unsigned shift, std::uint32_t mask, unsigned to) {
    for (std::size_t g = 0; g < 8; ++g)
      out.codes[g] |= ((load_word<std::uint32_t>(source + 4 * g) >> shift) & (mask * bytes_of_1)) << to;
  };
  const unsigned pair_shift = static_cast<unsigned>(2 * quarter);
  const std::size_t scale = 8 * half + 2 * quarter;
  switch (type) {
    case dtype::q4_k:
    case dtype::q5_k: {
      out.d = load_word<std::uint16_t>(from);
      out.m = load_word<std::uint16_t>(from + 2);
      out.scales = read_k_scales(from + 4, b);
      const bool five = type == dtype::q5_k;
      words(from + (five ? 48 : 16) + 32 * (b / 2), b % 2 == 0 ? 0 : 4, 15, 0);
      if (five) words(from + 16, static_cast<unsigned>(b), 1, 4);
      break;
    }
    case dtype::q6_k:
      out.d = load_word<std::uint16_t>(from + 208);
      out.scales = read_two(from + 192 + scale);
      words(from + 64 * half + 32 * (quarter % 2), quarter < 2 ? 0 : 4, 15, 0);
      words(from + 128 + 32 * half, pair_shift, 3, 4);
      break;
    case dtype::q3_k:
      out.d = load_word<std::uint16_t>(from + 108);
      out.scales = {read_q3_scale(from + 96, scale), read_q3_scale(from + 96, scale + 1)};
      words(from + 32 + 32 * half, pair_shift, 3, 0);
      words(from, static_cast<unsigned>(b), 1, 2);
      break;
    case dtype::q2_k:
      out.d = load_word<std::uint16_t>(from + 80);
      out.m = load_word<std::uint16_t>(from + 82);
      out.scales = read_two(from + scale);
      words(from + 16 + 32 * half, pair_shift, 3, 0);
      break;
    default: {  // iq4_xs
      out.d = load_word<std::uint16_t>(from);
      const unsigned high = (load_word<std::uint16_t>(from + 2) >> (2 * b)) & 3U;
      const unsigned low = (load_byte(from + 4 + b / 2) >> (4 * (b % 2))) & 15U;
      out.scales[0] = static_cast<std::uint8_t>((low | (high << 4U)) - 32U);
      read_nibbles(from + 8 + 16 * b, out);
      break;
    }
  }
  return out;
}

inline std::int32_t signed_byte(std::uint8_t b) noexcept { return static_cast<std::int8_t>(b); }

// One plane of Width bits: to and from the words of one row. Lines are 64 bytes apart.
template <unsigned Width>
[[nodiscard]] constexpr std::size_t group_of(std::size_t line, std::size_t field) noexcept {
  return Width == 4 ? line + 4 * field : 8 / Width * line + field;
}
template <unsigned Width>
inline void write_plane(std::byte* line, unsigned from_bit, const std::array<std::uint32_t, 8>& codes) noexcept {
  constexpr std::uint32_t mask = ((1U << Width) - 1U) * bytes_of_1;
  for (std::size_t i = 0; i < Width; ++i) {
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 8 / Width; ++j) word |= ((codes[group_of<Width>(i, j)] >> from_bit) & mask) << (Width * j);
    std::memcpy(line + i * line_bytes, &word, sizeof(word));
  }
}
template <unsigned Width>
inline void read_plane(const std::byte* line, unsigned to_bit, std::array<std::uint32_t, 8>& codes) noexcept {
  constexpr std::uint32_t mask = ((1U << Width) - 1U) * bytes_of_1;
  for (std::size_t i = 0; i < Width; ++i) {
    const auto word = load_word<std::uint32_t>(line + i * line_bytes);
    for (std::size_t j = 0; j < 8 / Width; ++j) codes[group_of<Width>(i, j)] |= ((word >> (Width * j)) & mask) << to_bit;
  }
}

// Calls f with a plane's width as a constant.
template <class F>
inline void with_width(unsigned width, F f) noexcept {
  switch (width) {
    case 8: return f(std::integral_constant<unsigned, 8>{});
    case 4: return f(std::integral_constant<unsigned, 4>{});
    case 2: return f(std::integral_constant<unsigned, 2>{});
    case 1: return f(std::integral_constant<unsigned, 1>{});
    default: return;
  }
}

}  // namespace detail

LINGUALINKED_STRICT_FLOAT_BEGIN

LINGUALINKED_DECL row_block read_file_block(dtype type, const std::byte* row, std::size_t block) noexcept {
  const std::size_t bytes = facts_of(type).block_bytes;
  return format_of(type).superblock ? detail::read_superblock(type, row + block / 8 * bytes, block % 8)
                                    : detail::read_legacy_block(type, row + block * bytes);
}

LINGUALINKED_DECL row_block read_panel_block(dtype type, const std::byte* panel, std::size_t row, std::size_t block) noexcept {
  const quant_format f = format_of(type);
  const block_place at = place_of(f, block);
  row_block out;
  out.d = detail::load_word<std::uint16_t>(panel + at.d + 2 * row);
  if (f.minimum) out.m = detail::load_word<std::uint16_t>(panel + at.m + 2 * row);
  for (std::size_t i = 0; i < f.scale_bytes; ++i) out.scales[i] = std::to_integer<std::uint8_t>(panel[at.scales + 16 * i + row]);
  const std::byte* line = panel + at.lines + 4 * row;
  detail::with_width(f.low_bits, [&](auto width) { detail::read_plane<decltype(width)::value>(line, 0, out.codes); });
  line += f.low_bits * line_bytes;
  detail::with_width(f.high_bits, [&](auto width) { detail::read_plane<decltype(width)::value>(line, f.low_bits, out.codes); });
  return out;
}

LINGUALINKED_DECL void write_panel_block(dtype type, std::byte* panel, std::size_t row, std::size_t block,
                                         const row_block& from) noexcept {
  const quant_format f = format_of(type);
  const block_place at = place_of(f, block);
  std::memcpy(panel + at.d + 2 * row, &from.d, 2);
  if (f.minimum) std::memcpy(panel + at.m + 2 * row, &from.m, 2);
  for (std::size_t i = 0; i < f.scale_bytes; ++i) panel[at.scales + 16 * i + row] = static_cast<std::byte>(from.scales[i]);
  std::byte* line = panel + at.lines + 4 * row;
  detail::with_width(f.low_bits, [&](auto width) { detail::write_plane<decltype(width)::value>(line, 0, from.codes); });
  line += f.low_bits * line_bytes;
  detail::with_width(f.high_bits, [&](auto width) { detail::write_plane<decltype(width)::value>(line, f.low_bits, from.codes); });
}

LINGUALINKED_DECL block_values values_of(dtype type, const row_block& from) noexcept {
  const quant_format f = format_of(type);
  block_values out;
  for (std::size_t e = 0; e < 32; ++e) {
    const auto code = static_cast<std::uint8_t>(from.codes[e / 4] >> (8 * (e % 4)));
    if (has_codebook(type)) {
      out.weight[e] = iq4_values[code];
    } else {
      out.weight[e] = f.low_bits == 8 ? detail::signed_byte(code) : code - f.zero;
    }
  }
  out.d = float_from_f16(from.d);
  if (f.minimum) out.m = float_from_f16(from.m);
  if (type == dtype::q2_k) {
    for (std::size_t i = 0; i < 2; ++i) {
      out.scale[i] = from.scales[i] & 15;
      out.minimum[i] = from.scales[i] >> 4;
    }
    out.m = -out.m;
  } else if (f.halves) {
    for (std::size_t i = 0; i < 2; ++i) out.scale[i] = detail::signed_byte(from.scales[i]);
  } else if (f.superblock) {
    out.d *= static_cast<float>(detail::signed_byte(from.scales[0]));
    if (f.minimum) out.m = -(out.m * static_cast<float>(from.scales[1]));
  }
  return out;
}

LINGUALINKED_DECL void decode_block(dtype type, const row_block& from, float* out) noexcept {
  const block_values v = values_of(type, from);
  const bool minimum = format_of(type).minimum;
  for (std::size_t e = 0; e < 32; ++e) {
    const std::size_t half = e / 16;
    const float scaled = (v.d * static_cast<float>(v.scale[half])) * static_cast<float>(v.weight[e]);
    out[e] = minimum ? scaled + v.m * static_cast<float>(v.minimum[half]) : scaled;
  }
}

LINGUALINKED_STRICT_FLOAT_END

}  // namespace lingualinked::inline v0::kernels

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/core/half.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/kernels/encode.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

namespace lingualinked::inline v0::kernels {

LINGUALINKED_STRICT_FLOAT_BEGIN

namespace detail {

inline constexpr std::size_t encoded_block = 32;

/// The numbers of one block as unsigned integers, with scale and minimum.
struct encoded_numbers {
  float d = 0;
  float m = 0;
  std::uint8_t q[encoded_block] = {};
};

/// 1/d; 0 for a scale so small that it is 0 in float16 and has no inverse.
[[nodiscard]] inline float inverse_or_zero(float d) noexcept {
  const float inverse = 1.0F / d;
  return d == 0 || !std::isfinite(inverse) ? 0.0F : inverse;
}

/// Whole part of v, at most `largest`. v is not negative but for rounding.
[[nodiscard]] inline std::uint8_t level(float v, int largest) noexcept {
  return static_cast<std::uint8_t>(std::clamp(static_cast<int>(v), 0, largest));
}

[[nodiscard]] inline encoded_numbers encode_q8(const float* x) noexcept {
  encoded_numbers e;
  float most = 0;
  for (std::size_t i = 0; i < encoded_block; ++i) most = std::max(most, std::fabs(x[i]));
  e.d = most / 127.0F;
  const float inverse = inverse_or_zero(e.d);
  for (std::size_t i = 0; i < encoded_block; ++i)
    e.q[i] = static_cast<std::uint8_t>(static_cast<std::int8_t>(std::round(x[i] * inverse)));
  return e;
}

/// The element of the largest magnitude, the first of several, lies exactly on the lowest level.
[[nodiscard]] inline encoded_numbers encode_centred(const float* x, int half) noexcept {
  encoded_numbers e;
  const float* most = std::max_element(x, x + encoded_block, [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  e.d = *most / static_cast<float>(-half);
  const float inverse = inverse_or_zero(e.d);
  for (std::size_t i = 0; i < encoded_block; ++i) {
    const double place = static_cast<double>(x[i]) * static_cast<double>(inverse) + (half + 0.5);
    e.q[i] = level(static_cast<float>(place), 2 * half - 1);
  }
  return e;
}

[[nodiscard]] inline encoded_numbers encode_from_minimum(const float* x, int largest) noexcept {
  encoded_numbers e;
  const auto [low, high] = std::minmax_element(x, x + encoded_block);
  e.m = *low;
  e.d = *high == *low ? 0.0F : (*high - *low) / static_cast<float>(largest);  // zeros of both signs have no range
  const float inverse = inverse_or_zero(e.d);
  for (std::size_t i = 0; i < encoded_block; ++i) {
    const float scaled = (x[i] - e.m) * inverse;
    e.q[i] = level(scaled + 0.5F, largest);
  }
  return e;
}

inline void store_f16(std::byte* where, float value) noexcept { store_little_endian(where, f16_from_float(value)); }

/// Low nibbles of the first half stand beside those of the second in high position.
inline void store_nibbles(std::byte* where, const encoded_numbers& e) noexcept {
  for (std::size_t i = 0; i < encoded_block / 2; ++i)
    where[i] = static_cast<std::byte>((e.q[i] & 15U) | ((e.q[i + encoded_block / 2] & 15U) << 4U));
}
inline void store_fifth_bits(std::byte* where, const encoded_numbers& e) noexcept {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < encoded_block; ++i) bits |= static_cast<std::uint32_t>((e.q[i] >> 4U) & 1U) << i;
  store_little_endian(where, bits);
}

inline void encode_one_block(dtype type, const float* x, std::byte* out, encoded_numbers& e) noexcept {
  const bool five = type == dtype::q5_0 || type == dtype::q5_1;
  const bool minimum = type == dtype::q4_1 || type == dtype::q5_1;
  if (type == dtype::q8_0) e = encode_q8(x);
  else e = minimum ? encode_from_minimum(x, five ? 31 : 15) : encode_centred(x, five ? 16 : 8);
  store_f16(out, e.d);
  out += 2;
  if (type == dtype::q8_0) {
    std::transform(e.q, e.q + encoded_block, out, [](std::uint8_t q) { return static_cast<std::byte>(q); });
    return;
  }
  if (minimum) {
    store_f16(out, e.m);
    out += 2;
  }
  if (five) {
    store_fifth_bits(out, e);
    out += 4;
  }
  store_nibbles(out, e);
}

}  // namespace detail

LINGUALINKED_DECL result<void> encode(dtype type, std::span<const float> source, std::span<std::byte> out) {
  if (!can_encode(type))
    return error{errc::unsupported,
                 "numbers cannot be rounded to " + std::string(name_of(type)) + "; there are q8_0, q4_0, q4_1, q5_0 and q5_1"};
  constexpr float largest_f16 = 65504.0F;
  const std::size_t block_bytes = facts_of(type).block_bytes;
  for (std::size_t at = 0; at + detail::encoded_block <= source.size(); at += detail::encoded_block) {
    detail::encoded_numbers e;
    const float* x = source.data() + at;
    const bool finite = std::all_of(x, x + detail::encoded_block, [](float v) { return std::isfinite(v); });
    if (finite) detail::encode_one_block(type, x, out.data() + at / detail::encoded_block * block_bytes, e);
    if (!finite || std::fabs(e.d) > largest_f16 || std::fabs(e.m) > largest_f16)
      return error{errc::numeric, "numbers " + std::to_string(at) + " to " + std::to_string(at + detail::encoded_block - 1) +
                                      " are not finite or too large for " + std::string(name_of(type))};
  }
  return {};
}

LINGUALINKED_STRICT_FLOAT_END

}  // namespace lingualinked::inline v0::kernels

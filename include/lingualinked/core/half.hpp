// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <bit>
#include <cstdint>

namespace lingualinked::inline v0 {

/// IEEE binary16 bits -> float, exact (subnormals, infinities and NaN payloads included).
[[nodiscard]] constexpr float float_from_f16(std::uint16_t h) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(h & 0x8000U) << 16;
  const std::uint32_t exponent = (h >> 10) & 0x1FU;
  const std::uint32_t fraction = h & 0x3FFU;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000U | (fraction << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112U) << 23) | (fraction << 13));
  const float magnitude = static_cast<float>(fraction) * 0x1p-24F;  // subnormal: a multiple of 2^-24, exact in float
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
}

/// float -> IEEE binary16 bits, round to nearest even; overflow gives infinity, NaN stays a quiet NaN.
[[nodiscard]] constexpr std::uint16_t f16_from_float(float value) noexcept {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U | ((magnitude >> 13) & 0x3FFU));
  if (magnitude >= 0x477FF000U) return static_cast<std::uint16_t>(sign | 0x7C00U);  // 65520 and above round to infinity
  const std::uint32_t exponent = magnitude >> 23;
  // Shift that leaves the target's last bit at position 0; below 2^-14 the target is subnormal and loses more bits.
  const std::uint32_t shift = exponent >= 113 ? 13U : 126U - exponent;
  if (shift > 24) return static_cast<std::uint16_t>(sign);
  const std::uint32_t significand = exponent >= 113 ? magnitude - (112U << 23) : (magnitude & 0x7FFFFFU) | 0x800000U;
  const std::uint32_t half = 1U << (shift - 1);
  const std::uint32_t odd = (significand >> shift) & 1U;
  return static_cast<std::uint16_t>(sign | ((significand + half - 1U + odd) >> shift));
}

/// bfloat16 bits -> float, exact.
[[nodiscard]] constexpr float float_from_bf16(std::uint16_t h) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(h) << 16);
}

}  // namespace lingualinked::inline v0

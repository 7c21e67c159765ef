// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/contract.hpp>
#include <lingualinked/core/elementary.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/kernels/reference/reference.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace lingualinked::inline v0::kernels::reference {

LINGUALINKED_STRICT_FLOAT_BEGIN

namespace detail {

[[nodiscard]] inline std::uint32_t magnitude_bits(float x) noexcept { return std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU; }

// Clamped first, so that every float has an integer (a NaN becomes 127, with a scale that is NaN); adding and subtracting 1.5 *
// 2^23 rounds to nearest even.
[[nodiscard]] inline std::int8_t round_to_int8(float x) noexcept {
  x = x < 127.0F ? x : 127.0F;
  x = x > -127.0F ? x : -127.0F;
  return static_cast<std::int8_t>((x + 0x1.8p+23F) - 0x1.8p+23F);
}

inline void quantise_block(const float* x, std::int8_t* q, float& d, std::int32_t& sum) noexcept {
  // Compared as bits, where a NaN is above infinity: a block that holds one has d = NaN, and nothing hides it.
  std::uint32_t largest = 0;
  for (std::size_t e = 0; e < activation_block; ++e) largest = std::max(largest, magnitude_bits(x[e]));
  const float a = std::bit_cast<float>(largest);
  const bool tiny = a < 0x1p-100F;
  d = tiny ? 0.0F : a / 127.0F;
  sum = 0;
  for (std::size_t e = 0; e < activation_block; ++e) {
    q[e] = tiny ? std::int8_t{0} : round_to_int8(x[e] * (127.0F / a));
    sum += q[e];
  }
}

// 16 partial sums reduced by a tree: i with i + 8, + 4, + 2, + 1.
[[nodiscard]] inline float tree_sum(float (&part)[16]) noexcept {
  for (std::size_t width = 8; width > 0; width /= 2)
    for (std::size_t i = 0; i < width; ++i) part[i] += part[i + width];
  return part[0];
}

[[nodiscard]] inline float activated(activation_kind kind, float x) noexcept {
  switch (kind) {
    case activation_kind::silu: return x * elementary::sigmoid(x);
    case activation_kind::gelu_tanh:
      return (x * 0.5F) * (1.0F + elementary::tanh(gelu_tanh_scale * std::fma((x * x) * gelu_tanh_cubic, x, x)));
    case activation_kind::gelu: return (x * 0.5F) * (1.0F + elementary::erf(x * sqrt_half));
    case activation_kind::relu: break;
  }
  return x < 0.0F ? 0.0F : x;
}

}  // namespace detail

LINGUALINKED_DECL void quantise(const float* x, std::size_t x_stride, std::size_t rows, std::size_t columns,
                                const quantised_rows& out) {
  LINGUALINKED_EXPECTS(columns % activation_block == 0);
  const std::size_t blocks = columns / activation_block;
  for (std::size_t t = 0; t < rows; ++t)
    for (std::size_t b = 0; b < blocks; ++b)
      detail::quantise_block(x + t * x_stride + b * activation_block, out.q + t * columns + b * activation_block,
                             out.d[t * blocks + b], out.sum[t * blocks + b]);
}

LINGUALINKED_DECL void rms_norm(const float* x, const float* w, float eps, std::size_t n, float* out) {
  float part[16] = {};
  for (std::size_t j = 0; j < n; ++j) part[j % 16] = std::fma(x[j], x[j], part[j % 16]);
  const float r = 1.0F / std::sqrt(detail::tree_sum(part) / static_cast<float>(n) + eps);
  for (std::size_t j = 0; j < n; ++j) out[j] = (x[j] * r) * w[j];
}

LINGUALINKED_DECL void layer_norm(const float* x, const float* w, const float* b, float eps, std::size_t n, float* out) {
  float sums[16] = {};
  for (std::size_t j = 0; j < n; ++j) sums[j % 16] += x[j];
  const float m = detail::tree_sum(sums) / static_cast<float>(n);
  float squares[16] = {};
  for (std::size_t j = 0; j < n; ++j) squares[j % 16] = std::fma(x[j] - m, x[j] - m, squares[j % 16]);
  const float r = 1.0F / std::sqrt(detail::tree_sum(squares) / static_cast<float>(n) + eps);
  for (std::size_t j = 0; j < n; ++j) {
    const float y = (x[j] - m) * r;
    out[j] = b != nullptr ? std::fma(y, w[j], b[j]) : y * w[j];
  }
}

LINGUALINKED_DECL void rope(float* x, std::size_t heads, std::size_t head_size, std::size_t half, const float* cosines,
                            const float* sines) {
  LINGUALINKED_EXPECTS(2 * half <= head_size);
  for (std::size_t h = 0; h < heads; ++h) {
    float* low = x + h * head_size;
    float* high = low + half;
    for (std::size_t i = 0; i < half; ++i) {
      const float a = low[i];
      const float b = high[i];
      low[i] = std::fma(a, cosines[i], -(b * sines[i]));
      high[i] = std::fma(b, cosines[i], a * sines[i]);
    }
  }
}

LINGUALINKED_DECL void silu_multiply(const float* gate, const float* up, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = (gate[i] * elementary::sigmoid(gate[i])) * up[i];
}

LINGUALINKED_DECL void activate(activation_kind kind, const float* x, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = detail::activated(kind, x[i]);
}

LINGUALINKED_DECL void soft_cap(const float* x, float cap, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = cap * elementary::tanh(x[i] / cap);
}

LINGUALINKED_DECL void add_scaled(const float* x, float w, std::size_t n, float* y) {
  for (std::size_t i = 0; i < n; ++i) y[i] = std::fma(w, x[i], y[i]);
}

LINGUALINKED_DECL void exponentials(double* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] = elementary::exp(x[i]);
}

LINGUALINKED_DECL std::size_t argmax(const float* x, std::size_t n) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (detail::magnitude_bits(x[i]) >= 0x7F800000U) return n;
    if (x[i] > x[best]) best = i;
  }
  return best;
}

LINGUALINKED_STRICT_FLOAT_END

}  // namespace lingualinked::inline v0::kernels::reference

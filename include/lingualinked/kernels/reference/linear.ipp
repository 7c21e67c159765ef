// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/contract.hpp>
#include <lingualinked/core/half.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/kernels/blocks.hpp>
#include <lingualinked/kernels/reference/reference.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace lingualinked::inline v0::kernels::reference {

LINGUALINKED_STRICT_FLOAT_BEGIN

namespace detail {

[[nodiscard]] inline float weight_at(const panel_view& w, std::size_t n, std::size_t k) noexcept {
  const std::byte* at =
      w.data + n / panel_rows * w.panel_bytes + (k * panel_rows + n % panel_rows) * facts_of(w.type).block_bytes;
  std::uint32_t bits = 0;
  std::memcpy(&bits, at, facts_of(w.type).block_bytes);
  if (w.type == dtype::f32) return std::bit_cast<float>(bits);
  return w.type == dtype::f16 ? float_from_f16(static_cast<std::uint16_t>(bits))
                              : float_from_bf16(static_cast<std::uint16_t>(bits));
}

// One fma chain over k, from +0.
[[nodiscard]] inline float dot_float(const panel_view& w, std::size_t n, const float* x) noexcept {
  float acc = 0;
  for (std::size_t k = 0; k < w.columns; ++k) acc = std::fma(weight_at(w, n, k), x[k], acc);
  return acc;
}

// Blocks of 32 in ascending order: exact integer dot product I, then acc = fma(I, dw * da, acc); types with a minimum keep a
// second chain accM = fma(m, da * J, accM), J the exact sum of the rounded activations, each half times its own factor if it
// has one.
[[nodiscard]] inline float dot_rounded(const panel_view& w, std::size_t n, const quantised_rows& a, std::size_t t) noexcept {
  const std::byte* panel = w.data + n / panel_rows * w.panel_bytes;
  const std::size_t blocks = w.columns / activation_block;
  float acc = 0;
  float acc_minimum = 0;
  for (std::size_t b = 0; b < blocks; ++b) {
    const block_values v = values_of(w.type, read_panel_block(w.type, panel, n % panel_rows, b));
    const std::int8_t* q = a.q + t * w.columns + b * activation_block;
    std::int32_t dot = 0;
    std::int32_t sum = 0;
    for (std::size_t e = 0; e < activation_block; ++e) {
      dot += v.scale[e / 16] * v.weight[e] * q[e];
      sum += v.minimum[e / 16] * q[e];
    }
    const float da = a.d[t * blocks + b];
    acc = std::fma(static_cast<float>(dot), v.d * da, acc);
    acc_minimum = std::fma(v.m, da * static_cast<float>(sum), acc_minimum);
  }
  return format_of(w.type).minimum ? acc + acc_minimum : acc;
}

}  // namespace detail

LINGUALINKED_DECL void linear(const linear_call& call) {
  const panel_view& w = call.weights;
  LINGUALINKED_EXPECTS(call.panel_begin <= call.panel_end && call.panel_end <= w.panels());
  const std::size_t end = std::min(w.rows, call.panel_end * panel_rows);
  for (std::size_t t = 0; t < call.input.rows; ++t) {
    for (std::size_t n = call.panel_begin * panel_rows; n < end; ++n) {
      float y = is_quantised(w.type) ? detail::dot_rounded(w, n, call.input.rounded, t)
                                     : detail::dot_float(w, n, call.input.x + t * call.input.x_stride);
      if (call.bias != nullptr) y += call.bias[n];
      if (call.residual != nullptr) y += call.residual[t * call.residual_stride + n];
      call.out[t * call.out_stride + n] = y;
    }
  }
}

LINGUALINKED_STRICT_FLOAT_END

}  // namespace lingualinked::inline v0::kernels::reference

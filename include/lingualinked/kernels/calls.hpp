// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/kernels/panels.hpp>

#include <cstddef>
#include <cstdint>

/// What kernels are given. Pointers and sizes only: nothing with a vector type crosses this line.
/// Letters: T rows (tokens), K inputs, N outputs, H query heads of one kv head, d head size.
namespace lingualinked::inline v0::kernels {

/// Rows rounded to 8 bits for quantised weights, in blocks of 32 along k.
///   a = max|x|; a < 2^-100: d = 0, q = 0; else d = a/127, q = clamp(rne(x * (127/a)), -127, 127); sum = sum of q
/// q    [T, K] int8    d [T, K/32] float32    sum [T, K/32] int32
struct quantised_rows {
  std::int8_t* q = nullptr;
  float* d = nullptr;
  std::int32_t* sum = nullptr;
};

/// What a linear layer reads: float rows for F32, F16, BF16 weights, rounded rows for quantised ones. The other may be null.
struct activation_rows {
  const float* x = nullptr;  // [T, K], distance x_stride
  std::size_t x_stride = 0;
  quantised_rows rounded;
  std::size_t rows = 0;  // T
};

/// out[t][n] = sum over k of w[n][k] * x[t][k]  (+ bias[n])  (+ residual[t][n]), for the rows n of panels [begin, end).
/// The order of operations is the bit contract's. bias and residual may be null; residual may be out itself.
struct linear_call {
  panel_view weights;
  std::size_t panel_begin = 0;
  std::size_t panel_end = 0;
  activation_rows input;
  float* out = nullptr;  // [T, N], distance out_stride
  std::size_t out_stride = 0;
  const float* bias = nullptr;  // [N]
  const float* residual = nullptr;
  std::size_t residual_stride = 0;
};

/// How the KV cache of one layer and one kv head lies in memory, for a capacity that is a multiple of 64 positions.
/// Keys [capacity/16][d][16] (lanes are positions), values [capacity][d]; float32, or float16 rounded to nearest even.
struct kv_head_view {
  dtype type = dtype::f16;  // f32 or f16
  std::byte* keys = nullptr;
  std::byte* values = nullptr;
  std::size_t head_size = 0;  // d
};

/// Positions of one attention tile.
inline constexpr std::size_t attention_tile = 64;

/// One tile of keys against query rows that share a kv head: score = (fma chain over d of q*k) * scale, its own maximum m, l =
/// sum of exp(score - m) and o = sum of exp(score - m) * v, both as chains over the keys in ascending order. Masked keys are
/// skipped.
struct attention_tile_call {
  kv_head_view cache;
  std::size_t tile = 0;            // keys at positions [64*tile, 64*tile + 64)
  const float* queries = nullptr;  // [rows, d], distance query_stride
  std::size_t query_stride = 0;
  std::size_t rows = 0;
  const std::uint32_t* first_key = nullptr;  // [rows] first visible position, absolute
  const std::uint32_t* end_key = nullptr;    // [rows] one past the last visible position, absolute
  float scale = 1;
  float soft_cap = 0;            // 0: none; else score = cap * tanh(score / cap)
  const float* alibi = nullptr;  // [rows] slopes (one for each query row), or null; score += slope * key position
  float* m = nullptr;            // [rows]; -infinity where no key of the tile is visible, and l is 0
  float* l = nullptr;            // [rows]
  float* o = nullptr;            // [rows, d]
};

/// Merges tiles left to right (m' = max; l and o rescaled by exp of the differences, with fma), then divides once.
/// Tile i's results of row r stand at m[i*tile_stride + r], l[...], o[(i*tile_stride + r)*d]. Tiles with m = -infinity
/// and l = 0 are skipped.
struct attention_merge_call {
  const float* m = nullptr;
  const float* l = nullptr;
  const float* o = nullptr;
  std::size_t tiles = 0;
  std::size_t tile_stride = 0;  // rows between tiles
  std::size_t rows = 0;
  std::size_t head_size = 0;
  float* out = nullptr;  // [rows, d], distance out_stride
  std::size_t out_stride = 0;
};

/// What the activations multiply with.
inline constexpr float gelu_tanh_scale = 0x1.988454p-1F;  // sqrt(2 / pi)
inline constexpr float gelu_tanh_cubic = 0.044715F;
inline constexpr float sqrt_half = 0x1.6a09e6p-1F;

}  // namespace lingualinked::inline v0::kernels

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/contract.hpp>
#include <lingualinked/core/elementary.hpp>
#include <lingualinked/core/half.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/kernels/reference/reference.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace lingualinked::inline v0::kernels::reference {

LINGUALINKED_STRICT_FLOAT_BEGIN

namespace detail {

[[nodiscard]] inline float load_kv(dtype type, const std::byte* base, std::size_t index) noexcept {
  if (type == dtype::f32) {
    float value = 0;
    std::memcpy(&value, base + 4 * index, 4);
    return value;
  }
  std::uint16_t bits = 0;
  std::memcpy(&bits, base + 2 * index, 2);
  return float_from_f16(bits);
}

inline void save_kv(dtype type, std::byte* base, std::size_t index, float value) noexcept {
  if (type == dtype::f32) {
    std::memcpy(base + 4 * index, &value, 4);
    return;
  }
  const std::uint16_t bits = f16_from_float(value);
  std::memcpy(base + 2 * index, &bits, 2);
}

// Keys stand as [position / 16][d][16].
[[nodiscard]] constexpr std::size_t key_index(std::size_t position, std::size_t d, std::size_t head_size) noexcept {
  return (position / 16 * head_size + d) * 16 + position % 16;
}

[[nodiscard]] inline float score_of(const attention_tile_call& call, std::size_t row, std::size_t position) noexcept {
  const float* q = call.queries + row * call.query_stride;
  float s = 0;
  for (std::size_t d = 0; d < call.cache.head_size; ++d)
    s = std::fma(q[d], load_kv(call.cache.type, call.cache.keys, key_index(position, d, call.cache.head_size)), s);
  s *= call.scale;
  if (call.soft_cap != 0) s = call.soft_cap * elementary::tanh(s / call.soft_cap);
  if (call.alibi != nullptr) s = std::fma(call.alibi[row], static_cast<float>(position), s);
  return s;
}

// The largest of 64 scores: 16 partial maxima over positions with the same remainder, then a tree; max is a > b ? a : b.
[[nodiscard]] inline float largest_of(const float* scores, std::size_t begin, std::size_t end) noexcept {
  float part[16];
  std::fill(part, part + 16, -std::numeric_limits<float>::infinity());
  for (std::size_t i = begin; i < end; ++i) part[i % 16] = scores[i] > part[i % 16] ? scores[i] : part[i % 16];
  for (std::size_t width = 8; width > 0; width /= 2)
    for (std::size_t i = 0; i < width; ++i) part[i] = part[i] > part[i + width] ? part[i] : part[i + width];
  return part[0];
}

}  // namespace detail

LINGUALINKED_DECL void store_kv(const kv_head_view& cache, std::size_t position, const float* key, const float* value) {
  for (std::size_t d = 0; d < cache.head_size; ++d) {
    detail::save_kv(cache.type, cache.keys, detail::key_index(position, d, cache.head_size), key[d]);
    detail::save_kv(cache.type, cache.values, position * cache.head_size + d, value[d]);
  }
}

LINGUALINKED_DECL void attention_tile(const attention_tile_call& call) {
  const std::size_t start = call.tile * kernels::attention_tile;
  const std::size_t size = call.cache.head_size;
  for (std::size_t r = 0; r < call.rows; ++r) {
    const std::size_t begin = std::max<std::size_t>(call.first_key[r], start) - start;
    const std::size_t end = std::min<std::size_t>(std::max<std::size_t>(call.end_key[r], start) - start, kernels::attention_tile);
    float scores[kernels::attention_tile];
    for (std::size_t i = begin; i < end; ++i) scores[i] = detail::score_of(call, r, start + i);
    const float m = detail::largest_of(scores, begin, end);
    float l = 0;
    float* o = call.o + r * size;
    std::fill(o, o + size, 0.0F);
    for (std::size_t i = begin; i < end; ++i) {
      const float p = elementary::exp(scores[i] - m);
      l += p;
      for (std::size_t d = 0; d < size; ++d)
        o[d] = std::fma(p, detail::load_kv(call.cache.type, call.cache.values, (start + i) * size + d), o[d]);
    }
    call.m[r] = m;
    call.l[r] = l;
  }
}

LINGUALINKED_DECL void attention_merge(const attention_merge_call& call) {
  for (std::size_t r = 0; r < call.rows; ++r) {
    float* out = call.out + r * call.out_stride;
    float m = -std::numeric_limits<float>::infinity();
    float l = 0;
    std::fill(out, out + call.head_size, 0.0F);
    for (std::size_t i = 0; i < call.tiles; ++i) {
      const std::size_t at = i * call.tile_stride + r;
      if (call.m[at] == -std::numeric_limits<float>::infinity() && call.l[at] == 0) continue;
      const float largest = call.m[at] > m ? call.m[at] : m;
      const float kept = elementary::exp(m - largest);
      const float added = elementary::exp(call.m[at] - largest);
      l = std::fma(call.l[at], added, l * kept);
      for (std::size_t d = 0; d < call.head_size; ++d) out[d] = std::fma(call.o[at * call.head_size + d], added, out[d] * kept);
      m = largest;
    }
    for (std::size_t d = 0; d < call.head_size; ++d) out[d] /= l;
  }
}

LINGUALINKED_STRICT_FLOAT_END

}  // namespace lingualinked::inline v0::kernels::reference

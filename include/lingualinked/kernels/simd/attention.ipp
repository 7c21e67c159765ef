// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attention over one tile of 64 keys, and the merging of tiles. Included inside a target region, after rows.ipp.

namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA {

template <dtype Type>
LINGUALINKED_ALWAYS_INLINE ops::vf load_cached(const std::byte* base, std::size_t index) {
  if constexpr (Type == dtype::f32) {
    return ops::load(reinterpret_cast<const float*>(base) + index);
  } else {
    return ops::load_f16(base + 2 * index);
  }
}

inline float load_one(dtype type, const std::byte* base, std::size_t index) {
  float value = 0;
  if (type == dtype::f32) {
    std::memcpy(&value, base + 4 * index, sizeof(value));
    return value;
  }
  std::uint16_t bits = 0;
  std::memcpy(&bits, base + 2 * index, sizeof(bits));
  return float_from_f16(bits);
}

inline void store_kv(const kv_head_view& cache, std::size_t position, const float* key, const float* value) {
  const std::size_t size = cache.head_size;
  const std::size_t first = position / 16 * size * 16 + position % 16;
  if (cache.type == dtype::f32) {
    std::memcpy(cache.values + position * size * 4, value, size * 4);
    for (std::size_t d = 0; d < size; ++d) std::memcpy(cache.keys + (first + 16 * d) * 4, key + d, 4);
    return;
  }
  std::size_t d = 0;
  for (; d + ops::lanes <= size; d += ops::lanes) {
    ops::store_f16(cache.values + (position * size + d) * 2, ops::load(value + d));
    std::byte column[2 * ops::lanes];
    ops::store_f16(column, ops::load(key + d));
    for (std::size_t i = 0; i < ops::lanes; ++i) std::memcpy(cache.keys + (first + 16 * (d + i)) * 2, column + 2 * i, 2);
  }
  for (; d < size; ++d) {
    const std::uint16_t k = f16_from_float(key[d]);
    const std::uint16_t v = f16_from_float(value[d]);
    std::memcpy(cache.keys + (first + 16 * d) * 2, &k, 2);
    std::memcpy(cache.values + (position * size + d) * 2, &v, 2);
  }
}

// Keys and values of a long context come from memory in turns of 8 KiB, too short for a processor that guesses what is read next.
// With few rows, reading is what takes time: while keys are scored, the values of the tile are asked for, and while values are
// added, the keys of the next tile. With many rows the tile is in the cache anyway.
[[nodiscard]] inline bool reads_ahead(const attention_tile_call& call, std::size_t row) {
  constexpr std::size_t few_rows = 8;
  return row == 0 && call.rows <= few_rows;
}

/// Raw scores of R query rows against the 64 keys of a tile: lanes are keys, each a chain over d.
template <dtype Type, std::size_t R>
void score_rows(const attention_tile_call& call, std::size_t row, float* scores) {
  using vf = ops::vf;
  constexpr std::size_t V = ops::attention_vectors;
  const std::size_t size = call.cache.head_size;
  const float* q = call.queries + row * call.query_stride;
  constexpr std::size_t step_bytes = V * ops::lanes * (Type == dtype::f32 ? 4 : 2);  // of keys read, so of values asked for
  auto ahead = reinterpret_cast<std::uintptr_t>(call.cache.values) +
               call.tile * kernels::attention_tile * size * (Type == dtype::f32 ? 4 : 2);
  const bool ask = reads_ahead(call, row);
  for (std::size_t key = 0; key < kernels::attention_tile; key += V * ops::lanes) {
    vf acc[R][V];
    LINGUALINKED_UNROLL
    for (std::size_t r = 0; r < R; ++r) {
      LINGUALINKED_UNROLL
      for (std::size_t v = 0; v < V; ++v) acc[r][v] = ops::zero();
    }
    // Groups of 16 positions lie size * 16 elements apart.
    std::size_t start[V];
    for (std::size_t v = 0; v < V; ++v) {
      const std::size_t position = call.tile * kernels::attention_tile + key + v * ops::lanes;
      start[v] = position / 16 * size * 16 + position % 16;
    }
    for (std::size_t d = 0; d < size; ++d) {
      vf k[V];
      LINGUALINKED_UNROLL
      for (std::size_t v = 0; v < V; ++v) k[v] = load_cached<Type>(call.cache.keys, start[v] + 16 * d);
      if (ask) ask_for(ahead, step_bytes);
      ahead += step_bytes;
      LINGUALINKED_UNROLL
      for (std::size_t r = 0; r < R; ++r) {
        const vf a = ops::set1(q[r * call.query_stride + d]);
        LINGUALINKED_UNROLL
        for (std::size_t v = 0; v < V; ++v) acc[r][v] = ops::fma(a, k[v], acc[r][v]);
      }
    }
    LINGUALINKED_UNROLL
    for (std::size_t r = 0; r < R; ++r) {
      LINGUALINKED_UNROLL
      for (std::size_t v = 0; v < V; ++v) ops::store(scores + r * kernels::attention_tile + key + v * ops::lanes, acc[r][v]);
    }
  }
}

struct key_range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What a row's scores go through besides the scale: the cap, the slope, and -infinity where a key is not visible.
inline void adjust_scores(const attention_tile_call& call, std::size_t row, key_range visible, float* scores) {
  if (call.soft_cap != 0) soft_cap(scores, call.soft_cap, kernels::attention_tile, scores);
  if (call.alibi != nullptr)
    for (std::size_t i = visible.begin; i < visible.end; ++i)
      scores[i] = std::fma(call.alibi[row], static_cast<float>(call.tile * kernels::attention_tile + i), scores[i]);
  constexpr float nothing = -std::numeric_limits<float>::infinity();
  std::fill(scores, scores + visible.begin, nothing);
  std::fill(scores + visible.end, scores + kernels::attention_tile, nothing);
}

/// Turns raw scores of one row into exp(score - m) in place and returns m; what is not visible holds no meaning afterwards.
LINGUALINKED_ALWAYS_INLINE float weigh_row(const attention_tile_call& call, std::size_t row, key_range visible, float* scores) {
  using vf = ops::vf;
  constexpr std::size_t vectors = kernels::attention_tile / ops::lanes;
  constexpr std::size_t together = 16 / ops::lanes;
  vf s[vectors];
  LINGUALINKED_UNROLL
  for (std::size_t v = 0; v < vectors; ++v) s[v] = ops::mul(ops::load(scores + v * ops::lanes), ops::set1(call.scale));
  if (visible.begin != 0 || visible.end != kernels::attention_tile || call.soft_cap != 0 || call.alibi != nullptr) {
    for (std::size_t v = 0; v < vectors; ++v) ops::store(scores + v * ops::lanes, s[v]);
    adjust_scores(call, row, visible, scores);
    for (std::size_t v = 0; v < vectors; ++v) s[v] = ops::load(scores + v * ops::lanes);
  }
  vf partial[together];
  LINGUALINKED_UNROLL
  for (std::size_t v = 0; v < together; ++v) partial[v] = ops::set1(-std::numeric_limits<float>::infinity());
  LINGUALINKED_UNROLL
  for (std::size_t v = 0; v < vectors; ++v) partial[v % together] = ops::max(s[v], partial[v % together]);
  const float m = ops::tree_max(partial);
  LINGUALINKED_UNROLL
  for (std::size_t v = 0; v < vectors; ++v) ops::store(scores + v * ops::lanes, exp_of(ops::sub(s[v], ops::set1(m))));
  return m;
}

/// o and l of R rows, continued over a range of keys: chains over the keys in ascending order.
template <dtype Type, std::size_t R>
void add_values(const attention_tile_call& call, std::size_t row, key_range keys, const float* weights) {
  if (keys.begin >= keys.end) return;
  using vf = ops::vf;
  constexpr std::size_t V = ops::attention_vectors;
  const std::size_t size = call.cache.head_size;
  const std::size_t first = call.tile * kernels::attention_tile;
  constexpr std::size_t element_bytes = Type == dtype::f32 ? 4 : 2;
  const std::uintptr_t next_keys =
      reinterpret_cast<std::uintptr_t>(call.cache.keys) + (first + kernels::attention_tile) * size * element_bytes;
  const bool ask = reads_ahead(call, row) && keys.end == kernels::attention_tile;
  float sum[R];
  for (std::size_t r = 0; r < R; ++r) sum[r] = call.l[row + r];
  const auto add_vectors = [&](std::size_t d, auto count, auto with_sum) __attribute__((always_inline)) {
    constexpr std::size_t C = decltype(count)::value;
    vf acc[R][C];
    LINGUALINKED_UNROLL
    for (std::size_t r = 0; r < R; ++r) {
      LINGUALINKED_UNROLL
      for (std::size_t v = 0; v < C; ++v) acc[r][v] = ops::load(call.o + (row + r) * size + d + v * ops::lanes);
    }
    for (std::size_t i = keys.begin; i < keys.end; ++i) {
      vf value[C];
      LINGUALINKED_UNROLL
      for (std::size_t v = 0; v < C; ++v)
        value[v] = load_cached<Type>(call.cache.values, (first + i) * size + d + v * ops::lanes);
      if constexpr (decltype(with_sum)::value)
        if (ask) ask_for(next_keys + i * size * element_bytes, size * element_bytes);
      LINGUALINKED_UNROLL
      for (std::size_t r = 0; r < R; ++r) {
        const float p = weights[r * kernels::attention_tile + i];
        if constexpr (decltype(with_sum)::value) sum[r] += p;
        const vf all = ops::set1(p);
        LINGUALINKED_UNROLL
        for (std::size_t v = 0; v < C; ++v) acc[r][v] = ops::fma(all, value[v], acc[r][v]);
      }
    }
    LINGUALINKED_UNROLL
    for (std::size_t r = 0; r < R; ++r) {
      LINGUALINKED_UNROLL
      for (std::size_t v = 0; v < C; ++v) ops::store(call.o + (row + r) * size + d + v * ops::lanes, acc[r][v]);
    }
  };
  std::size_t d = 0;
  bool summed = false;
  for (; d + V * ops::lanes <= size; d += V * ops::lanes) {
    if (summed) {
      add_vectors(d, std::integral_constant<std::size_t, V>{}, std::false_type{});
    } else {
      add_vectors(d, std::integral_constant<std::size_t, V>{}, std::true_type{});
    }
    summed = true;
  }
  for (; d + ops::lanes <= size; d += ops::lanes) add_vectors(d, std::integral_constant<std::size_t, 1>{}, std::false_type{});
  if (d < size || !summed) {
    for (std::size_t r = 0; r < R; ++r) {
      for (std::size_t i = keys.begin; i < keys.end; ++i) {
        const float p = weights[r * kernels::attention_tile + i];
        if (!summed) sum[r] += p;
        for (std::size_t e = d; e < size; ++e) {
          float& o = call.o[(row + r) * size + e];
          o = std::fma(p, load_one(Type, call.cache.values, (first + i) * size + e), o);
        }
      }
    }
  }
  for (std::size_t r = 0; r < R; ++r) call.l[row + r] = sum[r];
}

template <dtype Type, std::size_t R>
void attend_rows(const attention_tile_call& call, std::size_t row) {
  alignas(64) float scores[R * kernels::attention_tile];
  score_rows<Type, R>(call, row, scores);
  const std::size_t start = call.tile * kernels::attention_tile;
  key_range visible[R];
  key_range common{0, kernels::attention_tile};
  for (std::size_t r = 0; r < R; ++r) {
    const std::size_t begin = std::max<std::size_t>(call.first_key[row + r], start) - start;
    const std::size_t end =
        std::min<std::size_t>(std::max<std::size_t>(call.end_key[row + r], start) - start, kernels::attention_tile);
    visible[r] = {std::min(begin, end), end};
    common = {std::max(common.begin, visible[r].begin), std::min(common.end, end)};
    call.m[row + r] = weigh_row(call, row + r, visible[r], scores + r * kernels::attention_tile);
    call.l[row + r] = 0;
  }
  std::fill_n(call.o + row * call.cache.head_size, R * call.cache.head_size, 0.0F);
  // All rows together where all of them see the keys; what only some see comes before and after, row by row.
  if (common.begin > common.end) common.end = common.begin;
  for (std::size_t r = 0; r < R; ++r)
    add_values<Type, 1>(call, row + r, {visible[r].begin, std::min(common.begin, visible[r].end)},
                        scores + r * kernels::attention_tile);
  add_values<Type, R>(call, row, common, scores);
  for (std::size_t r = 0; r < R; ++r)
    add_values<Type, 1>(call, row + r, {std::max(common.end, visible[r].begin), visible[r].end},
                        scores + r * kernels::attention_tile);
}

template <dtype Type>
void attend(const attention_tile_call& call) {
  std::size_t row = 0;
  for (; row + ops::attention_rows <= call.rows; row += ops::attention_rows) attend_rows<Type, ops::attention_rows>(call, row);
  const std::size_t rest = call.rows - row;
  if (rest == 1) attend_rows<Type, 1>(call, row);
  if constexpr (ops::attention_rows > 2) {
    if (rest == 2) attend_rows<Type, 2>(call, row);
    if (rest == 3) attend_rows<Type, 3>(call, row);
  }
}

inline void attention_tile(const attention_tile_call& call) {
  return call.cache.type == dtype::f32 ? attend<dtype::f32>(call) : attend<dtype::f16>(call);
}

inline void attention_merge(const attention_merge_call& call) {
  using vf = ops::vf;
  const std::size_t size = call.head_size;
  for (std::size_t r = 0; r < call.rows; ++r) {
    float* out = call.out + r * call.out_stride;
    float m = -std::numeric_limits<float>::infinity();
    float l = 0;
    std::fill_n(out, size, 0.0F);
    for (std::size_t i = 0; i < call.tiles; ++i) {
      const std::size_t at = i * call.tile_stride + r;
      if (call.m[at] == -std::numeric_limits<float>::infinity() && call.l[at] == 0) continue;
      const float largest = call.m[at] > m ? call.m[at] : m;
      const float kept = elementary::exp(m - largest);
      const float added = elementary::exp(call.m[at] - largest);
      l = std::fma(call.l[at], added, l * kept);
      const float* o = call.o + at * size;
      std::size_t d = 0;
      for (; d + ops::lanes <= size; d += ops::lanes) {
        const vf old = ops::mul(ops::load(out + d), ops::set1(kept));
        ops::store(out + d, ops::fma(ops::load(o + d), ops::set1(added), old));
      }
      for (; d < size; ++d) out[d] = std::fma(o[d], added, out[d] * kept);
      m = largest;
    }
    std::size_t d = 0;
    for (; d + ops::lanes <= size; d += ops::lanes) ops::store(out + d, ops::div(ops::load(out + d), ops::set1(l)));
    for (; d < size; ++d) out[d] /= l;
  }
}

/// This instruction set's entry in the dispatch.
inline constexpr table vector_table(std::string_view name) {
  return {
      .name = name,
      .quantise = quantise,
      .linear = linear,
      .rms_norm = rms_norm,
      .layer_norm = layer_norm,
      .rope = rope,
      .store_kv = store_kv,
      .attention_tile = attention_tile,
      .attention_merge = attention_merge,
      .silu_multiply = silu_multiply,
      .activate = activate,
      .soft_cap = soft_cap,
      .add_scaled = add_scaled,
      .exponentials = exponentials,
      .argmax = argmax,
  };
}

}  // namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA

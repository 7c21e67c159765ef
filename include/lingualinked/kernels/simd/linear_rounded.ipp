// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linear layers with quantised weights. Included inside a target region, after ops and dot.

namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA {

template <class F, std::size_t... I>
LINGUALINKED_ALWAYS_INLINE void for_each_index(std::index_sequence<I...>, F&& f) {
  (f(std::integral_constant<std::size_t, I>{}), ...);
}

/// Everything about a weight format that the compiler should know.
template <dtype Type>
struct traits {
  static constexpr quant_format format = format_of(Type);
  static constexpr bool signed_codes = format.low_bits == 8 || has_codebook(Type);
  using dots = dot<signed_codes ? 255U : (1U << (format.low_bits + format.high_bits)) - 1U>;
  // What is subtracted from each weight that the dot product sees.
  static constexpr std::int32_t zero = !signed_codes ? format.zero : dots::signed_weights ? 0 : 128;
  static constexpr packing pack{zero, format.minimum, format.halves};

  // Order in which groups are visited: those that share a line stand together, unless halves have to.
  static constexpr std::size_t group(std::size_t i) { return format.low_bits == 4 && !format.halves ? i / 2 + 4 * (i % 2) : i; }

  // Group G of a block whose lines begin at `lines`, as 4 weights in each lane.
  template <std::size_t G>
  static LINGUALINKED_ALWAYS_INLINE ops::vi codes(const std::byte* lines) {
    using vi = ops::vi;
    constexpr unsigned low = format.low_bits;
    if constexpr (low == 8) {
      const vi w = ops::int_load(lines + G * line_bytes);
      return dots::signed_weights ? w : ops::int_xor(w, ops::int_set1(static_cast<std::int32_t>(0x80808080U)));
    } else {
      constexpr std::size_t line = low == 4 ? G % 4 : G / 4;
      constexpr int shift = low == 4 ? 4 * (G / 4) : 2 * (G % 4);
      constexpr std::int32_t mask = low == 4 ? 0x0F0F0F0F : 0x03030303;
      const vi w = ops::int_and(ops::template shr<shift>(ops::int_load(lines + line * line_bytes)), ops::int_set1(mask));
      if constexpr (format.high_bits != 0) {
        return ops::int_or(w, high_bits<G>(lines + low * line_bytes));
      } else if constexpr (has_codebook(Type)) {
        return ops::look_up(dots::signed_weights ? iq4_values.data() : iq4_raised.data(), w);
      } else {
        return w;
      }
    }
  }

 private:
  static constexpr std::array<std::int8_t, 16> iq4_raised = [] {
    std::array<std::int8_t, 16> out{};
    for (std::size_t i = 0; i < 16; ++i) out[i] = static_cast<std::int8_t>(iq4_values[i] ^ -128);
    return out;
  }();

  // The bits above the low plane, moved from where the high plane holds them for group G to where the code wants them.
  template <std::size_t G>
  static LINGUALINKED_ALWAYS_INLINE ops::vi high_bits(const std::byte* lines) {
    constexpr int from = format.high_bits == 1 ? static_cast<int>(G) : 2 * (G % 4);
    constexpr int to = static_cast<int>(format.low_bits);
    constexpr std::int32_t mask = 0x01010101 * ((format.high_bits == 1 ? 1 : 3) << to);
    const ops::vi raw = ops::int_load(lines + (format.high_bits == 1 ? 0 : G / 4) * line_bytes);
    if constexpr (from < to) {
      return ops::int_and(ops::template shl<to - from>(raw), ops::int_set1(mask));
    } else {
      return ops::int_and(ops::template shr<from - to>(raw), ops::int_set1(mask));
    }
  }
};

// A processor that guesses what is read next stops at the end of a page, and has few blocks in flight. So weights are asked for:
// for few tokens so far ahead, for many while the panel before is used.
inline constexpr std::size_t read_ahead_bytes = 1024;
inline constexpr std::size_t few_tokens = 2;
inline constexpr std::size_t many_tokens = 16;

/// T tokens times P vectors of rows of one panel: all blocks, from first to last, then the sum of both chains.
template <dtype Type, std::size_t T, std::size_t P>
struct rounded_tile {
  using vf = ops::vf;
  using vi = ops::vi;
  using format = traits<Type>;
  using dots = typename format::dots;
  static constexpr quant_format layout = format::format;

  // Local to run(), so that they stay in registers.
  struct sums {
    vf acc[T][P];
    vf acc_minimum[layout.minimum ? T : 1][P];
  };

  // total += dot products of `Count` groups from the `First` one on.
  template <std::size_t First, std::size_t Count>
  static LINGUALINKED_ALWAYS_INLINE void add_groups(const std::byte* lines, const std::int32_t* words, vi (&total)[T][P]) {
    constexpr std::size_t step = std::min(Count, dots::groups_between_folds);
    for_each_index(
        std::make_index_sequence<Count / step>{}, [&](auto chunk) __attribute__((always_inline)) {
          vi part[T][P];
          LINGUALINKED_UNROLL
          for (std::size_t t = 0; t < T; ++t) {
            LINGUALINKED_UNROLL
            for (std::size_t p = 0; p < P; ++p) part[t][p] = dots::begin(total[t][p]);
          }
          for_each_index(
              std::make_index_sequence<step>{}, [&](auto i) __attribute__((always_inline)) {
                constexpr std::size_t g = format::group(First + decltype(chunk)::value * step + decltype(i)::value);
                typename dots::weights w[P];
                LINGUALINKED_UNROLL
                for (std::size_t p = 0; p < P; ++p) w[p] = dots::prepare(format::template codes<g>(lines + p * ops::lanes * 4));
                LINGUALINKED_UNROLL
                for (std::size_t t = 0; t < T; ++t) {
                  const vi a = ops::int_set1(words[g * T + t]);
                  LINGUALINKED_UNROLL
                  for (std::size_t p = 0; p < P; ++p) {
                    part[t][p] = dots::add(part[t][p], w[p], a);
                    if constexpr (step == 1) total[t][p] = dots::fold(total[t][p], part[t][p]);
                  }
                }
              });
          if constexpr (step == 1) return;
          LINGUALINKED_UNROLL
          for (std::size_t t = 0; t < T; ++t) {
            LINGUALINKED_UNROLL
            for (std::size_t p = 0; p < P; ++p) total[t][p] = dots::fold(total[t][p], part[t][p]);
          }
        });
  }

  template <std::size_t First, std::size_t Count>
  static LINGUALINKED_ALWAYS_INLINE void dot_groups(const std::byte* lines, const std::int32_t* words, std::size_t extra,
                                                    vi (&total)[T][P]) {
    LINGUALINKED_UNROLL
    for (std::size_t t = 0; t < T; ++t) {
      const vi start = format::zero == 0 ? ops::int_zero() : ops::int_set1(words[(9 + extra) * T + t]);
      LINGUALINKED_UNROLL
      for (std::size_t p = 0; p < P; ++p) total[t][p] = start;
    }
    add_groups<First, Count>(lines, words, total);
  }

  static LINGUALINKED_ALWAYS_INLINE float float_at(const std::int32_t* words, std::size_t i) {
    float value;
    std::memcpy(&value, words + i, sizeof(value));
    return value;
  }

  static LINGUALINKED_ALWAYS_INLINE void add_block(const std::byte* d_line, const std::byte* m_line, const std::byte* scales,
                                                   const std::byte* lines, const std::int32_t* words, sums& s) {
    vi total[T][P];
    vi minimum[layout.minimum && layout.halves ? T : 1][P];
    if constexpr (layout.halves) {
      dot_groups<0, 4>(lines, words, 0, total);
      vi second[T][P];
      dot_groups<4, 4>(lines, words, 1, second);
      LINGUALINKED_UNROLL
      for (std::size_t p = 0; p < P; ++p) {
        vi factor[2];
        vi least[2];
        LINGUALINKED_UNROLL
        for (std::size_t h = 0; h < 2; ++h) {
          const std::byte* at = scales + 16 * h + p * ops::lanes;
          if constexpr (layout.minimum) {
            const vi both = ops::load_u8(at);
            factor[h] = ops::int_and(both, ops::int_set1(15));
            least[h] = ops::template shr<4>(both);
          } else {
            factor[h] = ops::load_i8(at);
          }
        }
        LINGUALINKED_UNROLL
        for (std::size_t t = 0; t < T; ++t) {
          total[t][p] = ops::int_add(ops::int_mul(total[t][p], factor[0]), ops::int_mul(second[t][p], factor[1]));
          if constexpr (layout.minimum)
            minimum[t][p] = ops::int_add(ops::int_mul(least[0], ops::int_set1(words[9 * T + t])),
                                         ops::int_mul(least[1], ops::int_set1(words[10 * T + t])));
        }
      }
    } else {
      dot_groups<0, 8>(lines, words, 0, total);
    }
    LINGUALINKED_UNROLL
    for (std::size_t p = 0; p < P; ++p) {
      vf d = ops::load_f16(d_line + 2 * p * ops::lanes);
      vf m = ops::zero();
      if constexpr (layout.minimum) m = ops::load_f16(m_line + 2 * p * ops::lanes);
      if constexpr (layout.superblock && !layout.halves) {
        d = ops::mul(d, ops::to_float(ops::load_i8(scales + p * ops::lanes)));
        if constexpr (layout.minimum) m = ops::mul(m, ops::to_float(ops::load_u8(scales + 16 + p * ops::lanes)));
      }
      LINGUALINKED_UNROLL
      for (std::size_t t = 0; t < T; ++t) {
        const vf da = ops::set1(float_at(words, 8 * T + t));
        s.acc[t][p] = ops::fma(ops::to_float(total[t][p]), ops::mul(d, da), s.acc[t][p]);
        if constexpr (layout.minimum) {
          // In superblocks the minimum is subtracted.
          const vf sum = layout.halves ? ops::mul(da, ops::to_float(minimum[layout.halves ? t : 0][p]))
                                       : ops::set1(float_at(words, 9 * T + t));
          s.acc_minimum[t][p] =
              layout.superblock ? ops::fnma(m, sum, s.acc_minimum[t][p]) : ops::fma(m, sum, s.acc_minimum[t][p]);
        }
      }
    }
  }

  /// `panel` is the panel's first byte, `part` the first vector of it.
  static void run(const std::byte* panel, std::size_t part, std::size_t blocks, const std::int32_t* words, vf (&out)[T][P]) {
    sums s;
    LINGUALINKED_UNROLL
    for (std::size_t t = 0; t < T; ++t) {
      LINGUALINKED_UNROLL
      for (std::size_t p = 0; p < P; ++p) {
        s.acc[t][p] = ops::zero();
        if constexpr (layout.minimum) s.acc_minimum[t][p] = ops::zero();
      }
    }
    const std::size_t lane = part * ops::lanes;
    while (blocks > 0) {
      const std::size_t here = std::min(blocks, layout.blocks_per_head());
      for (std::size_t i = 0; i < here; ++i) {
        constexpr std::size_t next = layout.superblock ? 0 : 32;  // superblocks share one d
        const std::byte* lines = panel + layout.head_bytes() + i * layout.block_bytes() + 4 * lane;
        const std::byte* d_line = panel + next * i + 2 * lane;
        const std::byte* m_line = panel + (layout.superblock ? 32 : line_bytes) + next * i + 2 * lane;
        const std::byte* scales = panel + line_bytes + i * 16 * layout.scale_bytes + lane;
        if (T <= few_tokens && part == 0)
          ask_for(reinterpret_cast<std::uintptr_t>(lines) + read_ahead_bytes, layout.unit_bytes() / layout.blocks_per_head());
        add_block(d_line, m_line, scales, lines, words, s);
        words += format::pack.words() * T;
      }
      panel += layout.unit_bytes();
      blocks -= here;
    }
    LINGUALINKED_UNROLL
    for (std::size_t t = 0; t < T; ++t) {
      LINGUALINKED_UNROLL
      for (std::size_t p = 0; p < P; ++p)
        out[t][p] = layout.minimum ? ops::add(s.acc[t][p], s.acc_minimum[layout.minimum ? t : 0][p]) : s.acc[t][p];
    }
  }
};

/// Adds bias and residual and stores one vector of outputs; at the end of a matrix only the rows that exist.
LINGUALINKED_ALWAYS_INLINE void store_outputs(const linear_call& call, std::size_t token, std::size_t row, ops::vf y) {
  float* out = call.out + token * call.out_stride + row;
  const float* bias = call.bias == nullptr ? nullptr : call.bias + row;
  const float* residual = call.residual == nullptr ? nullptr : call.residual + token * call.residual_stride + row;
  if (row + ops::lanes <= call.weights.rows) {
    if (bias != nullptr) y = ops::add(y, ops::load(bias));
    if (residual != nullptr) y = ops::add(y, ops::load(residual));
    ops::store(out, y);
    return;
  }
  float all[ops::lanes];
  ops::store(all, y);
  for (std::size_t i = 0; row + i < call.weights.rows; ++i) {
    if (bias != nullptr) all[i] += bias[i];
    if (residual != nullptr) all[i] += residual[i];
    out[i] = all[i];
  }
}

template <dtype Type, std::size_t T>
void run_rounded_tile(const linear_call& call, std::size_t panel, std::size_t token, const std::int32_t* words) {
  constexpr std::size_t parts = panel_rows / ops::lanes;
  constexpr std::size_t P = T <= 2 ? ops::tile_parts : ops::full_tile_parts;
  // Outputs of one panel lie far apart. Asked for now, they are in the cache when the sums are done.
  if constexpr (T == ops::tile_tokens) {
    for (std::size_t t = 0; t < T; ++t) {
      __builtin_prefetch(call.out + (token + t) * call.out_stride + panel * panel_rows, 1);
      if (call.residual != nullptr) __builtin_prefetch(call.residual + (token + t) * call.residual_stride + panel * panel_rows);
    }
  }
  for (std::size_t part = 0; part < parts; part += P) {
    ops::vf y[T][P];
    rounded_tile<Type, T, P>::run(call.weights.data + panel * call.weights.panel_bytes, part,
                                  call.weights.columns / activation_block, words, y);
    for (std::size_t t = 0; t < T; ++t)
      for (std::size_t p = 0; p < P; ++p) store_outputs(call, token + t, panel * panel_rows + (part + p) * ops::lanes, y[t][p]);
  }
}

/// The largest tile that fits the tokens left: 1, 2, 4 or 8.
[[nodiscard]] inline std::size_t tile_of(std::size_t tokens_left) {
  std::size_t tile = ops::tile_tokens;
  while (tile > tokens_left) tile /= 2;
  return tile;
}

inline void pack_tile(const packing& how, const quantised_rows& a, std::size_t columns, std::size_t token, std::size_t tile,
                      std::int32_t* out) {
  const std::size_t blocks = columns / activation_block;
  for (std::size_t t = 0; t < tile; ++t) {
    const std::int8_t* q = a.q + (token + t) * columns;
    const float* d = a.d + (token + t) * blocks;
    const std::int32_t* sums = a.sum + (token + t) * blocks;
    std::int32_t* to = out + t;
    for (std::size_t b = 0; b < blocks; ++b) {
      std::int32_t groups[8];
      std::memcpy(groups, q, sizeof(groups));
      LINGUALINKED_UNROLL
      for (std::size_t g = 0; g < 8; ++g) to[g * tile] = groups[g];
      std::memcpy(to + 8 * tile, d + b, sizeof(float));
      if (!how.halves) {
        const float product = d[b] * static_cast<float>(sums[b]);
        const std::int32_t correction = -how.zero * sums[b];
        std::memcpy(to + 9 * tile, how.minimum ? static_cast<const void*>(&product) : &correction, sizeof(product));
      } else {
        std::int32_t first = 0;
        for (std::size_t e = 0; e < 16; ++e) first += q[e];
        const std::int32_t factor = how.minimum ? 1 : -how.zero;
        to[9 * tile] = factor * first;
        to[10 * tile] = factor * (sums[b] - first);
      }
      q += activation_block;
      to += how.words() * tile;
    }
  }
}

/// Tokens that are packed together, so that a panel is read from memory once for all of them.
inline constexpr std::size_t packed_tokens = 64;

template <dtype Type>
void linear_rounded(const linear_call& call) {
  constexpr packing how = traits<Type>::pack;
  const std::size_t columns = call.weights.columns;
  const std::size_t words_per_token = how.words() * (columns / activation_block);
  auto* words =
      reinterpret_cast<std::int32_t*>(scratch(std::min(call.input.rows, packed_tokens) * words_per_token * sizeof(std::int32_t)));
  for (std::size_t first = 0; first < call.input.rows; first += packed_tokens) {
    const std::size_t tokens = std::min(packed_tokens, call.input.rows - first);
    for (std::size_t t = 0; t < tokens; t += tile_of(tokens - t))
      pack_tile(how, call.input.rounded, columns, first + t, tile_of(tokens - t), words + t * words_per_token);
    for (std::size_t panel = call.panel_begin; panel < call.panel_end; ++panel) {
      const std::size_t bytes = call.weights.panel_bytes;
      const auto next = reinterpret_cast<std::uintptr_t>(call.weights.data + panel * bytes) + bytes;
      for (std::size_t t = 0; t < tokens; t += tile_of(tokens - t)) {
        if (tokens >= many_tokens) ask_for(next + bytes * t / tokens, bytes * tile_of(tokens - t) / tokens);
        const std::int32_t* tile_words = words + t * words_per_token;
        switch (tile_of(tokens - t)) {
          case 1: run_rounded_tile<Type, 1>(call, panel, first + t, tile_words); break;
          case 2: run_rounded_tile<Type, 2>(call, panel, first + t, tile_words); break;
          case 4: run_rounded_tile<Type, 4>(call, panel, first + t, tile_words); break;
          default: run_rounded_tile<Type, ops::tile_tokens>(call, panel, first + t, tile_words); break;
        }
      }
    }
  }
}

}  // namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA

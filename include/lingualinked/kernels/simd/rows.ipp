// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels on rows of floats. Included inside a target region, after ops. What is left over at the end of a row goes through the
// same operations one by one.

namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA {

/// elementary::exp in every lane.
LINGUALINKED_ALWAYS_INLINE ops::vf exp_of(ops::vf x) {
  using namespace elementary::detail;
  using vf = ops::vf;
  const vf shifted = ops::fma(x, ops::set1(log2_e), ops::set1(round_shift));
  const vf n = ops::sub(shifted, ops::set1(round_shift));
  const vf r = ops::fma(n, ops::set1(-ln2_low), ops::fma(n, ops::set1(-ln2_high), x));
  vf p = ops::fma(ops::set1(exp_coefficients[4]), r, ops::set1(exp_coefficients[3]));
  p = ops::fma(p, r, ops::set1(exp_coefficients[2]));
  p = ops::fma(p, r, ops::set1(exp_coefficients[1]));
  p = ops::fma(p, r, ops::set1(exp_coefficients[0]));
  p = ops::fma(p, r, ops::set1(1.0F));
  p = ops::fma(p, r, ops::set1(1.0F));
  vf y = ops::as_float(ops::int_add(ops::as_int(p), ops::template shl<23>(ops::as_int(shifted))));
  y = ops::if_less(x, ops::set1(exp_underflow), ops::zero(), y);
  y = ops::if_less(ops::set1(exp_overflow), x, ops::set1(std::numeric_limits<float>::infinity()), y);
  return ops::if_nan(x, x, y);
}

LINGUALINKED_ALWAYS_INLINE ops::vf sigmoid_of(ops::vf x) {
  const ops::vf negative = ops::as_float(ops::int_xor(ops::as_int(x), ops::int_set1(std::numeric_limits<std::int32_t>::min())));
  const ops::vf one = ops::set1(1.0F);
  const ops::vf y = ops::div(one, ops::add(one, exp_of(negative)));
  return ops::if_less(x, ops::set1(elementary::detail::exp_underflow), ops::zero(), y);
}

inline void silu_multiply(const float* gate, const float* up, std::size_t n, float* out) {
  std::size_t i = 0;
  for (; i + ops::lanes <= n; i += ops::lanes) {
    const ops::vf g = ops::load(gate + i);
    ops::store(out + i, ops::mul(ops::mul(g, sigmoid_of(g)), ops::load(up + i)));
  }
  reference::silu_multiply(gate + i, up + i, n - i, out + i);
}

inline void quantise_block(const float* x, std::int8_t* q, float& d, std::int32_t& sum) {
  using vf = ops::vf;
  using vi = ops::vi;
  constexpr std::size_t vectors = activation_block / ops::lanes;
  vf value[vectors];
  vi largest = ops::int_zero();
  LINGUALINKED_UNROLL
  for (std::size_t i = 0; i < vectors; ++i) {
    value[i] = ops::load(x + i * ops::lanes);
    largest = ops::unsigned_max(largest, ops::int_and(ops::as_int(value[i]), ops::int_set1(0x7FFFFFFF)));
  }
  const float a = std::bit_cast<float>(ops::largest(largest));
  sum = 0;
  if (a < 0x1p-100F) {
    d = 0;
    std::memset(q, 0, activation_block);
    return;
  }
  d = a / 127.0F;
  const vf factor = ops::set1(127.0F / a);
  vi sums = ops::int_zero();
  LINGUALINKED_UNROLL
  for (std::size_t i = 0; i < vectors; ++i) {
    const vf clamped = ops::max(ops::min(ops::mul(value[i], factor), ops::set1(127.0F)), ops::set1(-127.0F));
    const vi rounded = ops::round_to_int(clamped);
    sums = ops::int_add(sums, rounded);
    ops::store_int8(q + i * ops::lanes, rounded);
  }
  sum = ops::sum(sums);
}

inline void quantise(const float* x, std::size_t x_stride, std::size_t rows, std::size_t columns, const quantised_rows& out) {
  LINGUALINKED_EXPECTS(columns % activation_block == 0);
  const std::size_t blocks = columns / activation_block;
  for (std::size_t t = 0; t < rows; ++t)
    for (std::size_t b = 0; b < blocks; ++b)
      quantise_block(x + t * x_stride + b * activation_block, out.q + t * columns + b * activation_block, out.d[t * blocks + b],
                     out.sum[t * blocks + b]);
}

/// Sums over a row in 16 partial sums, then the tree. term(v, sum) adds a vector, one(v, sum) a single number.
template <class Term, class One>
LINGUALINKED_ALWAYS_INLINE float sum_in_sixteen(const float* x, std::size_t n, Term term, One one) {
  using vf = ops::vf;
  constexpr std::size_t vectors = 16 / ops::lanes;
  vf partial[vectors];
  for (std::size_t i = 0; i < vectors; ++i) partial[i] = ops::zero();
  std::size_t j = 0;
  for (; j + 16 <= n; j += 16) {
    LINGUALINKED_UNROLL
    for (std::size_t i = 0; i < vectors; ++i) partial[i] = term(ops::load(x + j + i * ops::lanes), partial[i]);
  }
  if (j < n) {
    float part[16];
    for (std::size_t i = 0; i < vectors; ++i) ops::store(part + i * ops::lanes, partial[i]);
    for (; j < n; ++j) part[j % 16] = one(x[j], part[j % 16]);
    for (std::size_t i = 0; i < vectors; ++i) partial[i] = ops::load(part + i * ops::lanes);
  }
  return ops::tree_sum(partial);
}

inline void rms_norm(const float* x, const float* w, float eps, std::size_t n, float* out) {
  using vf = ops::vf;
  const float square = sum_in_sixteen(
      x, n, [=](vf v, vf sum) { return ops::fma(v, v, sum); }, [=](float v, float sum) { return std::fma(v, v, sum); });
  const float r = 1.0F / std::sqrt(square / static_cast<float>(n) + eps);
  const vf scale = ops::set1(r);
  std::size_t j = 0;
  for (; j + ops::lanes <= n; j += ops::lanes) ops::store(out + j, ops::mul(ops::mul(ops::load(x + j), scale), ops::load(w + j)));
  for (; j < n; ++j) out[j] = (x[j] * r) * w[j];
}

inline void layer_norm(const float* x, const float* w, const float* b, float eps, std::size_t n, float* out) {
  using vf = ops::vf;
  const float m = sum_in_sixteen(
                      x, n, [=](vf v, vf sum) { return ops::add(sum, v); }, [=](float v, float sum) { return sum + v; }) /
                  static_cast<float>(n);
  const vf mean = ops::set1(m);
  const float square = sum_in_sixteen(
      x, n,
      [mean](vf v, vf sum) {
        const vf c = ops::sub(v, mean);
        return ops::fma(c, c, sum);
      },
      [m](float v, float sum) { return std::fma(v - m, v - m, sum); });
  const float r = 1.0F / std::sqrt(square / static_cast<float>(n) + eps);
  const vf scale = ops::set1(r);
  std::size_t j = 0;
  for (; j + ops::lanes <= n; j += ops::lanes) {
    const vf y = ops::mul(ops::sub(ops::load(x + j), mean), scale);
    ops::store(out + j, b != nullptr ? ops::fma(y, ops::load(w + j), ops::load(b + j)) : ops::mul(y, ops::load(w + j)));
  }
  for (; j < n; ++j) {
    const float y = (x[j] - m) * r;
    out[j] = b != nullptr ? std::fma(y, w[j], b[j]) : y * w[j];
  }
}

inline void rope(float* x, std::size_t heads, std::size_t head_size, std::size_t half, const float* cosines, const float* sines) {
  using vf = ops::vf;
  LINGUALINKED_EXPECTS(2 * half <= head_size);
  for (std::size_t h = 0; h < heads; ++h) {
    float* low = x + h * head_size;
    float* high = low + half;
    std::size_t i = 0;
    for (; i + ops::lanes <= half; i += ops::lanes) {
      const vf a = ops::load(low + i);
      const vf b = ops::load(high + i);
      const vf c = ops::load(cosines + i);
      const vf s = ops::load(sines + i);
      ops::store(low + i, ops::fms(a, c, ops::mul(b, s)));
      ops::store(high + i, ops::fma(b, c, ops::mul(a, s)));
    }
    for (; i < half; ++i) {
      const float a = low[i];
      const float b = high[i];
      low[i] = std::fma(a, cosines[i], -(b * sines[i]));
      high[i] = std::fma(b, cosines[i], a * sines[i]);
    }
  }
}

inline void add_scaled(const float* x, float w, std::size_t n, float* y) {
  const ops::vf scale = ops::set1(w);
  std::size_t i = 0;
  for (; i + ops::lanes <= n; i += ops::lanes) ops::store(y + i, ops::fma(scale, ops::load(x + i), ops::load(y + i)));
  for (; i < n; ++i) y[i] = std::fma(w, x[i], y[i]);
}

// Sixteen multiplications with addition, which are calls where the instruction set has none: with all inlined they are not.
[[gnu::flatten]] inline void exponentials(double* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] = elementary::exp(x[i]);
}

inline std::size_t argmax(const float* x, std::size_t n) {
  using vf = ops::vf;
  using vi = ops::vi;
  constexpr std::uint32_t infinity_bits = 0x7F800000U;
  if (n == 0) return 0;
  std::size_t i = 0;
  std::uint32_t magnitude = 0;
  float best = x[0];
  if (n >= ops::lanes) {
    vi magnitudes = ops::int_zero();
    vf bests = ops::load(x);
    for (; i + ops::lanes <= n; i += ops::lanes) {
      const vf v = ops::load(x + i);
      magnitudes = ops::unsigned_max(magnitudes, ops::int_and(ops::as_int(v), ops::int_set1(0x7FFFFFFF)));
      bests = ops::max(v, bests);
    }
    magnitude = ops::largest(magnitudes);
    float lane[ops::lanes];
    ops::store(lane, bests);
    best = *std::max_element(lane, lane + ops::lanes);
  }
  for (; i < n; ++i) {
    magnitude = std::max(magnitude, std::bit_cast<std::uint32_t>(x[i]) & 0x7FFFFFFFU);
    best = std::max(best, x[i]);
  }
  if (magnitude >= infinity_bits) return n;
  // The lowest index that holds the largest value; +0 and -0 are equal.
  for (i = 0; i + ops::lanes <= n; i += ops::lanes) {
    const unsigned equal = ops::equal_lanes(ops::load(x + i), ops::set1(best));
    if (equal != 0) return i + static_cast<std::size_t>(std::countr_zero(equal));
  }
  while (x[i] != best) ++i;
  return i;
}

}  // namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA

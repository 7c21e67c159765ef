// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Activation functions. Included inside a target region, after rows.ipp.

namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA {

LINGUALINKED_ALWAYS_INLINE ops::vf magnitude_of(ops::vf x) {
  return ops::as_float(ops::int_and(ops::as_int(x), ops::int_set1(0x7FFFFFFF)));
}
LINGUALINKED_ALWAYS_INLINE ops::vf with_sign_of(ops::vf x, ops::vf y) {
  const ops::vi sign = ops::int_and(ops::as_int(x), ops::int_set1(std::numeric_limits<std::int32_t>::min()));
  return ops::as_float(ops::int_or(ops::as_int(y), sign));
}

/// c[0] + c[1] x + c[2] x^2 + ..., by fma from the last.
template <std::size_t N>
LINGUALINKED_ALWAYS_INLINE ops::vf polynomial_of(ops::vf x, const float (&c)[N]) {
  ops::vf p = ops::fma(ops::set1(c[N - 1]), x, ops::set1(c[N - 2]));
  LINGUALINKED_UNROLL
  for (std::size_t i = N - 2; i > 0; --i) p = ops::fma(p, x, ops::set1(c[i - 1]));
  return p;
}

/// elementary::tanh in every lane.
LINGUALINKED_ALWAYS_INLINE ops::vf tanh_of(ops::vf x) {
  using namespace elementary::detail;
  using vf = ops::vf;
  const vf one = ops::set1(1.0F);
  const vf a = magnitude_of(x);
  const vf u = ops::mul(x, x);
  vf small = ops::fma(a, ops::mul(u, polynomial_of(u, tanh_coefficients)), a);
  small = ops::if_less(a, ops::set1(smallest_normal), ops::zero(), small);
  const vf large = ops::sub(one, ops::div(ops::set1(2.0F), ops::add(exp_of(ops::add(a, a)), one)));
  return with_sign_of(x, ops::if_less(a, ops::set1(tanh_split), small, large));
}

/// elementary::erf in every lane.
LINGUALINKED_ALWAYS_INLINE ops::vf erf_of(ops::vf x) {
  using namespace elementary::detail;
  using vf = ops::vf;
  const vf one = ops::set1(1.0F);
  const vf a = magnitude_of(x);
  vf small = ops::fma(a, polynomial_of(ops::mul(x, x), erf_coefficients), a);
  small = ops::if_less(a, ops::set1(smallest_normal), ops::zero(), small);
  vf large = ops::sub(one, exp_of(polynomial_of(a, erfc_coefficients)));
  large = ops::if_nan(a, a, ops::if_less(a, ops::set1(erf_saturation), large, one));
  return with_sign_of(x, ops::if_less(a, ops::set1(erf_split), small, large));
}

template <class Function>
LINGUALINKED_ALWAYS_INLINE void for_vectors(activation_kind kind, const float* x, std::size_t n, float* out, Function f) {
  std::size_t i = 0;
  for (; i + ops::lanes <= n; i += ops::lanes) ops::store(out + i, f(ops::load(x + i)));
  reference::activate(kind, x + i, n - i, out + i);
}

inline void activate(activation_kind kind, const float* x, std::size_t n, float* out) {
  using vf = ops::vf;
  const vf one = ops::set1(1.0F);
  const vf half = ops::set1(0.5F);
  switch (kind) {
    case activation_kind::silu: return for_vectors(kind, x, n, out, [=](vf v) { return ops::mul(v, sigmoid_of(v)); });
    case activation_kind::gelu_tanh:
      return for_vectors(kind, x, n, out, [=](vf v) {
        const vf inner = ops::fma(ops::mul(ops::mul(v, v), ops::set1(gelu_tanh_cubic)), v, v);
        return ops::mul(ops::mul(v, half), ops::add(one, tanh_of(ops::mul(ops::set1(gelu_tanh_scale), inner))));
      });
    case activation_kind::gelu:
      return for_vectors(kind, x, n, out, [=](vf v) {
        return ops::mul(ops::mul(v, half), ops::add(one, erf_of(ops::mul(v, ops::set1(sqrt_half)))));
      });
    case activation_kind::relu:
      return for_vectors(kind, x, n, out, [=](vf v) { return ops::if_less(v, ops::zero(), ops::zero(), v); });
  }
}

inline void soft_cap(const float* x, float cap, std::size_t n, float* out) {
  const ops::vf c = ops::set1(cap);
  std::size_t i = 0;
  for (; i + ops::lanes <= n; i += ops::lanes) ops::store(out + i, ops::mul(c, tanh_of(ops::div(ops::load(x + i), c))));
  reference::soft_cap(x + i, cap, n - i, out + i);
}

}  // namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA

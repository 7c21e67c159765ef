// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/strict_float.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

/// Elementary functions whose bits are ours: only +, *, /, comparisons and std::fma, never libm, so every platform gets the
/// same result. The float functions belong to the bit contract and have no subnormal results: what would be subnormal is zero.
/// The double functions build tables (RoPE) at load. Error bounds are in units of the last place (ulp) of the exact result, and
/// are tested.
namespace lingualinked::inline v0::elementary {

namespace detail {

// exp(x) = 2^n * p(r), n = rne(x / ln 2), r = x - n ln 2. ln2_high has 15 bits, so n * ln2_high is exact.
inline constexpr float exp_overflow = 0x1.62e42ep+6F;    // ln(2^128), rounded down
inline constexpr float exp_underflow = -0x1.5d51ecp+6F;  // -87.33: just above ln(2^-126)
inline constexpr float log2_e = 0x1.715476p+0F;
inline constexpr float ln2_high = 0x1.62e4p-1F;
inline constexpr float ln2_low = 0x1.7f7d1cp-20F;
inline constexpr float round_shift = 0x1.8p+23F;  // adding it rounds to an integer, which then stands in the low bits
// (e^r - 1 - r) / r^2 on |r| <= ln(2)/2, relative error of e^r 2^-28.3. These and the next tables are our own minimax fits.
inline constexpr float exp_coefficients[5] = {0x1.fffffcp-2F, 0x1.555492p-3F, 0x1.5558aep-5F, 0x1.123982p-7F, 0x1.6a4f62p-10F};

// tanh(x) = x + x * u * P(u), u = x^2, on |x| < 0.625, relative error 2^-27.7
inline constexpr float tanh_split = 0.625F;
inline constexpr float tanh_coefficients[5] = {-0x1.555532p-2F, 0x1.1106fcp-3F, -0x1.b836f4p-5F, 0x1.5203f4p-6F, -0x1.7547e2p-8F};

// erf(x) = x + x * P(x^2) on |x| < 0.95, relative error 2^-30; above, erf(x) = 1 - exp(Q(x)), relative error 2^-29.5
inline constexpr float erf_split = 0.95F;
inline constexpr float erf_saturation = 3.95F;
inline constexpr float erf_coefficients[7] = {0x1.06eba8p-3F, -0x1.812740p-2F,  0x1.ce2d64p-4F, -0x1.b80124p-6F,
                                              0x1.544b08p-8F, -0x1.a61810p-11F, 0x1.4fa924p-14F};
inline constexpr float erfc_coefficients[7] = {-0x1.0099e2p-12F, -0x1.20a234p+0F, -0x1.46689cp-1F, -0x1.a88302p-4F,
                                               0x1.69e30ap-6F,   -0x1.8a57f4p-9F, 0x1.9390dcp-13F};
inline constexpr float smallest_normal = 0x1p-126F;

// High and low double of constants.
inline constexpr double ln2_d[2] = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
inline constexpr double half_pi_d[3] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110};
inline constexpr double round_shift_d = 0x1.8p+52;

struct two_doubles {
  double high = 0;
  double low = 0;
};

}  // namespace detail

LINGUALINKED_STRICT_FLOAT_BEGIN

/// e^x. Above 88.72 infinity, below -87.33 zero; a NaN stays a NaN. Error at most 0.9 ulp.
[[nodiscard]] inline float exp(float x) noexcept {
  using namespace detail;
  if (x != x) return x;
  if (x > exp_overflow) return std::numeric_limits<float>::infinity();
  if (x < exp_underflow) return 0.0F;
  const float shifted = std::fma(x, log2_e, round_shift);
  const float n = shifted - round_shift;
  const float r = std::fma(n, -ln2_low, std::fma(n, -ln2_high, x));
  float p = std::fma(exp_coefficients[4], r, exp_coefficients[3]);
  p = std::fma(p, r, exp_coefficients[2]);
  p = std::fma(p, r, exp_coefficients[1]);
  p = std::fma(p, r, exp_coefficients[0]);
  p = std::fma(p, r, 1.0F);
  p = std::fma(p, r, 1.0F);
  // The low bits of `shifted` hold n: shifted left they are added to the exponent of p.
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(p) + (std::bit_cast<std::uint32_t>(shifted) << 23));
}

/// 1 / (1 + e^-x). Below -87.33 zero. Error at most 2.5 ulp.
[[nodiscard]] inline float sigmoid(float x) noexcept {
  if (x < detail::exp_underflow) return 0.0F;
  return 1.0F / (1.0F + exp(-x));
}

/// Hyperbolic tangent: odd polynomial below 0.625, else 1 - 2 / (e^2|x| + 1). Error at most 1.5 ulp.
[[nodiscard]] inline float tanh(float x) noexcept {
  using namespace detail;
  const float a = std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU);
  float y = a;
  if (a < tanh_split) {
    const float u = x * x;
    float p = std::fma(tanh_coefficients[4], u, tanh_coefficients[3]);
    p = std::fma(p, u, tanh_coefficients[2]);
    p = std::fma(p, u, tanh_coefficients[1]);
    p = std::fma(p, u, tanh_coefficients[0]);
    y = a < smallest_normal ? 0.0F : std::fma(a, u * p, a);
  } else {
    y = 1.0F - 2.0F / (exp(a + a) + 1.0F);
  }
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(y) | (std::bit_cast<std::uint32_t>(x) & 0x80000000U));
}

/// Error function: odd polynomial below 0.95, else 1 - e^Q(|x|), 1 from 3.95 on. Error at most 1.5 ulp.
[[nodiscard]] inline float erf(float x) noexcept {
  using namespace detail;
  const float a = std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU);
  const bool small = a < erf_split;
  const float v = small ? x * x : a;
  const float* c = small ? erf_coefficients : erfc_coefficients;
  float p = std::fma(c[6], v, c[5]);
  for (int i = 4; i >= 0; --i) p = std::fma(p, v, c[i]);
  float y = 1.0F;
  if (small) {
    y = a < smallest_normal ? 0.0F : std::fma(a, p, a);
  } else if (!(a >= erf_saturation)) {
    y = 1.0F - exp(p);
  }
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(y) | (std::bit_cast<std::uint32_t>(x) & 0x80000000U));
}

namespace detail {

// x as q * pi/2 + (high + low), |high| <= pi/4; exact first step because x and q * half_pi share their last bits.
[[nodiscard]] inline two_doubles reduce_by_half_pi(double x, std::uint64_t& quadrant) noexcept {
  const double shifted = std::fma(x, 0x1.45f306dc9c883p-1, round_shift_d);
  const double n = shifted - round_shift_d;
  quadrant = std::bit_cast<std::uint64_t>(shifted) & 3U;
  const double r = std::fma(-n, half_pi_d[0], x);
  const double product = n * half_pi_d[1];
  const double product_low = std::fma(n, half_pi_d[1], -product);
  const double high = r - product;
  const double taken = r - high;  // two-sum of r and -product
  const double low = (r - (high + taken)) + (taken - product) - std::fma(n, half_pi_d[2], product_low);
  return {high, low};
}

// Taylor series; the first term left out is below 2^-63 of the result for |x| <= pi/4.
[[nodiscard]] inline double sin_near_zero(two_doubles x) noexcept {
  const double z = x.high * x.high;
  double p = 1.0 / 355687428096000.0;  // 1/17!
  p = std::fma(p, z, -1.0 / 1307674368000.0);
  p = std::fma(p, z, 1.0 / 6227020800.0);
  p = std::fma(p, z, -1.0 / 39916800.0);
  p = std::fma(p, z, 1.0 / 362880.0);
  p = std::fma(p, z, -1.0 / 5040.0);
  p = std::fma(p, z, 1.0 / 120.0);
  p = std::fma(p, z, -1.0 / 6.0);
  return x.high + std::fma(p, z * x.high, x.low * std::fma(-0.5, z, 1.0));
}
[[nodiscard]] inline double cos_near_zero(two_doubles x) noexcept {
  const double z = x.high * x.high;
  double p = -1.0 / 6402373705728000.0;  // 1/18!
  p = std::fma(p, z, 1.0 / 20922789888000.0);
  p = std::fma(p, z, -1.0 / 87178291200.0);
  p = std::fma(p, z, 1.0 / 479001600.0);
  p = std::fma(p, z, -1.0 / 3628800.0);
  p = std::fma(p, z, 1.0 / 40320.0);
  p = std::fma(p, z, -1.0 / 720.0);
  p = std::fma(p, z, 1.0 / 24.0);
  const double half = 0.5 * z;
  const double first = 1.0 - half;
  return first + (((1.0 - first) - half) + std::fma(p, z * z, -(x.high * x.low)));
}

// e^(x.high + x.low)
[[nodiscard]] inline double exp_of(two_doubles x) noexcept {
  if (x.high != x.high) return x.high;
  if (x.high > 0x1.62e42fefa39efp+9) return std::numeric_limits<double>::infinity();
  if (x.high < -0x1.6232bdd7abcd2p+9) return 0.0;
  const double shifted = std::fma(x.high, 0x1.71547652b82fep+0, round_shift_d);
  const double n = shifted - round_shift_d;
  const double high = std::fma(-n, ln2_d[0], x.high);
  const double r = high + std::fma(-n, ln2_d[1], x.low);
  const double rest = (high - r) + std::fma(-n, ln2_d[1], x.low);
  double p = 1.0 / 87178291200.0;  // 1/14!
  p = std::fma(p, r, 1.0 / 6227020800.0);
  p = std::fma(p, r, 1.0 / 479001600.0);
  p = std::fma(p, r, 1.0 / 39916800.0);
  p = std::fma(p, r, 1.0 / 3628800.0);
  p = std::fma(p, r, 1.0 / 362880.0);
  p = std::fma(p, r, 1.0 / 40320.0);
  p = std::fma(p, r, 1.0 / 5040.0);
  p = std::fma(p, r, 1.0 / 720.0);
  p = std::fma(p, r, 1.0 / 120.0);
  p = std::fma(p, r, 1.0 / 24.0);
  p = std::fma(p, r, 1.0 / 6.0);
  p = std::fma(p, r, 0.5);
  const double y = 1.0 + (r + std::fma(p, r * r, rest));
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(y) + (std::bit_cast<std::uint64_t>(shifted) << 52));
}

// ln x to about 2^-62 of its value. Requires  0 < x < infinity
[[nodiscard]] inline two_doubles log_of(double x) noexcept {
  std::int64_t exponent = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p+54;
    exponent = -54;
  }
  // x = m * 2^exponent with m in [0.707, 1.414]
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x) - 0x3FE6A09E667F3BCDU;
  const std::int64_t shift = static_cast<std::int64_t>(bits) >> 52;
  exponent += shift;
  const double m = std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) - (static_cast<std::uint64_t>(shift) << 52));
  // ln m = 2 atanh(s), s = (m - 1) / (m + 1) with its rounding error
  const double f = m - 1.0;
  const double g = m + 1.0;
  const double g_low = m - (g - 1.0);
  const double s = f / g;
  const double s_low = std::fma(-s, g_low, std::fma(-s, g, f)) / g;
  const double z = s * s;
  double p = 2.0 / 25.0;
  for (int i = 23; i >= 3; i -= 2) p = std::fma(p, z, 2.0 / i);
  const double high = 2.0 * s;
  const double low = std::fma(p, z * s, 2.0 * s_low);
  const double e = static_cast<double>(exponent);
  const double base = e * ln2_d[0];
  const double base_low = std::fma(e, ln2_d[1], std::fma(e, ln2_d[0], -base));
  // |base| > |high| or base is zero: a fast two-sum either way
  const double sum = base + high;
  const double sum_low = exponent == 0 ? 0.0 : high - (sum - base);
  const double rest = sum_low + (base_low + low);
  const double top = sum + rest;
  return {top, rest - (top - sum)};
}

}  // namespace detail

/// Sine of an angle in radians. Requires  |x| <= 2^30. Error at most 1 ulp.
[[nodiscard]] inline double sin(double x) noexcept {
  std::uint64_t quadrant = 0;
  const detail::two_doubles r = detail::reduce_by_half_pi(x, quadrant);
  const double y = (quadrant & 1U) != 0 ? detail::cos_near_zero(r) : detail::sin_near_zero(r);
  return (quadrant & 2U) != 0 ? -y : y;
}

/// Cosine of an angle in radians. Requires  |x| <= 2^30. Error at most 1 ulp.
[[nodiscard]] inline double cos(double x) noexcept {
  std::uint64_t quadrant = 0;
  const detail::two_doubles r = detail::reduce_by_half_pi(x, quadrant);
  const double y = (quadrant & 1U) != 0 ? detail::sin_near_zero(r) : detail::cos_near_zero(r);
  return ((quadrant + 1U) & 2U) != 0 ? -y : y;
}

/// e^x. Above 709.78 infinity, below -708.39 zero. Error at most 1 ulp.
[[nodiscard]] inline double exp(double x) noexcept { return detail::exp_of({x, 0.0}); }

/// Natural logarithm. Zero gives minus infinity, a negative number NaN. Error at most 1 ulp.
[[nodiscard]] inline double log(double x) noexcept {
  if (!(x > 0.0)) return x == 0.0 ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  return x < std::numeric_limits<double>::infinity() ? detail::log_of(x).high : x;
}

/// x^y. Requires  x > 0 and finite. Above 2^1024 infinity, below 2^-1022 zero. Error at most 1.5 ulp.
[[nodiscard]] inline double pow(double x, double y) noexcept {
  const detail::two_doubles l = detail::log_of(x);
  const double high = y * l.high;
  return detail::exp_of({high, std::fma(y, l.low, std::fma(y, l.high, -high))});
}

LINGUALINKED_STRICT_FLOAT_END

}  // namespace lingualinked::inline v0::elementary

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/core/elementary.hpp>

#include <lingualinked/core/random.hpp>

#include "support/rounds.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace ll = lingualinked;

namespace {

// Units of the last place of `exact` between it and `got`.
double ulps_of_float(float got, double exact) {
  int exponent = 0;
  std::frexp(exact, &exponent);
  return std::abs(static_cast<double>(got) - exact) / std::ldexp(1.0, std::max(exponent, -125) - 24);
}

double ulps_of_double(double got, long double exact) {
  int exponent = 0;
  std::frexp(static_cast<double>(exact), &exponent);
  return static_cast<double>(std::abs(static_cast<long double>(got) - exact) / std::ldexp(1.0L, exponent - 53));
}

struct worst {
  double ulps = 0;
  double at = 0;
  void see(double u, double x) {
    if (!(u <= ulps)) {
      ulps = u;
      at = x;
    }
  }
};

// Every 401st float of each sign, from the smallest to infinity.
template <class F>
void for_many_floats(F f) {
  for (std::uint32_t bits = 0; bits < 0x7F800000U; bits += 401) {
    f(std::bit_cast<float>(bits));
    f(std::bit_cast<float>(bits | 0x80000000U));
  }
}

template <class Ours, class Exact>
worst float_error(Ours ours, Exact exact) {
  worst w;
  for_many_floats([&](float x) {
    const double y = exact(static_cast<double>(x));
    // Near 2^-126 results are flushed to zero a little early.
    if (std::abs(y) >= 1.2 * 0x1p-126 && std::abs(y) < 0x1p+128 * (1 - 0x1p-25))
      w.see(ulps_of_float(ours(x), y), static_cast<double>(x));
  });
  return w;
}

double random_in(std::uint64_t counter, double low, double high) { return low + (high - low) * ll::uniform_draw(7, counter); }

}  // namespace

TEST_SUITE("core/elementary") {
  TEST_CASE("float functions stay within their stated error") {
    const worst e = float_error([](float x) { return ll::elementary::exp(x); }, [](double x) { return std::exp(x); });
    CAPTURE(e.at);
    CHECK(e.ulps <= 0.9);
    const worst s =
        float_error([](float x) { return ll::elementary::sigmoid(x); }, [](double x) { return 1 / (1 + std::exp(-x)); });
    CAPTURE(s.at);
    CHECK(s.ulps <= 2.5);
    const worst t = float_error([](float x) { return ll::elementary::tanh(x); }, [](double x) { return std::tanh(x); });
    CAPTURE(t.at);
    CHECK(t.ulps <= 1.5);
    const worst r = float_error([](float x) { return ll::elementary::erf(x); }, [](double x) { return std::erf(x); });
    CAPTURE(r.at);
    CHECK(r.ulps <= 1.5);
    MESSAGE("ulp: exp " << e.ulps << " sigmoid " << s.ulps << " tanh " << t.ulps << " erf " << r.ulps);
  }

  TEST_CASE("float functions have no subnormal results") {
    std::uint64_t subnormal = 0;
    for_many_floats([&](float x) {
      for (const float y : {ll::elementary::exp(x), ll::elementary::sigmoid(x), ll::elementary::tanh(x), ll::elementary::erf(x)})
        if (std::fpclassify(y) == FP_SUBNORMAL || y != y) ++subnormal;
    });
    CHECK(subnormal == 0);
  }

  TEST_CASE("float functions are right at their edges") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(ll::elementary::exp(0.0F) == 1.0F);
    CHECK(ll::elementary::exp(-0.0F) == 1.0F);
    CHECK(ll::elementary::exp(infinity) == infinity);
    CHECK(ll::elementary::exp(-infinity) == 0.0F);
    CHECK(ll::elementary::exp(88.8F) == infinity);
    CHECK(ll::elementary::exp(88.7F) < infinity);
    CHECK(ll::elementary::exp(-87.4F) == 0.0F);
    CHECK(ll::elementary::sigmoid(0.0F) == 0.5F);
    CHECK(ll::elementary::sigmoid(infinity) == 1.0F);
    CHECK(ll::elementary::sigmoid(-infinity) == 0.0F);
    CHECK(ll::elementary::tanh(infinity) == 1.0F);
    CHECK(ll::elementary::tanh(-infinity) == -1.0F);
    CHECK(std::signbit(ll::elementary::tanh(-0.0F)));
    CHECK(ll::elementary::erf(infinity) == 1.0F);
    CHECK(ll::elementary::erf(-infinity) == -1.0F);
    CHECK(std::signbit(ll::elementary::erf(-0.0F)));
    for (const float y :
         {ll::elementary::exp(nan), ll::elementary::sigmoid(nan), ll::elementary::tanh(nan), ll::elementary::erf(nan)})
      CHECK(y != y);
  }

  TEST_CASE("double functions stay within their stated error where RoPE uses them") {
    worst sine, cosine, exponential, logarithm, power;
    for (std::uint64_t i = 0; i < test_support::rounds(300'000); ++i) {
      const double scale = std::pow(10.0, random_in(3 * i, -12, 9));
      const double x = random_in(3 * i + 1, -scale, scale);
      sine.see(ulps_of_double(ll::elementary::sin(x), std::sin(static_cast<long double>(x))), x);
      cosine.see(ulps_of_double(ll::elementary::cos(x), std::cos(static_cast<long double>(x))), x);
      const double e = random_in(3 * i + 2, -700, 700);
      exponential.see(ulps_of_double(ll::elementary::exp(e), std::exp(static_cast<long double>(e))), e);
      const double b = std::exp(random_in(3 * i + 2, -20, 20));
      logarithm.see(ulps_of_double(ll::elementary::log(b), std::log(static_cast<long double>(b))), b);
      const double p = random_in(3 * i + 1, -2, 2);
      power.see(ulps_of_double(ll::elementary::pow(b, p), std::pow(static_cast<long double>(b), static_cast<long double>(p))), b);
    }
    CAPTURE(sine.at);
    CHECK(sine.ulps <= 1.0);
    CAPTURE(cosine.at);
    CHECK(cosine.ulps <= 1.0);
    CAPTURE(exponential.at);
    CHECK(exponential.ulps <= 1.0);
    CAPTURE(logarithm.at);
    CHECK(logarithm.ulps <= 1.0);
    CAPTURE(power.at);
    CHECK(power.ulps <= 1.5);
    MESSAGE("ulp: sin " << sine.ulps << " cos " << cosine.ulps << " exp " << exponential.ulps << " log " << logarithm.ulps
                        << " pow " << power.ulps);
  }

  TEST_CASE("double functions are right at their edges") {
    CHECK(ll::elementary::sin(0.0) == 0.0);
    CHECK(ll::elementary::cos(0.0) == 1.0);
    CHECK(ll::elementary::exp(0.0) == 1.0);
    CHECK(ll::elementary::exp(710.0) == std::numeric_limits<double>::infinity());
    CHECK(ll::elementary::exp(-709.0) == 0.0);
    CHECK(ll::elementary::log(1.0) == 0.0);
    CHECK(ll::elementary::log(0.0) == -std::numeric_limits<double>::infinity());
    CHECK(std::isnan(ll::elementary::log(-1.0)));
    CHECK(ll::elementary::pow(10000.0, 0.0) == 1.0);
    CHECK(ll::elementary::pow(10000.0, 1.0) == 10000.0);
    CHECK(ll::elementary::pow(2.0, -10.0) == 0x1p-10);
    CHECK(ll::elementary::log(0x1p-1060) == doctest::Approx(-1060 * 0.6931471805599453).epsilon(1e-15));
  }
}

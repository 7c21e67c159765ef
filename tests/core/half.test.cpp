// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/core/half.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace ll = lingualinked;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// binary16 by its definition in IEEE 754, in double precision.
double value_of_f16(std::uint32_t bits) {
  const auto exponent = static_cast<int>((bits >> 10) & 31U);
  const auto fraction = static_cast<double>(bits & 1023U);
  const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024.0 + fraction, exponent - 25);
  return (bits & 0x8000U) != 0 ? -magnitude : magnitude;
}

std::uint16_t negated(std::uint16_t bits) { return static_cast<std::uint16_t>(bits | 0x8000U); }

}  // namespace

TEST_SUITE("core/half") {
  TEST_CASE("all 65536 binary16 numbers widen to their value") {
    int wrong = 0;
    for (std::uint32_t bits = 0; bits < 65'536; ++bits) {
      const float wide = ll::float_from_f16(static_cast<std::uint16_t>(bits));
      const bool negative = (bits & 0x8000U) != 0;
      if ((bits & 0x7FFFU) > 0x7C00U) wrong += !std::isnan(wide);
      else if ((bits & 0x7FFFU) == 0x7C00U) wrong += wide != (negative ? -infinity : infinity);
      else wrong += static_cast<double>(wide) != value_of_f16(bits) || std::signbit(wide) != negative;
    }
    CHECK(wrong == 0);
  }

  TEST_CASE("all 65536 binary16 numbers come back from float") {
    int wrong = 0;
    for (std::uint32_t bits = 0; bits < 65'536; ++bits) {
      const auto half = static_cast<std::uint16_t>(bits);
      const auto again = ll::f16_from_float(ll::float_from_f16(half));
      const bool is_nan = (bits & 0x7FFFU) > 0x7C00U;
      wrong += is_nan ? (again & 0x7E00U) != 0x7E00U || (again & 0x8000U) != (bits & 0x8000U) : again != half;
    }
    CHECK(wrong == 0);
  }

  TEST_CASE("between any two neighbours, a float goes to the nearer one and the middle to the even one") {
    std::mt19937 draw(5);
    int wrong = 0;
    const auto expect = [&](float value, std::uint16_t half) {
      wrong += ll::f16_from_float(value) != half;
      wrong += ll::f16_from_float(-value) != negated(half);
    };
    for (std::uint16_t lower = 0; lower < 0x7C00; ++lower) {
      const auto upper = static_cast<std::uint16_t>(lower + 1);
      const auto low = static_cast<float>(value_of_f16(lower));
      // One step above the largest finite number stands for infinity when rounding.
      const auto high = static_cast<float>(upper == 0x7C00 ? 65'536.0 : value_of_f16(upper));
      const float middle = low + (high - low) / 2;  // exact: one more bit than binary16 has
      expect(middle, lower % 2 == 0 ? lower : upper);
      expect(std::nextafter(middle, 0.0F), lower);
      expect(std::nextafter(middle, infinity), upper);
      expect(std::nextafter(low, infinity), lower);
      expect(std::nextafter(high, 0.0F), upper);
      const auto anywhere = std::uniform_real_distribution<float>(low, high)(draw);
      if (anywhere != middle && anywhere < high) expect(anywhere, anywhere < middle ? lower : upper);
    }
    CHECK(wrong == 0);
  }

  TEST_CASE("too large becomes infinity, too small becomes zero, both with their sign") {
    CHECK(ll::f16_from_float(65'519.996F) == 0x7BFF);
    CHECK(ll::f16_from_float(65'520.0F) == 0x7C00);
    CHECK(ll::f16_from_float(std::numeric_limits<float>::max()) == 0x7C00);
    CHECK(ll::f16_from_float(-infinity) == 0xFC00);
    CHECK(ll::f16_from_float(0x1p-25F) == 0);
    CHECK(ll::f16_from_float(-0x1p-26F) == 0x8000);
    CHECK(ll::f16_from_float(std::numeric_limits<float>::denorm_min()) == 0);
    CHECK(ll::f16_from_float(-0.0F) == 0x8000);
    CHECK(ll::f16_from_float(std::bit_cast<float>(0x7F800001U)) == 0x7E00);
  }

  TEST_CASE("all 65536 bfloat16 numbers are the upper halves of floats") {
    int wrong = 0;
    for (std::uint32_t bits = 0; bits < 65'536; ++bits) {
      wrong += std::bit_cast<std::uint32_t>(ll::float_from_bf16(static_cast<std::uint16_t>(bits))) != bits << 16;
    }
    CHECK(wrong == 0);
    CHECK(ll::float_from_bf16(0x3F80) == 1.0F);
    CHECK(ll::float_from_bf16(0xC040) == -3.0F);
  }
}

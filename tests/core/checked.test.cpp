// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/core/checked.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <random>

namespace ll = lingualinked;
using ll::checked_size;

namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
__extension__ using wide = unsigned __int128;

// A number of random length, so that products are often near the border.
std::uint64_t draw_size(std::mt19937_64& draw) { return draw() >> (draw() % 64); }

}  // namespace

TEST_SUITE("core/checked") {
  TEST_CASE("sums and products agree with 128-bit arithmetic") {
    constexpr std::uint64_t seed = 7;
    std::mt19937_64 draw(seed);
    int overflows = 0;
    for (int i = 0; i < 20'000; ++i) {
      const auto a = draw_size(draw);
      const auto b = draw_size(draw);
      CAPTURE(a);
      CAPTURE(b);
      const wide sum = wide{a} + b;
      const wide product = wide{a} * b;
      REQUIRE((checked_size(a) + b).valid() == (sum <= most));
      REQUIRE((checked_size(a) * b).valid() == (product <= most));
      if (sum <= most) REQUIRE((checked_size(a) + b).value_or(0) == static_cast<std::uint64_t>(sum));
      if (product <= most) REQUIRE((checked_size(a) * b).value_or(0) == static_cast<std::uint64_t>(product));
      overflows += product > most;
    }
    CHECK(overflows > 5000);
  }

  TEST_CASE("rounding up agrees with 128-bit arithmetic") {
    std::mt19937_64 draw(8);
    for (int i = 0; i < 20'000; ++i) {
      const auto a = draw_size(draw);
      const auto step = draw_size(draw);
      CAPTURE(a);
      CAPTURE(step);
      const auto rounded = round_up(checked_size(a), step);
      if (step == 0) {
        REQUIRE_FALSE(rounded.valid());
        continue;
      }
      const wide expected = (wide{a} + step - 1) / step * step;
      REQUIRE(rounded.valid() == (expected <= most));
      if (rounded.valid()) REQUIRE(rounded.value_or(0) == static_cast<std::uint64_t>(expected));
    }
  }

  TEST_CASE("one overflow poisons everything that follows") {
    const auto bad = checked_size(most) + 1;
    CHECK_FALSE(bad.valid());
    CHECK_FALSE((bad + 0).valid());
    CHECK_FALSE((bad * 0).valid());
    CHECK_FALSE((checked_size(0) * bad).valid());
    CHECK_FALSE(round_up(bad, 8).valid());
    CHECK_FALSE(bad.at_most(most));
    CHECK(bad.value_or(42) == 42);
  }

  TEST_CASE("limits include their border") {
    CHECK(checked_size(10).at_most(10));
    CHECK_FALSE(checked_size(11).at_most(10));
    CHECK(checked_size(most).at_most(most));
    CHECK(checked_size().value_or(1) == 0);
    static_assert((checked_size(3) * 4 + 5).value_or(0) == 17);
  }
}

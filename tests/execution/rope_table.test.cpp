// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/execution/rope_table.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace ll = lingualinked;

TEST_SUITE("execution/rope_table") {
  TEST_CASE("entries are the cosines and sines of the angles, rounded once") {
    for (const double base : {10000.0, 500000.0, 1e6}) {
      for (const bool scaled : {false, true}) {
        ll::rope_operation how{.head_size = 64, .rotary = 48, .base = base, .divisors = {}};
        if (scaled) how.amplitude = 0.9;
        if (scaled)
          for (std::size_t i = 0; i < 24; ++i) how.divisors.push_back(1 + 0.3 * static_cast<double>(i));
        const ll::rope_table table(how, 3000);
        CHECK(table.half() == 24);
        CHECK(table.bytes() == 3000 * 48 * sizeof(float));
        for (std::size_t p = 0; p < 3000; p += 37) {
          for (std::size_t i = 0; i < 24; ++i) {
            long double angle = static_cast<long double>(p) *
                                std::pow(static_cast<long double>(base), -2.0L * static_cast<long double>(i) / 48.0L);
            if (scaled) angle /= static_cast<long double>(how.divisors[i]);
            const auto size = static_cast<long double>(how.amplitude);
            // Half a unit of float, and what double leaves of the angle.
            const long double allowed = 0x1p-25L + 3000.0L * 0x1p-51L;
            CHECK(std::abs(static_cast<long double>(table.cosines(p)[i]) - size * std::cos(angle)) <= allowed);
            CHECK(std::abs(static_cast<long double>(table.sines(p)[i]) - size * std::sin(angle)) <= allowed);
          }
        }
      }
    }
  }
  TEST_CASE("a table serves operations of the same frequencies only") {
    const ll::rope_operation how{.head_size = 8, .rotary = 8, .base = 10000, .divisors = {}};
    const ll::rope_table table(how, 2);
    auto other = how;
    other.head_size = 16;  // the part that turns is the same
    CHECK(table.serves(other));
    other = how;
    other.rotary = 6;
    CHECK(!table.serves(other));
    other = how;
    other.base = 10001;
    CHECK(!table.serves(other));
    other = how;
    other.divisors = {1, 1, 1, 1};
    CHECK(!table.serves(other));
    other = how;
    other.amplitude = 1.1;
    CHECK(!table.serves(other));
  }
}

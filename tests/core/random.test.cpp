// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/core/random.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>

namespace ll = lingualinked;

TEST_SUITE("core/random") {
  TEST_CASE("the generator gives the published numbers") {
    // kat_vectors of Random123, lines philox4x32 10.
    using four = std::array<std::uint32_t, 4>;
    using two = std::array<std::uint32_t, 2>;
    constexpr std::uint32_t ones = 0xFFFFFFFFU;
    static_assert(ll::philox4x32({0, 0, 0, 0}, {0, 0}) == four{0x6627E8D5U, 0xE169C58DU, 0xBC57AC4CU, 0x9B00DBD8U});
    static_assert(ll::philox4x32({ones, ones, ones, ones}, {ones, ones}) ==
                  four{0x408F276DU, 0x41C83B0EU, 0xA20BC7C6U, 0x6D5451FDU});
    static_assert(ll::philox4x32({0x243F6A88U, 0x85A308D3U, 0x13198A2EU, 0x03707344U}, two{0xA4093822U, 0x299F31D0U}) ==
                  four{0xD16CFE09U, 0x94FDCCEBU, 0x5001E420U, 0x24126EA1U});
    CHECK(ll::philox4x32({0, 0, 0, 0}, {0, 0})[0] == 0x6627E8D5U);
  }

  TEST_CASE("draws lie in [0, 1), repeat for equal seed and counter, and differ otherwise") {
    std::set<double> seen;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      for (std::uint64_t counter = 0; counter < 1000; ++counter) {
        const double x = ll::uniform_draw(seed << 40, counter << 30);
        CHECK((x >= 0.0 && x < 1.0));
        CHECK(x == ll::uniform_draw(seed << 40, counter << 30));
        seen.insert(x);
      }
    }
    CHECK(seen.size() == 10'000);
  }

  TEST_CASE("the first draw of stream 0 follows from the published numbers") {
    CHECK(ll::uniform_draw(0, 0) == static_cast<double>(0x6627E8D5E169C58DU >> 11) / 9007199254740992.0);
  }

  TEST_CASE("a hundred bins fill evenly") {
    constexpr std::size_t bins = 100;
    constexpr std::uint64_t draws = 100'000;
    std::array<double, bins> count{};
    for (std::uint64_t i = 0; i < draws; ++i) count[static_cast<std::size_t>(ll::uniform_draw(42, i) * bins)] += 1;
    double chi_squared = 0;
    for (const double n : count) chi_squared += (n - draws / bins) * (n - draws / bins) / (draws / bins);
    // 99 degrees of freedom: mean 99, deviation 14; fixed seed, so this cannot fail by chance.
    CHECK(chi_squared < 99 + 4 * 14);
    CHECK(chi_squared > 99 - 4 * 14);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/runtime/step_join.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace ll = lingualinked;

namespace {

ll::detail::step_input input(std::uint32_t mark) { return {{{1, mark, 1}}, {}}; }

}  // namespace

TEST_SUITE("runtime/step_join") {
  TEST_CASE("a step is complete when all of its inputs are there, in whatever order they come") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      CAPTURE(seed);
      std::mt19937_64 random(seed);
      const std::size_t inputs = 1 + random() % 4;
      ll::detail::step_join join(inputs, 5);
      std::vector<std::uint32_t> sent(inputs, 0);
      std::uint32_t taken = 0;
      while (taken < 50) {
        const std::size_t i = random() % inputs;
        if (sent[i] - taken < 5) {
          REQUIRE(*join.check(i, sent[i]));
          join.add(i, input(sent[i]++));
        }
        bool all = true;
        for (const std::uint32_t s : sent) all = all && s > taken;
        REQUIRE(join.complete() == all);
        if (!all || random() % 2 == 0) continue;
        CHECK(join.next_step() == taken);
        for (const auto& arrived : join.take()) CHECK(arrived.segments.front().position == taken);
        ++taken;
      }
    }
  }

  TEST_CASE("a replay is told from a gap and from too much") {
    ll::detail::step_join join(2, 3);
    join.add(0, input(0));
    CHECK(!*join.check(0, 0));
    CHECK(*join.check(1, 0));
    CHECK(join.check(0, 2).error().code == ll::errc::protocol);
    CHECK(join.check(1, 1).error().code == ll::errc::protocol);
    join.add(0, input(1));
    join.add(0, input(2));
    CHECK(join.check(0, 3).error().code == ll::errc::limit);
    join.add(1, input(0));
    CHECK(join.take().size() == 2);
    CHECK(*join.check(0, 3));
    CHECK(!*join.check(1, 0));
    CHECK(!join.empty());
  }

  TEST_CASE("rows of segments that are not kept are dropped in place") {
    const std::vector<ll::segment> all{{1, 0, 2}, {2, 0, 1}, {3, 0, 3}};
    for (unsigned mask = 0; mask < 8; ++mask) {
      CAPTURE(mask);
      std::vector<std::byte> payload;
      std::vector<std::byte> expected;
      std::vector<ll::segment> keep;
      for (int i = 0; i < 5; ++i) payload.push_back(std::byte{0xEE});
      expected = payload;
      for (std::size_t s = 0; s < all.size(); ++s) {
        if ((mask & (1U << s)) != 0) keep.push_back(all[s]);
        for (std::size_t b = 0; b < all[s].tokens * 3; ++b) {
          payload.push_back(static_cast<std::byte>(s * 16 + b));
          if ((mask & (1U << s)) != 0) expected.push_back(payload.back());
        }
      }
      REQUIRE(ll::detail::keep_rows(payload, 5, 3, all, keep));
      payload.resize(expected.size());
      CHECK(payload == expected);
    }
    std::vector<std::byte> payload(18);
    CHECK(!ll::detail::keep_rows(payload, 0, 3, all, {{3, 0, 3}, {1, 0, 2}}));
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/runtime/scheduler.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <vector>

namespace ll = lingualinked;

namespace {

struct batch {
  std::vector<ll::segment> segments;
  std::vector<ll::token_id> tokens;
};
batch next(ll::scheduler& s) {
  batch b;
  s.next(b.segments, b.tokens);
  return b;
}

}  // namespace

TEST_SUITE("runtime/scheduler") {
  TEST_CASE("a prompt is cut into pieces of the agreed length, the last one shorter") {
    ll::scheduler s(4);
    s.add_prompt(7, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    CHECK(next(s).segments == std::vector<ll::segment>{{7, 0, 4}});
    CHECK(next(s).tokens == std::vector<ll::token_id>{5, 6, 7, 8});
    CHECK(next(s).segments == std::vector<ll::segment>{{7, 8, 2}});
    CHECK(s.empty());
  }

  TEST_CASE("a batch is all waiting tokens and what room is left for one prompt") {
    ll::scheduler s(6);
    s.add_prompt(3, {1, 2, 3, 4, 5, 6, 7});
    s.add_prompt(4, {8});
    s.add_token(1, 10, 100);
    s.add_token(2, 20, 200);
    const batch b = next(s);
    CHECK(b.segments == std::vector<ll::segment>{{1, 10, 1}, {2, 20, 1}, {3, 0, 4}});
    CHECK(b.tokens == std::vector<ll::token_id>{100, 200, 1, 2, 3, 4});
    CHECK(next(s).segments == std::vector<ll::segment>{{3, 4, 3}});
    CHECK(next(s).segments == std::vector<ll::segment>{{4, 0, 1}});
  }

  TEST_CASE("neither tokens nor prompts starve, however short a batch is") {
    for (const std::uint32_t chunk : {1U, 2U, 3U}) {
      CAPTURE(chunk);
      ll::scheduler s(chunk);
      s.add_prompt(9, std::vector<ll::token_id>(10, 1));
      std::uint32_t prompt_rows = 0;
      std::uint32_t token_rows = 0;
      for (std::uint32_t i = 0; i < 20; ++i) {
        for (ll::sequence_id q = 1; q <= 4; ++q) s.add_token(q, i, 5);
        for (const ll::segment& g : next(s).segments) (g.sequence == 9 ? prompt_rows : token_rows) += g.tokens;
      }
      CHECK(prompt_rows == 10);
      CHECK(token_rows >= 10);
    }
  }

  TEST_CASE("what is removed does not come") {
    ll::scheduler s(8);
    s.add_prompt(1, {1, 2});
    s.add_prompt(2, {3});
    s.add_token(3, 5, 1);
    s.add_token(1, 6, 1);
    s.remove(1);
    CHECK(next(s).segments == std::vector<ll::segment>{{3, 5, 1}, {2, 0, 1}});
    CHECK(s.empty());
  }

  TEST_CASE("a micro-batch waits for its sequences while others are under way") {
    ll::scheduler s(8, 2);
    CHECK_FALSE(s.ready());
    for (ll::sequence_id q = 1; q <= 5; ++q) s.add_token(q, 10, 1);
    CHECK(next(s).segments == std::vector<ll::segment>{{1, 10, 1}, {2, 10, 1}});
    CHECK(next(s).segments == std::vector<ll::segment>{{3, 10, 1}, {4, 10, 1}});
    CHECK(s.ready());  // five tokens need a third batch
    CHECK(next(s).segments == std::vector<ll::segment>{{5, 10, 1}});
    s.answered();
    s.add_token(1, 11, 1);  // the second sequence has ended: two batches suffice for what is left
    CHECK_FALSE(s.ready());
    s.answered();
    s.add_token(3, 11, 1);
    CHECK(s.ready());
    CHECK(next(s).segments == std::vector<ll::segment>{{1, 11, 1}, {3, 11, 1}});
    s.add_prompt(6, {1, 2, 3});
    CHECK(s.ready());  // prompts wait for nobody
  }

  TEST_CASE("sequences that come and go in any order soon share as few batches as there need be, and never wait for nobody") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      CAPTURE(seed);
      std::mt19937_64 random(seed);
      const auto b = 1 + static_cast<std::uint32_t>(random() % 4);
      const auto sequences = 1 + static_cast<std::uint32_t>(random() % 12);
      ll::scheduler s(16, b);
      std::map<ll::sequence_id, std::uint32_t> left;
      std::map<ll::sequence_id, std::uint32_t> prompt;
      for (ll::sequence_id q = 1; q <= sequences; ++q) {
        left[q] = 1 + static_cast<std::uint32_t>(random() % 60);
        prompt[q] = 1 + static_cast<std::uint32_t>(random() % 20);
        s.add_prompt(q, std::vector<ll::token_id>(prompt[q], 1));
      }
      std::deque<batch> under_way;
      std::uint32_t since_change = 0;  // answers since a sequence began or ended
      while (!left.empty()) {
        while (s.ready() && random() % 4 != 0) {
          under_way.push_back(next(s));
          CHECK(std::ranges::count_if(under_way.back().segments,
                                      [&](const ll::segment& g) { return g.position >= prompt[g.sequence]; }) <= b);
        }
        const bool stuck = under_way.empty() && !s.empty() && !s.ready();
        REQUIRE_FALSE(stuck);
        if (under_way.empty()) continue;
        const batch back = under_way.front();
        under_way.pop_front();
        s.answered();
        ++since_change;
        for (const ll::segment& g : back.segments) {
          const std::uint32_t end = g.position + g.tokens;
          if (end < prompt[g.sequence]) continue;
          if (g.position < prompt[g.sequence]) since_change = 0;
          if (--left[g.sequence] != 0) {
            s.add_token(g.sequence, end, 1);
          } else {
            left.erase(g.sequence);
            since_change = 0;
          }
        }
        if (since_change > 2 * sequences) CHECK(under_way.size() <= (left.size() - 1) / b + 1);
      }
    }
  }

  TEST_CASE("whatever comes in, everything comes out once, in order, in batches of the agreed length") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      CAPTURE(seed);
      std::mt19937_64 random(seed);
      const auto chunk = 1 + static_cast<std::uint32_t>(random() % 6);
      ll::scheduler s(chunk);
      std::map<ll::sequence_id, std::uint32_t> wanted;
      std::map<ll::sequence_id, std::uint32_t> got;
      for (ll::sequence_id q = 1; q <= 10; ++q) {
        wanted[q] = 1 + static_cast<std::uint32_t>(random() % 9);
        s.add_prompt(q, std::vector<ll::token_id>(wanted[q], static_cast<ll::token_id>(q)));
        for (auto n = random() % 3; n > 0 && !s.empty(); --n) {
          const batch b = next(s);
          std::size_t row = 0;
          for (const ll::segment& g : b.segments) {
            CHECK(g.position == got[g.sequence]);
            got[g.sequence] += g.tokens;
            for (std::uint32_t i = 0; i < g.tokens; ++i) CHECK(b.tokens[row++] == static_cast<ll::token_id>(g.sequence));
            // Another token follows when the prompt is through, for a while.
            if (got[g.sequence] >= wanted[g.sequence] && random() % 3 != 0) {
              s.add_token(g.sequence, got[g.sequence], static_cast<ll::token_id>(g.sequence));
              wanted[g.sequence] = got[g.sequence] + 1;
            }
          }
          CHECK(row <= chunk);
          CHECK(row == b.tokens.size());
        }
      }
      while (!s.empty())
        for (const ll::segment& g : next(s).segments) {
          CHECK(g.position == got[g.sequence]);
          got[g.sequence] += g.tokens;
        }
      CHECK(got == wanted);
    }
  }
}

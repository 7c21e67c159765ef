// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/simulation/executor.hpp>

#include <doctest/doctest.h>

#include <lingualinked/simulation/session.hpp>

#include <array>
#include <vector>

namespace ll = lingualinked;

TEST_SUITE("simulation/executor") {
  TEST_CASE("tokens depend on sequence and position alone") {
    for (const std::uint32_t chunk : {1U, 3U, 64U}) {
      ll::session_plan plan;
      plan.module_count = 3;
      plan.stages = {{"a", "here", 0, 0, 0, 0}, {"b", "there", 1, 2, 0, 0}};
      plan.transmissions = {{0, 1, 0, 1, 16}};
      plan.context_tokens = 64;
      plan.sequences = 2;
      plan.chunk_tokens = chunk;
      ll::assign_peers(plan, 1);
      ll::simulated_session<ll::simulated_executor> session(
          plan, [](const ll::control::deploy&) { return ll::simulated_executor(); }, {});
      REQUIRE(session.run_until_ready());
      ll::sequence_options options;
      options.prompt.assign(10, 1);
      options.max_tokens = 20;
      for (int i = 0; i < 2; ++i) REQUIRE(session.submit(options));
      REQUIRE(session.run_until_answered());
      for (ll::sequence_id sequence = 1; sequence <= 2; ++sequence) {
        const auto& tokens = session.request(sequence).tokens;
        REQUIRE(tokens.size() == 20);
        for (std::uint32_t i = 0; i < 20; ++i) CHECK(tokens[i] == ll::simulated_executor::token(sequence, 10 + i, 1000));
      }
    }
  }

  TEST_CASE("a segment that does not continue an open sequence is refused") {
    ll::simulated_executor e;
    std::array<ll::segment, 1> segments{{{1, 0, 2}}};
    CHECK(!e.run({segments, {}, {}, {}, {}, {}}));
    ll::sequence_options options;
    options.prompt = {1, 2, 3};
    options.max_tokens = 1;
    REQUIRE(e.open(1, options));
    CHECK(e.run({segments, {}, {}, {}, {}, {}}));
    CHECK(!e.run({segments, {}, {}, {}, {}, {}}));
    segments[0].position = 2;
    CHECK(e.run({segments, {}, {}, {}, {}, {}}));
    e.release(1);
    segments[0].position = 4;
    CHECK(!e.run({segments, {}, {}, {}, {}, {}}));
  }
}

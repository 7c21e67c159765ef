// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/simulation/prediction.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

namespace ll = lingualinked;

namespace {

/// Two stages of 10 and 20 ms for each row, 5 ms apart in both directions; the coordinator is with the first.
ll::session_plan two_stages(std::uint32_t sequences, std::uint32_t chunk_tokens) {
  ll::session_plan plan;
  plan.module_count = 2;
  plan.stages = {{"a", "here", 0, 0, 0, 0}, {"b", "there", 1, 1, 0, 0}};
  plan.transmissions = {{0, 1, 0, 1, 16}};
  plan.context_tokens = 1024;
  plan.sequences = sequences;
  plan.chunk_tokens = chunk_tokens;
  ll::assign_peers(plan, 1);
  return plan;
}
ll::simulated_world two_devices() {
  ll::simulated_world world;
  world.devices = {{[](const ll::stage_job& job) { return 0.010 * job.rows(); }, 0, 0, 0, {}},
                   {[](const ll::stage_job& job) { return 0.020 * job.rows(); }, 0, 0, 0, {}}};
  world.links = [](std::size_t from, std::size_t to) {
    ll::link_behaviour link;
    if ((from == 1) != (to == 1)) link.quality.latency_seconds = 0.005;
    return link;
  };
  return world;
}

}  // namespace

TEST_SUITE("simulation/prediction") {
  TEST_CASE("one sequence: chunks of the prompt follow each other, then each token takes a lap") {
    const auto p = ll::predict(two_stages(1, 4), two_devices(), {12, 30, 1});
    REQUIRE(p);
    // opening (two hops to the second stage), a chunk at the first, three at the slower second, a hop to it and one back
    CHECK(p->prefill_seconds == doctest::Approx(0.010 + 0.040 + 3 * 0.080 + 0.010));
    REQUIRE(p->token_seconds);
    CHECK(*p->token_seconds == doctest::Approx(0.040));
    CHECK(*p->gap_median_seconds == doctest::Approx(0.040));
    CHECK(*p->gap_p95_seconds == doctest::Approx(0.040));
  }

  TEST_CASE("several sequences share the bottleneck") {
    const auto p = ll::predict(two_stages(3, 1), two_devices(), {1, 30, 3});
    REQUIRE(p);
    CHECK(*p->token_seconds == doctest::Approx(0.020).epsilon(0.02));
    CHECK(*p->gap_median_seconds == doctest::Approx(0.060));
  }

  TEST_CASE("one token has no time after the first; residuals spread the others") {
    auto world = two_devices();
    const auto one = ll::predict(two_stages(1, 4), world, {4, 1, 1});
    REQUIRE(one);
    CHECK(!one->token_seconds);
    CHECK(!one->gap_p95_seconds);
    world.devices[1].residuals = {0.9, 1, 1.1, 2};
    const auto spread = ll::predict(two_stages(1, 4), world, {4, 200, 1});
    REQUIRE(spread);
    CHECK(*spread->gap_median_seconds == doctest::Approx(0.020 + 0.020 * 1.05).epsilon(0.02));
    CHECK(*spread->gap_p95_seconds == doctest::Approx(0.020 + 0.020 * 1.865).epsilon(0.02));
    CHECK(*spread->token_seconds > *spread->gap_median_seconds);
  }

  TEST_CASE("what would end a real session is an error here too") {
    auto plan = two_stages(1, 4);
    const auto too_long = ll::predict(plan, two_devices(), {1025, 1, 1});
    REQUIRE(!too_long);
    CHECK(too_long.error().code == ll::errc::limit);
    plan.transmissions.clear();
    CHECK(!ll::predict(plan, two_devices(), {4, 1, 1}));
  }
}

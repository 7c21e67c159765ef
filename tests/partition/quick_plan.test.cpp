// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/quick_plan.hpp>

#include <doctest/doctest.h>

#include <lingualinked/partition/evaluate.hpp>

#include "brute_force.hpp"
#include "random_instances.hpp"
#include "support/rounds.hpp"

#include <cstddef>
#include <cstdint>

namespace ll = lingualinked;
namespace ref = planning_reference;

TEST_SUITE("partition/quick_plan") {
  TEST_CASE("what it returns is a plan, no better than the best of all by brute force, and mostly there is one") {
    constexpr std::uint64_t instances = test_support::rounds(600);
    std::size_t feasible = 0, found = 0, best = 0;
    for (std::uint64_t seed = 1; seed <= instances; ++seed) {
      CAPTURE(seed);
      const auto p = ref::make_random_instance(seed).problem;
      const auto expected = ref::brute_force(p);
      const auto stages = ll::detail::quick_plan(p);
      if (!expected.feasible) CHECK(stages.empty());
      if (!expected.feasible) continue;
      ++feasible;
      if (stages.empty()) continue;
      ++found;
      const auto cost = ll::evaluate(p, stages);
      REQUIRE(cost.has_value());
      CHECK(cost->objective_value >= expected.value * (1 - 1e-9));
      if (cost->objective_value <= expected.value * (1 + 1e-9)) ++best;
    }
    CHECK(found > feasible / 2);
    CHECK(best > feasible / 10);
  }
  TEST_CASE("of a fleet that all talk to each other and have some room to spare it always finds one, whatever its size") {
    for (const std::size_t devices : {2U, 8U, 60U, 200U}) {
      for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        CAPTURE(devices);
        CAPTURE(seed);
        const auto p = ref::make_fleet(seed, 4 * devices, devices, seed % 2 == 0 ? 1 : 4);
        CHECK(ll::evaluate(p, ll::detail::quick_plan(p)).has_value());
      }
    }
  }
}

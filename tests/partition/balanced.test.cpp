// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/balanced.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/partitioner.hpp>

#include "brute_force.hpp"
#include "random_instances.hpp"
#include "simple_plans.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace ll = lingualinked;
namespace ref = planning_reference;

static_assert(ll::Partitioner<ll::balanced_partitioner>);

TEST_SUITE("partition/balanced") {
  TEST_CASE("there are exactly as many stages as asked for") {
    const auto p = ref::alike(4, {1, 1, 1, 1, 1, 1, 1, 1});
    for (std::size_t stages = 1; stages <= 4; ++stages) {
      const auto plan = ll::balanced_partitioner{stages}.solve(p, 1);
      REQUIRE(plan.has_value());
      CHECK(plan->stages.size() == stages);
    }
    CHECK_FALSE(ll::balanced_partitioner{5}.solve(p, 1).has_value());
    CHECK_FALSE(ll::balanced_partitioner{0}.solve(p, 1).has_value());
  }
  TEST_CASE("plans whose busiest stage is equal differ by how even their counts are") {
    // The last module alone takes 10, so anything up to 10 in front of it is equal; 3 + 3 + 1 modules would be too.
    const auto plan = ll::balanced_partitioner{3}.solve(ref::alike(3, {1, 1, 1, 1, 1, 1, 10}), 1);
    REQUIRE(plan.has_value());
    CHECK(plan->stages == std::vector<ll::stage_interval>{{0, 0, 2}, {1, 3, 5}, {2, 6, 6}});
  }
  TEST_CASE("no division has a shorter busiest stage, by brute force") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      CAPTURE(seed);
      ref::dice roll(seed);
      std::vector<double> seconds;
      for (std::size_t j = 0; j < 9; ++j) seconds.push_back(roll.between(0.5, 3));
      const std::size_t stages = 1 + roll.below(4);
      const auto p = ref::alike(stages, seconds);
      double best = std::numeric_limits<double>::infinity();
      std::vector<ll::stage_interval> trial;
      std::vector<bool> used(stages, false);
      ref::every_plan(p, trial, used, [&](const std::vector<ll::stage_interval>& plan) {
        if (plan.size() != stages) return;
        double busiest = 0;
        for (const auto& s : plan) {
          double busy = 0;
          for (std::size_t j = s.first_module; j <= s.last_module; ++j) busy += seconds[j];
          busiest = std::max(busiest, busy);
        }
        best = std::min(best, busiest);
      });
      const auto plan = ll::balanced_partitioner{stages}.solve(p, 1);
      REQUIRE(plan.has_value());
      const auto cost = ll::evaluate(p, plan->stages);
      REQUIRE(cost.has_value());
      CHECK(*std::max_element(cost->stage_seconds.begin(), cost->stage_seconds.end()) == doctest::Approx(best).epsilon(1e-12));
    }
  }
}

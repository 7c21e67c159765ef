// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/proportional.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/partitioner.hpp>
#include <lingualinked/partition/chain.hpp>

#include "brute_force.hpp"
#include "random_instances.hpp"
#include "simple_plans.hpp"

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace ll = lingualinked;
namespace ref = planning_reference;

static_assert(ll::Partitioner<ll::memory_proportional_partitioner>);
static_assert(ll::Partitioner<ll::speed_proportional_partitioner>);

TEST_SUITE("partition/proportional") {
  TEST_CASE("things are divided by largest remainder, and none is lost") {
    CHECK(ll::detail::largest_remainders({1, 1, 2}, 8) == std::vector<std::size_t>{2, 2, 4});
    CHECK(ll::detail::largest_remainders({0.5, 0.3, 0.2}, 3) == std::vector<std::size_t>{1, 1, 1});
    CHECK(ll::detail::largest_remainders({65, 30, 5}, 4) == std::vector<std::size_t>{3, 1, 0});
    CHECK(ll::detail::largest_remainders({0, 0}, 3) == std::vector<std::size_t>{2, 1});
    CHECK(ll::detail::largest_remainders({5, 0, 5}, 6) == std::vector<std::size_t>{3, 0, 3});
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
      CAPTURE(seed);
      ref::dice roll(seed);
      std::vector<double> shares;
      for (std::size_t d = 1 + roll.below(9); d > 0; --d) shares.push_back(roll.between(0, 1) * (roll.chance(0.1) ? 1e300 : 1));
      const std::size_t count = roll.below(100);
      const auto parts = ll::detail::largest_remainders(shares, count);
      CHECK(parts.size() == shares.size());
      CHECK(std::accumulate(parts.begin(), parts.end(), std::size_t{0}) == count);
    }
  }
  TEST_CASE("by memory, a device with twice the memory gets twice the modules, and one with none gets none") {
    auto p = ref::alike(3, std::vector<double>(6, 1.0));
    p.devices[0].memory_bytes = 1000;
    p.devices[1].memory_bytes = 0;
    p.devices[2].memory_bytes = 2000;
    const auto plan = ll::memory_proportional_partitioner{}.solve(p, 1);
    REQUIRE(plan.has_value());
    CHECK(plan->stages == std::vector<ll::stage_interval>{{0, 0, 1}, {2, 2, 5}});
    CHECK(plan->bound_seconds <= plan->objective_seconds);
  }
  TEST_CASE("by speed, what does not fit moves on, and what is left at the end is said") {
    auto p = ref::alike(3, std::vector<double>(8, 1.0));
    for (double& s : p.devices[0].module_seconds) s = 0.5;
    CHECK(ll::speed_proportional_partitioner{}.solve(p, 1)->stages ==
          std::vector<ll::stage_interval>{{0, 0, 3}, {1, 4, 5}, {2, 6, 7}});
    p.devices[0].memory_bytes = 25;
    CHECK(ll::speed_proportional_partitioner{}.solve(p, 1)->stages ==
          std::vector<ll::stage_interval>{{0, 0, 1}, {1, 2, 5}, {2, 6, 7}});
    p.devices[2].memory_bytes = 10;
    const auto plan = ll::speed_proportional_partitioner{}.solve(p, 1);
    CHECK(plan->status == ll::solve_status::unknown);
    CHECK(plan->reason.find("10 bytes are left over") != std::string::npos);
  }
  TEST_CASE("their plans are plans, never better than the best, on instances of every kind") {
    std::size_t planned = 0;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
      CAPTURE(seed);
      const auto p = ref::make_random_instance(seed).problem;
      const auto best = ll::chain_partitioner{}.solve(p, 600);
      REQUIRE(best.has_value());
      const auto check = [&](const auto& rule) {
        const auto plan = rule.solve(p, 1);
        REQUIRE(plan.has_value());
        CHECK(plan->solver == rule.name);
        if (plan->stages.empty()) {
          CHECK_FALSE(plan->reason.empty());
          if (best->status == ll::solve_status::optimal) CHECK(plan->status == ll::solve_status::unknown);
          return;
        }
        ++planned;
        const auto cost = ref::price_of(p, plan->stages);
        REQUIRE(cost.has_value());
        CHECK(plan->objective_seconds == doctest::Approx(cost->tau).epsilon(1e-12));
        CHECK(plan->objective_seconds >= best->objective_seconds * (1 - 1e-12));
        CHECK(plan->bound_seconds <= best->objective_seconds * (1 + 1e-12));
      };
      check(ll::memory_proportional_partitioner{});
      check(ll::speed_proportional_partitioner{});
    }
    CHECK(planned > 100);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/fixed_cuts.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/partitioner.hpp>

#include "simple_plans.hpp"

namespace ll = lingualinked;

static_assert(ll::Partitioner<ll::fixed_cuts_partitioner>);

TEST_SUITE("partition/fixed_cuts") {
  TEST_CASE("stages start where they are told to") {
    const auto p = planning_reference::alike(3, {1, 1, 1, 1, 1});
    const auto plan = ll::fixed_cuts_partitioner{{1, 4}}.solve(p, 1);
    REQUIRE(plan.has_value());
    CHECK(plan->stages == std::vector<ll::stage_interval>{{0, 0, 0}, {1, 1, 3}, {2, 4, 4}});
    CHECK(ll::fixed_cuts_partitioner{}.solve(p, 1)->stages.size() == 1);
  }
  TEST_CASE("cuts that make no stages are refused") {
    const auto p = planning_reference::alike(3, {1, 1, 1, 1, 1});
    for (const auto& cuts : std::vector<std::vector<std::size_t>>{{0}, {5}, {2, 2}, {3, 2}, {1, 2, 3}}) {
      const auto plan = ll::fixed_cuts_partitioner{cuts}.solve(p, 1);
      REQUIRE_FALSE(plan.has_value());
      CHECK(plan.error().code == ll::errc::invalid_argument);
    }
  }
}

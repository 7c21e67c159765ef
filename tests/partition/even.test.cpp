// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/even.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/partitioner.hpp>

#include "simple_plans.hpp"

namespace ll = lingualinked;

static_assert(ll::Partitioner<ll::even_partitioner>);

TEST_SUITE("partition/even") {
  TEST_CASE("every device gets the same number of modules, give or take one, in the order of the fleet") {
    const auto p = planning_reference::alike(3, std::vector<double>(8, 1.0));
    const auto plan = ll::even_partitioner{}.solve(p, 1);
    REQUIRE(plan.has_value());
    CHECK(plan->status == ll::solve_status::feasible);
    CHECK(plan->stages == std::vector<ll::stage_interval>{{0, 0, 1}, {1, 2, 4}, {2, 5, 7}});
    CHECK(plan->bound_seconds <= plan->objective_seconds);
    CHECK(plan->bound_seconds > 0);
    const auto two = ll::even_partitioner{2}.solve(p, 1);
    REQUIRE(two.has_value());
    CHECK(two->stages == std::vector<ll::stage_interval>{{0, 0, 3}, {1, 4, 7}});
  }
  TEST_CASE("more devices than modules leaves the last devices out") {
    const auto plan = ll::even_partitioner{}.solve(planning_reference::alike(5, {1, 1, 1}), 1);
    REQUIRE(plan.has_value());
    CHECK(plan->stages.size() == 3);
  }
  TEST_CASE("a split that does not fit is unknown, not infeasible, because another may fit") {
    auto p = planning_reference::alike(2, {1, 1, 1, 1});
    p.devices[1].memory_bytes = 10;
    const auto plan = ll::even_partitioner{}.solve(p, 1);
    REQUIRE(plan.has_value());
    CHECK(plan->status == ll::solve_status::unknown);
    CHECK(plan->stages.empty());
    CHECK(plan->reason.find("20 bytes") != std::string::npos);
    p.devices[0].memory_bytes = 9;
    p.devices[1].memory_bytes = 9;
    CHECK(ll::even_partitioner{}.solve(p, 1)->status == ll::solve_status::infeasible);
  }
  TEST_CASE("more stages than modules or devices are the caller's mistake") {
    const auto p = planning_reference::alike(2, {1, 1, 1, 1});
    const auto plan = ll::even_partitioner{3}.solve(p, 1);
    REQUIRE_FALSE(plan.has_value());
    CHECK(plan.error().code == ll::errc::invalid_argument);
  }
}

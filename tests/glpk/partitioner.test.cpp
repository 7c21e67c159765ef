// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/glpk/partitioner.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/partitioner.hpp>

#include "../partition/brute_force.hpp"
#include "../partition/random_instances.hpp"

#include <cstdint>

namespace ll = lingualinked;
namespace ref = planning_reference;

static_assert(ll::Partitioner<ll::glpk_partitioner>);

namespace {

constexpr double no_limit = 600;
constexpr double tolerance = 2e-6;

void check_against_brute_force(const ll::glpk_partitioner& solver, const ll::placement_instance& p) {
  const auto expected = ref::brute_force(p);
  const auto plan = solver.solve(p, no_limit);
  REQUIRE(plan.has_value());
  if (!expected.feasible) {
    CHECK(plan->status == ll::solve_status::infeasible);
    CHECK(plan->stages.empty());
    CHECK_FALSE(plan->reason.empty());
    return;
  }
  REQUIRE(plan->status == ll::solve_status::optimal);
  const auto cost = ref::price_of(p, plan->stages);
  REQUIRE(cost.has_value());
  CHECK(cost->tau <= expected.tau * (1 + tolerance));
  CHECK(cost->tau >= expected.tau * (1 - 1e-12));
  CHECK(plan->objective_seconds == doctest::Approx(cost->tau).epsilon(1e-12));
  CHECK(plan->bound_seconds <= expected.tau * (1 + 1e-12));
  CHECK(plan->bound_seconds >= plan->objective_seconds * (1 - 1.001e-6));
}

}  // namespace

TEST_SUITE("glpk/partitioner") {
  TEST_CASE("GLPK alone finds and proves the best of all plans, by brute force") {
    for (std::uint64_t seed = 1; seed <= 600; ++seed) {
      CAPTURE(seed);
      check_against_brute_force(ll::glpk_partitioner{false}, ref::make_random_instance(seed).problem);
    }
  }
  TEST_CASE("so it does when it starts from the plan of chain") {
    for (std::uint64_t seed = 1001; seed <= 1600; ++seed) {
      CAPTURE(seed);
      check_against_brute_force(ll::glpk_partitioner{}, ref::make_random_instance(seed).problem);
    }
  }
}

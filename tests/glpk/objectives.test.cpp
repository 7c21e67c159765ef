// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/glpk/partitioner.hpp>

#include <doctest/doctest.h>

#include "../partition/brute_force.hpp"
#include "../partition/wishes.hpp"

#include <cstdint>

namespace ll = lingualinked;
namespace ref = planning_reference;

namespace {

void check_wish(const ll::glpk_partitioner& solver, const ll::placement_instance& p) {
  const auto expected = ref::brute_force(p);
  const auto plan = solver.solve(p, 600);
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
  CHECK(cost->value <= expected.value * (1 + 2e-6));
  CHECK(cost->value >= expected.value * (1 - 1e-12));
  CHECK(ref::value_of(p, *plan) == doctest::Approx(cost->value).epsilon(1e-12));
  CHECK(ref::bound_of(p, *plan) <= expected.value * (1 + 1e-9));
  CHECK(ref::bound_of(p, *plan) >= ref::value_of(p, *plan) * (1 - 1.001e-6));
}

}  // namespace

TEST_SUITE("glpk/objectives") {
  TEST_CASE("energy, completion and batteries: GLPK alone finds and proves the best of all plans, by brute force") {
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
      CAPTURE(seed);
      check_wish(ll::glpk_partitioner{false}, ref::random_wish(seed));
    }
  }
  TEST_CASE("so it does when it starts from the plan of chain") {
    for (std::uint64_t seed = 2001; seed <= 2400; ++seed) {
      CAPTURE(seed);
      check_wish(ll::glpk_partitioner{}, ref::random_wish(seed));
    }
  }
}

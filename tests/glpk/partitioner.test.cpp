// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/glpk/partitioner.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/partitioner.hpp>

#include "../partition/brute_force.hpp"
#include "../partition/random_instances.hpp"
#include "support/rounds.hpp"

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
    for (std::uint64_t seed = 1; seed <= test_support::rounds(600); ++seed) {
      CAPTURE(seed);
      check_against_brute_force(ll::glpk_partitioner{false}, ref::make_random_instance(seed).problem);
    }
  }
  TEST_CASE("so it does when it starts from the plan of chain") {
    for (std::uint64_t seed = 1001; seed <= 1000 + test_support::rounds(600); ++seed) {
      CAPTURE(seed);
      check_against_brute_force(ll::glpk_partitioner{}, ref::make_random_instance(seed).problem);
    }
  }
  TEST_CASE("many edges past one cut are no obstacle, with and without the head start") {
    for (std::uint64_t seed = 2001; seed <= 2000 + test_support::rounds(200); ++seed) {
      CAPTURE(seed);
      auto p = ref::make_random_instance(seed).problem;
      ref::add_edges(p, seed, 3 + seed % 6);
      check_against_brute_force(ll::glpk_partitioner{}, p);
      check_against_brute_force(ll::glpk_partitioner{false}, p);
    }
  }
  TEST_CASE("numbers of all sizes in one problem are no obstacle, nor do they make up a proof") {
    for (std::uint64_t seed = 2501; seed <= 2500 + test_support::rounds(200); ++seed) {
      CAPTURE(seed);
      auto p = ref::make_random_instance(seed).problem;
      ref::dice roll(seed ^ 0x517e);
      const double sizes[] = {1e-300, 1e-30, 1e-9, 1e-4, 1e5, 1e13};
      for (auto& d : p.devices)
        if (const double size = sizes[roll.below(6)]; roll.chance(0.4))
          for (double& s : d.module_seconds) s *= size;
      for (auto& l : p.links) {
        if (roll.chance(0.3)) l.quality.bandwidth_bytes_per_second *= roll.chance(0.5) ? 1e-9 : 1e300;
        if (roll.chance(0.3)) l.quality.latency_seconds *= sizes[roll.below(6)];
      }
      check_against_brute_force(ll::glpk_partitioner{}, p);
      check_against_brute_force(ll::glpk_partitioner{false}, p);
    }
  }
  TEST_CASE("chain and GLPK alone agree, and each proves its own bound") {
    for (std::uint64_t seed = 3001; seed <= 3060; ++seed) {
      CAPTURE(seed);
      const auto p = ref::make_fleet(seed, 12 + seed % 9, 3 + seed % 4, std::uint32_t{1} << (seed % 4));
      const auto chain = ll::chain_partitioner{}.solve(p, no_limit);
      const auto glpk = ll::glpk_partitioner{false}.solve(p, no_limit);
      REQUIRE(chain.has_value());
      REQUIRE(glpk.has_value());
      CHECK(chain->status == glpk->status);
      if (chain->stages.empty()) continue;
      CHECK(chain->status == ll::solve_status::optimal);
      CHECK(glpk->objective_seconds == doctest::Approx(chain->objective_seconds).epsilon(tolerance));
      CHECK(glpk->bound_seconds <= chain->objective_seconds * (1 + 1e-12));
      CHECK(chain->bound_seconds <= glpk->objective_seconds * (1 + 1e-12));
    }
  }
  TEST_CASE("out of time, the plan that there is comes back with an honest gap") {
    const auto p = ref::make_fleet(7, 60, 12, 4);
    const auto hurried = ll::glpk_partitioner{false}.solve(p, 1e-3);
    const auto best = ll::chain_partitioner{}.solve(p, no_limit);
    REQUIRE(hurried.has_value());
    REQUIRE(best.has_value());
    CHECK(hurried->status != ll::solve_status::infeasible);
    CHECK(hurried->bound_seconds <= best->objective_seconds * (1 + 1e-9));
    if (hurried->status == ll::solve_status::unknown) CHECK_FALSE(hurried->reason.empty());
    for (const std::size_t devices : {12U, 70U}) {  // without and with more of them than chain takes
      const auto late = ll::glpk_partitioner{}.solve(ref::make_fleet(7, 4 * devices, devices, 4), 0);
      REQUIRE(late.has_value());
      CHECK(late->status == ll::solve_status::feasible);
      CHECK(late->bound_seconds < late->objective_seconds);
    }
  }
}

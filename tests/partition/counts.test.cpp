// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/counts.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/partitioner.hpp>
#include <lingualinked/partition/chain.hpp>

#include "brute_force.hpp"
#include "random_instances.hpp"

#include <cstdint>
#include <string>

namespace ll = lingualinked;
namespace ref = planning_reference;

static_assert(ll::Partitioner<ll::counts_partitioner>);

namespace {

/// The same problem with every module like the first.
ll::placement_instance identical_modules(ll::placement_instance p) {
  p.edges.clear();
  for (auto& d : p.devices) d.forbidden_modules.clear();
  for (auto& m : p.modules) m = p.modules.front();
  for (auto& d : p.devices) d.module_seconds.assign(p.modules.size(), d.module_seconds.front());
  return p;
}

}  // namespace

TEST_SUITE("partition/counts") {
  TEST_CASE("for identical modules its plan is the best of all plans, by brute force") {
    std::size_t feasible = 0;
    for (std::uint64_t seed = 1; seed <= 600; ++seed) {
      CAPTURE(seed);
      const auto p = identical_modules(ref::make_random_instance(seed).problem);
      const auto expected = ref::brute_force(p);
      const auto plan = ll::counts_partitioner{}.solve(p, 600);
      REQUIRE(plan.has_value());
      REQUIRE(plan->status == (expected.feasible ? ll::solve_status::optimal : ll::solve_status::infeasible));
      if (!expected.feasible) {
        CHECK_FALSE(plan->reason.empty());
        continue;
      }
      ++feasible;
      const auto cost = ref::price_of(p, plan->stages);
      REQUIRE(cost.has_value());
      CHECK(cost->tau == doctest::Approx(expected.tau).epsilon(1e-9));
      CHECK(plan->objective_seconds == doctest::Approx(expected.tau).epsilon(1e-9));
    }
    CHECK(feasible > 300);
  }
  TEST_CASE("on fleets too large for brute force it agrees with chain") {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      CAPTURE(seed);
      auto p = identical_modules(ref::make_fleet(seed, 40, 5 + seed % 4, std::uint32_t{1} << (seed % 4)));
      if (seed % 2 == 0) p.header.reset();
      const auto counted = ll::counts_partitioner{}.solve(p, 600);
      const auto chained = ll::chain_partitioner{}.solve(p, 600);
      REQUIRE(counted.has_value());
      REQUIRE(chained.has_value());
      CHECK(counted->status == chained->status);
      CHECK(counted->objective_seconds == doctest::Approx(chained->objective_seconds).epsilon(1e-9));
    }
  }
  TEST_CASE("what it cannot count it declines by name") {
    const auto decline = [](const ll::placement_instance& p) {
      const auto plan = ll::counts_partitioner{}.solve(p, 1);
      REQUIRE_FALSE(plan.has_value());
      CHECK(plan.error().code == ll::errc::unsupported);
      CHECK(plan.error().message.find("use chain") != std::string::npos);
    };
    const auto p = identical_modules(ref::make_fleet(1, 6, 3, 1));
    REQUIRE(ll::counts_partitioner{}.solve(p, 1).has_value());
    auto other = p;
    other.modules[4].weight_bytes += 1;
    decline(other);
    other = p;
    other.devices[2].module_seconds[5] *= 1.01;
    decline(other);
    other = p;
    other.edges.push_back({0, 3, 1});
    decline(other);
    other = p;
    other.devices[0].forbidden_modules = {1};
    decline(other);
    decline(identical_modules(ref::make_fleet(1, 20, 15, 1)));
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/chain.hpp>

#include <doctest/doctest.h>

#include "brute_force.hpp"
#include "support/rounds.hpp"
#include "wishes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace ll = lingualinked;
namespace ref = planning_reference;

TEST_SUITE("partition/objectives") {
  TEST_CASE("energy, completion and batteries: the plan of chain is the best of all plans, by brute force") {
    constexpr std::uint64_t instances = test_support::rounds(1500);
    std::uint64_t infeasible = 0, unlike_tau = 0;
    for (std::uint64_t seed = 1; seed <= instances; ++seed) {
      CAPTURE(seed);
      auto p = ref::random_wish(seed);
      p.edges.clear();
      const auto expected = ref::brute_force(p);
      const auto plan = ll::chain_partitioner{}.solve(p, 600);
      REQUIRE(plan.has_value());
      if (!expected.feasible) {
        ++infeasible;
        CHECK(plan->status == ll::solve_status::infeasible);
        CHECK(plan->stages.empty());
        CHECK_FALSE(plan->reason.empty());
        continue;
      }
      REQUIRE(plan->status == ll::solve_status::optimal);
      const auto cost = ref::price_of(p, plan->stages);
      REQUIRE(cost.has_value());
      CHECK(cost->value == doctest::Approx(expected.value).epsilon(1e-9));
      CHECK(ref::value_of(p, *plan) == doctest::Approx(expected.value).epsilon(1e-9));
      CHECK(ref::bound_of(p, *plan) == doctest::Approx(expected.value).epsilon(1e-9));
      CHECK(plan->objective_seconds == doctest::Approx(cost->tau).epsilon(1e-9));
      auto quick = p;
      quick.goal = ll::objective::latency;
      for (auto& d : quick.devices) d.battery_joules.reset();
      if (cost->tau > ref::brute_force(quick).tau * (1 + 1e-9)) ++unlike_tau;
    }
    CHECK(infeasible * 2 <= instances);
    CHECK(unlike_tau * 10 >= instances);
    MESSAGE("infeasible " << infeasible << ", best plan without the least tau " << unlike_tau << ", of " << instances);
  }
  TEST_CASE("the evaluator agrees with the definitions of energy, prompt and completion written down naively") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      CAPTURE(seed);
      const auto p = ref::random_wish(seed);
      std::vector<ll::stage_interval> stages;
      std::vector<bool> used(p.devices.size(), false);
      ref::every_plan(p, stages, used, [&](const std::vector<ll::stage_interval>& plan) {
        const auto expected = ref::price_of(p, plan);
        const auto cost = ll::evaluate(p, plan);
        bool same = cost.has_value() == expected.has_value();
        if (same && expected)
          same = cost->joules_per_token.value() == doctest::Approx(expected->joules).epsilon(1e-12) &&
                 cost->completion_seconds.value() == doctest::Approx(expected->completion).epsilon(1e-12) &&
                 cost->objective_value == doctest::Approx(expected->value).epsilon(1e-12);
        if (!same) FAIL_CHECK("disagreement on a plan of " << plan.size() << " stages");
      });
    }
  }
  TEST_CASE("what must not matter does not, and what helps never costs anything") {
    for (std::uint64_t seed = 3001; seed <= 3000 + test_support::rounds(200); ++seed) {
      CAPTURE(seed);
      auto p = ref::random_wish(seed);
      p.edges.clear();
      const auto least = [&](const ll::placement_instance& of) {
        const auto plan = ll::chain_partitioner{}.solve(of, 600);
        REQUIRE(plan.has_value());
        return plan->stages.empty() ? std::numeric_limits<double>::infinity() : ref::value_of(of, *plan);
      };
      const double value = least(p);
      auto turned = p;  // the same fleet from its end
      const std::size_t last = p.devices.size() - 1;
      std::reverse(turned.devices.begin(), turned.devices.end());
      for (auto& l : turned.links) l = {last - l.from, last - l.to, l.quality};
      if (p.header) turned.header = last - *p.header;
      auto thrifty = p;
      for (auto& d : thrifty.devices) {
        *d.power_active_watts /= 2;
        *d.power_idle_watts /= 2;
      }
      for (auto& l : thrifty.links)
        if (l.quality.joules_per_byte) *l.quality.joules_per_byte /= 2;
      auto charged = p;
      for (auto& d : charged.devices)
        if (d.battery_joules) *d.battery_joules *= 2;
      auto roomy = p;
      for (auto& d : roomy.devices) d.memory_bytes += d.memory_bytes / 2;
      auto fine = p;  // a chunk more to choose from
      fine.chunk_tokens.push_back(64);
      for (auto& d : fine.devices) d.prefill_seconds.push_back(d.module_seconds);
      for (const auto* easier : {&thrifty, &charged, &roomy, &fine}) CHECK(least(*easier) <= value * (1 + 1e-9));
      if (value == std::numeric_limits<double>::infinity()) {
        CHECK(least(turned) == value);
        continue;
      }
      CHECK(least(turned) == doctest::Approx(value).epsilon(1e-9));
      if (p.goal != ll::objective::energy) continue;
      bool limited = false;
      for (const auto& d : p.devices) limited = limited || d.battery_joules;
      if (!limited) CHECK(least(thrifty) == doctest::Approx(value / 2).epsilon(1e-9));
    }
  }
  TEST_CASE("edges and other objectives together are left to glpk, by name") {
    auto p = ref::random_wish(1);
    p.edges = {{0, 2, 10}};
    const auto plan = ll::chain_partitioner{}.solve(p, 600);
    REQUIRE_FALSE(plan.has_value());
    CHECK(plan.error().code == ll::errc::unsupported);
    CHECK(plan.error().message.find("use glpk") != std::string::npos);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/explanation.hpp>

#include <doctest/doctest.h>

#include <lingualinked/partition/chain.hpp>

#include "random_instances.hpp"
#include "simple_plans.hpp"
#include "support/mentions.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ll = lingualinked;
namespace ref = planning_reference;

namespace {

using test_support::mentions;

ll::result<ll::placement> solve(const ll::placement_instance& p) { return ll::chain_partitioner{}.solve(p, 600); }

}  // namespace

TEST_SUITE("partition/explanation") {
  TEST_CASE("what limits a plan is its lap, its busiest stage or its busiest link") {
    auto p = ref::alike(2, {1, 1, 3, 3});
    const std::vector<ll::stage_interval> stages{{0, 0, 1}, {1, 2, 3}};
    CHECK(mentions(ll::what_limits(p, stages).value(), "the lap of one token: 8000 ms computing, of which 6000 on 'd1'"));
    p.sequences = 4;
    CHECK(mentions(ll::what_limits(p, stages).value(), "the busiest stage, on 'd1': 6000 ms for each of 4"));
    for (auto& l : p.links) l.quality.bandwidth_bytes_per_second = 0.5;
    CHECK(mentions(ll::what_limits(p, stages).value(), "the busiest link: 8000 ms"));
    p.devices[1].memory_bytes = 20;
    CHECK(mentions(ll::what_limits(p, stages).value(), "'d1' is full"));
    CHECK_FALSE(mentions(ll::what_limits(p, stages).value(), "'d0' is full"));
  }
  TEST_CASE("an unused device is too small, too slow or out of reach") {
    auto p = ref::alike(3, {1, 1, 1, 1});
    const auto plan = solve(p).value();
    REQUIRE(plan.stages.size() == 1);
    const std::size_t other = plan.stages[0].device == 2 ? 1 : 2;
    CHECK(mentions(ll::why_unused(p, plan, other), "s a round instead of 4"));
    p.devices[other].memory_bytes = 9;
    CHECK(mentions(ll::why_unused(p, plan, other), "its 9 bytes for modules are less than the 10"));
    p.devices[other].memory_bytes = 20;
    p.links.clear();
    CHECK(mentions(ll::why_unused(p, plan, other), "no neighbouring plan"));
  }
  TEST_CASE("what would help is solved again, the best of each kind first, and never makes the best plan worse") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      CAPTURE(seed);
      const auto p = ref::make_random_instance(seed).problem;
      const auto plan = solve(p).value();
      const auto changes = ll::what_would_help(p, plan.stages, solve);
      const std::size_t devices = plan.stages.empty() ? p.devices.size() : plan.stages.size();
      CHECK(changes.size() == 2 * devices + (plan.stages.empty() ? 0 : plan.stages.size() - 1));
      for (std::size_t i = 0; i < changes.size(); ++i) {
        if (!plan.stages.empty()) {
          REQUIRE(changes[i].tau_seconds.has_value());
          CHECK(*changes[i].tau_seconds <= plan.objective_seconds * (1 + 1e-12));
        }
        if (i > 0 && changes[i].change == changes[i - 1].change && changes[i].tau_seconds)
          CHECK(changes[i].tau_seconds >= changes[i - 1].tau_seconds);
      }
    }
  }
  TEST_CASE("memory that makes an impossible plan possible is named") {
    auto p = ref::alike(2, {1, 1});
    p.devices[0].memory_bytes = 9;
    p.devices[1].memory_bytes = 9;
    const auto changes = ll::what_would_help(p, {}, solve);
    REQUIRE(changes.size() == 4);
    CHECK(changes[0].text == "1 GB more on 'd0'");
    CHECK(changes[0].tau_seconds == 2);
    CHECK_FALSE(changes[2].tau_seconds.has_value());  // a second small device is no help
  }
  TEST_CASE("a second device like one that is there doubles what can be done at once") {
    auto q = ref::alike(2, {1, 1, 1, 1});
    q.devices[1].memory_bytes = 0;
    q.sequences = 8;
    const auto plan = solve(q).value();
    CHECK(plan.objective_seconds == doctest::Approx(32));
    double best = plan.objective_seconds;
    for (const auto& w : ll::what_would_help(q, plan.stages, solve))
      if (w.change == ll::what_if::kind::device) best = *w.tau_seconds;
    CHECK(best == doctest::Approx(16));
  }
}

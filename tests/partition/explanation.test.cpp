// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/explanation.hpp>

#include <doctest/doctest.h>

#include <lingualinked/partition/chain.hpp>

#include "random_instances.hpp"
#include "simple_plans.hpp"
#include "support/mentions.hpp"

#include <algorithm>
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
    CHECK(mentions(ll::what_limits(p, stages).value(), "the busiest link, from 'd0' to 'd1': 8000 ms"));
    p.devices[1].memory_bytes = 20;
    CHECK(mentions(ll::what_limits(p, stages).value(), "'d1' is full"));
    CHECK_FALSE(mentions(ll::what_limits(p, stages).value(), "'d0' is full"));
  }
  TEST_CASE("an unused device is too small, too slow or out of reach") {
    auto p = ref::alike(3, {1, 1, 1, 1});
    const auto plan = solve(p).value();
    REQUIRE(plan.stages.size() == 1);
    const std::size_t other = plan.stages[0].device == 2 ? 1 : 2;
    CHECK(mentions(ll::why_unused(p, plan, other), "a round takes no less than the 4000 ms without"));
    for (double& s : p.devices[other].module_seconds) s = 1.5;
    CHECK(mentions(ll::why_unused(p, plan, other),
                   "takes 4502.01 ms instead of 4000 ms: 500 ms more computing, 2.008 ms more on the way"));
    p.devices[other].memory_bytes = 9;
    CHECK(mentions(ll::why_unused(p, plan, other), "its 9 bytes for modules are less than the 10"));
    p.devices[other].memory_bytes = 20;
    p.links.clear();
    CHECK(mentions(ll::why_unused(p, plan, other), "it fits nowhere into this plan: no link from"));
  }
  TEST_CASE("what would help is solved again, the best of each kind first, and never makes the best plan worse") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      CAPTURE(seed);
      const auto p = ref::make_random_instance(seed).problem;
      const auto plan = solve(p).value();
      const auto changes = ll::what_would_help(p, plan.stages, solve);
      const std::size_t devices = plan.stages.empty() ? p.devices.size() : plan.stages.size();
      if (plan.stages.empty()) CHECK(changes.size() >= 2 * devices);
      else CHECK(changes.size() == devices + p.devices.size() + plan.stages.size() - 1);
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
  TEST_CASE("what there was no time to solve is said to be unknown, and nothing is said of devices beyond the proof") {
    auto p = ref::alike(2, {1, 1, 1, 1});
    p.devices.push_back(p.devices[1]);
    p.devices.back().name = "idle";
    auto plan = solve(p).value();
    for (const auto& w : ll::what_would_help(p, plan.stages, solve)) CHECK(w.status == ll::solve_status::optimal);
    for (const auto& w :
         ll::what_would_help(p, plan.stages, [](const auto&) { return ll::result<ll::placement>(ll::placement{}); })) {
      CHECK(w.status == ll::solve_status::unknown);
      CHECK_FALSE(w.tau_seconds.has_value());
    }
    const auto all = ll::unused_devices(p, plan, 60);
    REQUIRE(all.size() == p.devices.size() - plan.stages.size());
    for (const auto& u : all) CHECK(u.reason == ll::why_unused(p, plan, u.device));
    for (const auto& u : ll::unused_devices(p, plan, 0)) CHECK(mentions(u.reason, "the proof says"));
    plan.status = ll::solve_status::feasible;
    for (const auto& u : ll::unused_devices(p, plan, 0)) CHECK(mentions(u.reason, "no time was left"));
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
  TEST_CASE("where tokens cannot get back, the link that is missing is named") {
    auto p = ref::alike(2, {1, 1});
    for (auto& d : p.devices) d.memory_bytes = 15;
    std::erase_if(p.links, [](const ll::link& l) { return l.from == 1; });
    REQUIRE(solve(p)->stages.empty());
    const auto changes = ll::what_would_help(p, {}, solve);
    const auto link = std::ranges::find(changes, ll::what_if::kind::link, &ll::what_if::change);
    REQUIRE(link != changes.end());
    CHECK(link->text == "a link from 'd1' to 'd0'");
    CHECK(link->tau_seconds == doctest::Approx(2.002).epsilon(1e-4));
  }
}

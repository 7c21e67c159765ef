// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/lingualinked.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/partitioner.hpp>

#include "brute_force.hpp"
#include "random_instances.hpp"
#include "simple_plans.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace ll = lingualinked;
namespace ref = planning_reference;

static_assert(ll::Partitioner<ll::lingualinked_partitioner>);

namespace {

constexpr double no_such_plan = std::numeric_limits<double>::infinity();

/// The paper's objective, written down naively: computing, and bytes between devices over bandwidth.
double paper_objective(const ll::placement_instance& p, const std::vector<ll::stage_interval>& stages) {
  if (p.header && stages.front().device != *p.header) return no_such_plan;
  std::vector<std::size_t> device_of(p.modules.size());
  double total = 0;
  for (const auto& s : stages) {
    std::uint64_t weights = 0;
    for (std::size_t j = s.first_module; j <= s.last_module; ++j) {
      device_of[j] = s.device;
      weights += p.modules[j].weight_bytes;
      total += p.devices[s.device].module_seconds[j];
    }
    if (weights > p.devices[s.device].memory_bytes) return no_such_plan;
  }
  const auto send = [&](std::size_t from, std::size_t to, std::uint64_t bytes) {
    if (from == to) return;
    const auto quality = ref::find_link(p, from, to);
    total += quality ? static_cast<double>(bytes) / quality->bandwidth_bytes_per_second : no_such_plan;
  };
  for (std::size_t j = 0; j + 1 < p.modules.size(); ++j) send(device_of[j], device_of[j + 1], p.modules[j].cut_bytes);
  for (const auto& e : p.edges) send(device_of[e.from_module], device_of[e.to_module], e.bytes);
  send(device_of.back(), device_of.front(), p.token_bytes);
  return total;
}

double best_by_paper(const ll::placement_instance& p) {
  double best = no_such_plan;
  std::vector<ll::stage_interval> stages;
  std::vector<bool> used(p.devices.size(), false);
  ref::every_plan(p, stages, used, [&](const auto& plan) { best = std::min(best, paper_objective(p, plan)); });
  return best;
}

}  // namespace

TEST_SUITE("partition/lingualinked") {
  TEST_CASE("the plan is the best of all by the paper's objective, and costs what every plan costs") {
    int plans = 0;
    int broken = 0;
    int impossible = 0;
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
      CAPTURE(seed);
      const auto p = ref::without_limits(ref::make_random_instance(seed).problem);
      const double best = best_by_paper(p);
      // Where the paper's problem knows no more limits than ours, every one of its plans is one of ours.
      auto easy = p;
      easy.context_tokens = 0;
      easy.tied_bytes = 0;
      const auto plan = ll::lingualinked_partitioner{}.solve(easy, 600);
      REQUIRE(plan.has_value());
      if (best == no_such_plan) {
        CHECK(plan->stages.empty());
        CHECK_FALSE(plan->reason.empty());
        ++impossible;
        continue;
      }
      REQUIRE_FALSE(plan->stages.empty());
      CHECK(paper_objective(p, plan->stages) == doctest::Approx(best).epsilon(1e-9));
      const auto cost = ref::price_of(easy, plan->stages);
      REQUIRE(cost.has_value());
      CHECK(plan->objective_seconds == doctest::Approx(cost->tau).epsilon(1e-12));
      const auto real = ll::lingualinked_partitioner{}.solve(p, 600);
      REQUIRE(real.has_value());
      if (real->stages.empty()) {
        CHECK_FALSE(real->reason.empty());
        ++broken;
      } else {
        CHECK(ref::price_of(p, real->stages).has_value());
        ++plans;
      }
    }
    CHECK(plans > 100);
    CHECK(broken > 20);
    CHECK(impossible > 20);
  }
  TEST_CASE("a KV cache that the paper does not count makes its plan no plan, and the reason says the bytes") {
    auto p = ref::alike(2, {1, 1, 1, 1});
    for (double& s : p.devices[1].module_seconds) s = 2;
    for (auto& m : p.modules) m.kv_bytes_per_token = 1;
    for (auto& d : p.devices) d.memory_bytes = 45;
    CHECK(ll::lingualinked_partitioner{}.solve(p, 1)->stages.size() == 1);
    p.context_tokens = 10;
    const auto plan = ll::lingualinked_partitioner{}.solve(p, 1).value();
    CHECK(plan.stages.empty());
    CHECK(plan.status == ll::solve_status::unknown);
    CHECK(plan.reason.find("need 80 bytes; 'd0' has 45") != std::string::npos);
    CHECK(ll::chain_partitioner{}.solve(p, 1)->stages.size() == 2);
  }
  TEST_CASE("module 0 stays on the header, also where that is slow, and cannot where the header has no room") {
    auto p = ref::alike(2, {1, 1, 1, 1});
    for (double& s : p.devices[1].module_seconds) s = 9;
    p.header = 1;
    CHECK(ll::lingualinked_partitioner{}.solve(p, 1)->stages == std::vector<ll::stage_interval>{{1, 0, 0}, {0, 1, 3}});
    p.devices[1].memory_bytes = 5;
    const auto plan = ll::lingualinked_partitioner{}.solve(p, 1).value();
    CHECK(plan.stages.empty());
    CHECK(plan.reason.find("header") != std::string::npos);
  }
  TEST_CASE("more devices or modules than it is meant for are declined by name") {
    for (const auto& p : {ref::alike(17, {1, 1}), ref::alike(2, std::vector<double>(513, 1.0))}) {
      const auto declined = ll::lingualinked_partitioner{}.solve(p, 1);
      REQUIRE_FALSE(declined.has_value());
      CHECK(declined.error().code == ll::errc::unsupported);
      CHECK(declined.error().message.find("lingualinked plans up to") != std::string::npos);
    }
  }
}

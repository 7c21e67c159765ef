// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/chain.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/partitioner.hpp>

#include "brute_force.hpp"
#include "random_instances.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace ll = lingualinked;
namespace ref = planning_reference;

static_assert(ll::Partitioner<ll::chain_partitioner>);

namespace {

constexpr double no_limit = 600;

bool has_one_way_link(const ll::placement_instance& p) {
  for (const auto& l : p.links)
    if (!ref::find_link(p, l.to, l.from)) return true;
  return false;
}

}  // namespace

TEST_SUITE("partition/chain") {
  TEST_CASE("its plan is the best of all plans, by brute force, on instances of every kind") {
    constexpr std::uint64_t instances = 1000;
    std::uint64_t infeasible = 0, edges = 0, missing = 0, one_way = 0, ties = 0, tied = 0;
    std::uint64_t forbidden = 0, contracts = 0, stages = 0;
    std::uint64_t header_null = 0, header_with_stage = 0, header_without_stage = 0;
    std::set<std::uint32_t> sequences;
    for (std::uint64_t seed = 1; seed <= instances; ++seed) {
      CAPTURE(seed);
      const auto random = ref::make_random_instance(seed);
      const auto& p = random.problem;
      const auto expected = ref::brute_force(p);
      const auto plan = ll::chain_partitioner{}.solve(p, no_limit);
      REQUIRE(plan.has_value());

      sequences.insert(p.sequences);
      if (!expected.feasible) ++infeasible;
      if (!p.edges.empty()) ++edges;
      if (p.links.size() < p.devices.size() * (p.devices.size() - 1)) ++missing;
      if (has_one_way_link(p)) ++one_way;
      if (random.exact_ties) ++ties;
      if (p.tied_bytes > 0) ++tied;
      if (!p.header) ++header_null;
      if (p.max_stages) ++stages;
      bool forbids = false, mixes = false;
      for (const auto& d : p.devices) {
        forbids = forbids || !d.forbidden_modules.empty();
        mixes = mixes || d.contract != p.devices.front().contract;
      }
      if (forbids) ++forbidden;
      if (mixes) ++contracts;

      if (!expected.feasible) {
        CHECK(plan->status == ll::solve_status::infeasible);
        CHECK(plan->stages.empty());
        CHECK_FALSE(plan->reason.empty());
        continue;
      }
      REQUIRE(plan->status == ll::solve_status::optimal);
      CHECK(plan->reason.empty());
      const auto cost = ref::price_of(p, plan->stages);
      REQUIRE(cost.has_value());
      CHECK(cost->tau == doctest::Approx(expected.tau).epsilon(1e-9));
      CHECK(plan->objective_seconds == doctest::Approx(expected.tau).epsilon(1e-9));
      CHECK(plan->bound_seconds <= plan->objective_seconds);
      CHECK(plan->bound_seconds == doctest::Approx(expected.tau).epsilon(1e-9));
      CHECK(plan->stages.size() == expected.stages);
      CHECK(cost->lap == doctest::Approx(expected.lap).epsilon(1e-9));

      if (p.header) {
        bool stage = false;
        for (const auto& s : plan->stages) stage = stage || s.device == *p.header;
        ++(stage ? header_with_stage : header_without_stage);
      }
    }
    CHECK(sequences == std::set<std::uint32_t>{1, 2, 4, 8});
    CHECK(infeasible * 5 >= instances);
    CHECK(edges * 10 >= instances * 3);
    CHECK(missing * 5 >= instances);
    CHECK(one_way * 5 >= instances);
    CHECK(ties * 5 >= instances);
    CHECK(tied * 5 >= instances);
    CHECK(header_null * 5 >= instances);
    CHECK(forbidden * 5 >= instances);
    CHECK(contracts * 20 >= instances);
    CHECK(stages * 5 >= instances);
    CHECK(header_with_stage * 20 >= instances);
    CHECK(header_without_stage * 20 >= instances);
    MESSAGE("infeasible " << infeasible << ", edges " << edges << ", missing links " << missing << ", one-way " << one_way
                          << ", ties " << ties << ", tied " << tied << ", header null " << header_null << ", with stage "
                          << header_with_stage << ", without " << header_without_stage << ", forbidden modules " << forbidden
                          << ", two contracts " << contracts << ", limited stages " << stages << ", of " << instances);
  }
  TEST_CASE("told to follow more edges past one cut it stays exact, and by default it declines them by name") {
    std::uint64_t declined = 0;
    for (std::uint64_t seed = 2001; seed <= 2200; ++seed) {
      CAPTURE(seed);
      auto p = ref::make_random_instance(seed).problem;
      ref::add_edges(p, seed, 3 + seed % 6);
      const auto expected = ref::brute_force(p);
      const auto plan = ll::chain_partitioner{8}.solve(p, no_limit);
      REQUIRE(plan.has_value());
      REQUIRE(plan->status == (expected.feasible ? ll::solve_status::optimal : ll::solve_status::infeasible));
      if (expected.feasible) CHECK(plan->objective_seconds == doctest::Approx(expected.tau).epsilon(1e-9));
      const auto by_default = ll::chain_partitioner{}.solve(p, no_limit);
      if (by_default) continue;
      ++declined;
      CHECK(by_default.error().code == ll::errc::unsupported);
      CHECK(by_default.error().message.find("use glpk") != std::string::npos);
    }
    CHECK(declined > 20);
  }
  TEST_CASE("out of time it says what it has, and proves no more than it did") {
    const auto p = ref::make_fleet(3, 50, 14, 4, 1.2);
    const auto best = ll::chain_partitioner{}.solve(p, no_limit);
    REQUIRE(best.has_value());
    for (const double limit : {0.0, 1e-4, 1e-2, 1e-1}) {
      const auto plan = ll::chain_partitioner{}.solve(p, limit);
      REQUIRE(plan.has_value());
      CHECK(plan->status != ll::solve_status::infeasible);
      CHECK(plan->bound_seconds <= best->objective_seconds * (1 + 1e-9));
      if (!plan->stages.empty()) CHECK(plan->objective_seconds >= best->objective_seconds * (1 - 1e-9));
      else CHECK(plan->reason.find("no plan found within") == 0);
    }
  }
  TEST_CASE("two dozen devices of three types are planned with proof, as the types and their numbers say") {
    auto p = ref::make_fleet(5, 40, 3, 4, 1.2);
    const auto types = p.devices;
    p.devices.clear();
    p.links.clear();
    p.header.reset();
    constexpr std::size_t devices = 24;
    for (std::size_t d = 0; d < devices; ++d) {
      p.devices.push_back(types[d % 3]);
      p.devices.back().name = std::to_string(d);
      p.devices.back().memory_bytes /= 3;
      for (std::size_t e = 0; e < devices; ++e)
        if (d != e) p.links.push_back({d, e, {1e-3 * static_cast<double>(2 + d % 3) + 5e-4 * static_cast<double>(e % 3), 2e7}});
    }
    const auto plan = ll::chain_partitioner{}.solve(p, no_limit);
    REQUIRE(plan.has_value());
    CHECK(plan->status == ll::solve_status::optimal);
    // In another order, in which twins are told apart by others, the optimum is the same.
    auto sorted = p;
    std::stable_sort(sorted.devices.begin(), sorted.devices.end(),
                     [](const auto& x, const auto& y) { return std::stoul(x.name) % 3 < std::stoul(y.name) % 3; });
    sorted.links.clear();
    for (std::size_t d = 0; d < devices; ++d)
      for (std::size_t e = 0; e < devices; ++e)
        if (d != e)
          sorted.links.push_back({d, e, {1e-3 * static_cast<double>(2 + d / 8) + 5e-4 * static_cast<double>(e / 8), 2e7}});
    const auto again = ll::chain_partitioner{}.solve(sorted, no_limit);
    REQUIRE(again.has_value());
    CHECK(again->objective_seconds == doctest::Approx(plan->objective_seconds).epsilon(1e-9));
  }
  TEST_CASE("what has no plan says which limit is in the way: private modules, contracts, stages, links") {
    const auto reason = [](const ll::placement_instance& p) {
      const auto plan = ll::chain_partitioner{}.solve(p, no_limit);
      REQUIRE(plan.has_value());
      CHECK(plan->status == ll::solve_status::infeasible);
      return plan->reason;
    };
    const auto p = ref::make_fleet(1, 8, 3, 1, 1.2);
    auto limited = p;
    for (auto& d : limited.devices) d.forbidden_modules = {0};
    CHECK(reason(limited).find("private: no trusted device can hold module 0 ('block 0')") == 0);
    limited.devices[1].forbidden_modules.clear();
    limited.devices[1].memory_bytes = 1000;
    CHECK(reason(limited).find("the largest where it is allowed, 'device 1', has 1000") != std::string::npos);
    limited = p;
    limited.devices[2].contract = 2;
    CHECK(reason(limited).find("contracts: ") == 0);
    limited = p;
    limited.max_stages = 2;
    CHECK(reason(limited).find("stages: ") == 0);
    limited = p;
    for (auto& d : limited.devices) d.forbidden_modules = {3};
    limited.devices[0].forbidden_modules.clear();
    limited.devices[0].forbidden_modules = {1, 2, 4, 5};  // all that is left for it is module 3, and that is too little
    CHECK(reason(limited).find("private: every plan") == 0);
  }
  TEST_CASE("a plan that fails for want of links is not blamed on memory, whether they are missing or without bandwidth") {
    auto p = ref::make_fleet(1, 8, 3, 1, 1.2);
    for (auto& l : p.links) l.quality.bandwidth_bytes_per_second = 0;
    for (const bool listed : {true, false}) {
      if (!listed) p.links.clear();
      const auto plan = ll::chain_partitioner{}.solve(p, no_limit);
      REQUIRE(plan.has_value());
      CHECK(plan->status == ll::solve_status::infeasible);
      CHECK(plan->reason.find("links: ") == 0);
    }
  }
}

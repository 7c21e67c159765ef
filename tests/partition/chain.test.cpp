// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/chain.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/partitioner.hpp>

#include "brute_force.hpp"
#include "random_instances.hpp"
#include "support/rounds.hpp"
#include "types_reference.hpp"

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
    constexpr std::uint64_t instances = test_support::rounds(2000);
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
    for (std::uint64_t seed = 2001; seed <= 2000 + test_support::rounds(200); ++seed) {
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
    CHECK(declined > test_support::rounds(200) / 10);
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
      REQUIRE_FALSE(plan->stages.empty());
      CHECK(plan->objective_seconds >= best->objective_seconds * (1 - 1e-9));
    }
  }
  TEST_CASE("two dozen devices of three types are planned with proof, as a count of types says") {
    constexpr std::size_t of_each = 8;
    const ll::link_quality alike{4e-3, 3e7};
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      CAPTURE(seed);
      auto types = ref::make_fleet(seed, 24, 3, seed % 3 == 0 ? 1 : seed % 3 == 1 ? 4 : 16, 1.2);
      for (auto& d : types.devices) d.memory_bytes /= of_each / 2;
      const auto plan = ll::chain_partitioner{}.solve(ref::many_of(types, of_each, alike), no_limit);
      REQUIRE(plan.has_value());
      REQUIRE(plan->status == ll::solve_status::optimal);
      CHECK(plan->objective_seconds == doctest::Approx(ref::three_types(types, of_each, alike).least_tau()).epsilon(1e-9));
      CHECK(plan->bound_seconds >= plan->objective_seconds * (1 - 1e-9));
      CHECK(plan->stages.size() > 2);
    }
    // In another order, in which twins are told apart by others, the optimum is the same.
    auto types = ref::make_fleet(7, 24, 3, 4, 1.2);
    for (auto& d : types.devices) d.memory_bytes /= of_each / 2;
    auto p = ref::many_of(types, of_each, alike);
    const auto place = [](std::size_t d) { return d % 3 * of_each + d / 3; };
    auto sorted = p;
    for (std::size_t d = 0; d < p.devices.size(); ++d) sorted.devices[place(d)] = p.devices[d];
    for (auto& l : sorted.links) l = {place(l.from), place(l.to), l.quality};
    CHECK(ll::chain_partitioner{}.solve(sorted, no_limit)->objective_seconds ==
          doctest::Approx(ll::chain_partitioner{}.solve(p, no_limit)->objective_seconds).epsilon(1e-9));
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
  TEST_CASE("in a fleet too large for chain, too, a missing link is named, or the bytes") {
    auto p = ref::make_fleet(1, 6, 3, 1, 1.2);
    while (p.devices.size() < 100) {
      p.devices.push_back(p.devices[p.devices.size() % 3]);
      p.devices.back().name = "device " + std::to_string(p.devices.size() - 1);
    }
    p.links.clear();
    CHECK(ll::chain_partitioner::reason_for_infeasible(p, no_limit).find("links: ") == 0);
    for (auto& d : p.devices) d.memory_bytes = p.modules[0].weight_bytes - 1;
    const std::string reason = ll::chain_partitioner::reason_for_infeasible(p, no_limit);
    CHECK(reason.find("memory: the modules need ") == 0);
    CHECK(reason.find("no plan keeps all limits together") != std::string::npos);
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

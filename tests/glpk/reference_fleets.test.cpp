// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/glpk/partitioner.hpp>

#include <doctest/doctest.h>

#include <lingualinked/documents/instance.hpp>
#include <lingualinked/partition/even.hpp>

#include "../partition/brute_force.hpp"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace ll = lingualinked;
namespace ref = planning_reference;

namespace {

ll::placement_instance load(const std::string& name) {
  std::ifstream file(std::string(LINGUALINKED_TEST_DATA) + "/instances/" + name + ".json", std::ios::binary);
  REQUIRE(file);
  auto instance = ll::read_instance(std::string(std::istreambuf_iterator<char>(file), {}));
  REQUIRE_MESSAGE(instance.has_value(), instance.error().message);
  return *std::move(instance);
}

/// The same problem with `group` modules in one, small enough for brute force.
ll::placement_instance coarser(const ll::placement_instance& p, std::size_t group) {
  ll::placement_instance r = p;
  r.modules.clear();
  for (auto& d : r.devices) d.module_seconds.clear();
  for (std::size_t first = 0; first < p.modules.size(); first += group) {
    const std::size_t end = std::min(first + group, p.modules.size());
    ll::placement_instance::module m{p.modules[first].name, 0, 0, p.modules[end - 1].cut_bytes};
    for (std::size_t j = first; j < end; ++j) {
      m.weight_bytes += p.modules[j].weight_bytes;
      m.kv_bytes_per_token += p.modules[j].kv_bytes_per_token;
    }
    r.modules.push_back(m);
    for (std::size_t d = 0; d < p.devices.size(); ++d) {
      double seconds = 0;
      for (std::size_t j = first; j < end; ++j) seconds += p.devices[d].module_seconds[j];
      r.devices[d].module_seconds.push_back(seconds);
    }
  }
  return r;
}

const std::vector<std::string> names{"three-devices-1", "three-devices-4", "five-phones-1", "five-phones-4"};

}  // namespace

TEST_SUITE("glpk/reference_fleets") {
  TEST_CASE("the fleets of published systems get proven plans, the same from GLPK alone, from GLPK and from chain") {
    for (const std::string& name : names) {
      CAPTURE(name);
      const auto p = load(name);
      const auto chain = ll::chain_partitioner{}.solve(p, 600);
      REQUIRE(chain.has_value());
      CHECK(chain->status == ll::solve_status::optimal);
      const auto best = ref::price_of(p, chain->stages);
      REQUIRE(best.has_value());
      CHECK(chain->objective_seconds == doctest::Approx(best->tau).epsilon(1e-12));
      for (const bool start_from_chain : {false, true}) {
        const auto glpk = ll::glpk_partitioner{start_from_chain}.solve(p, 600);
        REQUIRE(glpk.has_value());
        CHECK(glpk->status == ll::solve_status::optimal);
        const auto cost = ref::price_of(p, glpk->stages);
        REQUIRE(cost.has_value());
        CHECK(cost->tau == doctest::Approx(best->tau).epsilon(2e-6));
      }
      const auto even = ll::even_partitioner{}.solve(p, 1);
      if (!even->stages.empty()) CHECK(even->objective_seconds >= best->tau);
    }
  }
  TEST_CASE("on three devices brute force finds nothing better; on five phones neither, with five modules in one") {
    for (const std::string& name : names) {
      CAPTURE(name);
      const auto whole = load(name);
      const auto p = whole.devices.size() == 3 ? whole : coarser(whole, 5);
      const auto expected = ref::brute_force(p);
      const auto plan = ll::chain_partitioner{}.solve(p, 600);
      REQUIRE(plan.has_value());
      REQUIRE(expected.feasible);
      CHECK(plan->objective_seconds == doctest::Approx(expected.tau).epsilon(1e-9));
      CHECK(plan->stages.size() == expected.stages);
    }
  }
  TEST_CASE("plans of the three devices cost what a published analysis of them says") {
    const auto p = load("three-devices-1");
    const auto check = [&](const std::vector<ll::stage_interval>& stages, double lap, double busiest) {
      auto roomy = p;  // the analysis looked at times only
      for (auto& d : roomy.devices) d.memory_bytes = UINT64_MAX;
      const auto cost = ll::evaluate(roomy, stages);
      REQUIRE(cost.has_value());
      CHECK(cost->lap_seconds == doctest::Approx(lap).epsilon(0.005));
      CHECK(cost->bottleneck_seconds == doctest::Approx(busiest).epsilon(0.005));
    };
    check({{0, 0, 16}, {1, 17, 33}, {2, 34, 49}}, 4.10, 1.70);
    check({{0, 0, 0}, {2, 1, 49}}, 3.51, 3.25);
    check({{0, 0, 16}, {2, 17, 42}, {1, 43, 49}}, 4.14, 1.24);
    check({{0, 0, 49}}, 5.22, 5.22);
  }
}

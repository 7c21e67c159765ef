// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/chain.hpp>

#include <doctest/doctest.h>

#include "brute_force.hpp"
#include "random_instances.hpp"
#include "support/rounds.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace ll = lingualinked;
namespace ref = planning_reference;

namespace {

constexpr double infeasible = std::numeric_limits<double>::infinity();
constexpr std::uint64_t instances = test_support::rounds(300);

double least_tau(const ll::placement_instance& p) {
  const auto plan = ll::chain_partitioner{}.solve(p, 600);
  REQUIRE(plan.has_value());
  if (plan->status == ll::solve_status::infeasible) return infeasible;
  REQUIRE(plan->status == ll::solve_status::optimal);
  return plan->objective_seconds;
}

/// The same fleet listed from its end.
ll::placement_instance reversed(ll::placement_instance p) {
  const std::size_t last = p.devices.size() - 1;
  for (std::size_t d = 0; d < p.devices.size() / 2; ++d) std::swap(p.devices[d], p.devices[last - d]);
  for (auto& l : p.links) l = {last - l.from, last - l.to, l.quality};
  if (p.header) p.header = last - *p.header;
  return p;
}

void check_equal(double actual, double expected) {
  if (expected == infeasible) CHECK(actual == infeasible);
  else CHECK(actual == doctest::Approx(expected).epsilon(1e-9));
}

/// Calls check(instance, its least tau) for random instances of every kind.
template <class Check>
void each_instance(const Check& check) {
  for (std::uint64_t seed = 1; seed <= instances; ++seed) {
    CAPTURE(seed);
    const auto p = ref::make_random_instance(seed).problem;
    check(p, least_tau(p));
  }
}

}  // namespace

TEST_SUITE("partition/metamorphic") {
  TEST_CASE("the order in which devices are listed does not matter") {
    each_instance([](const auto& p, double tau) { check_equal(least_tau(reversed(p)), tau); });
  }
  TEST_CASE("in other units of time the best plan takes as long") {
    each_instance([](auto p, double tau) {
      for (auto& d : p.devices) {
        for (double& s : d.module_seconds) s *= 1000;
        d.stage_seconds *= 1000;
      }
      for (auto& l : p.links) l.quality = {l.quality.latency_seconds * 1000, l.quality.bandwidth_bytes_per_second / 1000};
      check_equal(least_tau(p), tau * 1000);
    });
  }
  TEST_CASE("a device that can hold nothing changes nothing") {
    each_instance([](auto p, double tau) {
      const std::size_t useless = p.devices.size();
      p.devices.push_back(p.devices.front());
      p.devices.back().name = "useless";
      p.devices.back().memory_bytes = 0;
      for (std::size_t d = 0; d < useless; ++d) {
        p.links.push_back({d, useless, {0, 1e9}});
        p.links.push_back({useless, d, {0, 1e9}});
      }
      check_equal(least_tau(p), tau);
    });
  }
  TEST_CASE("more memory, faster links and quicker devices never cost anything") {
    each_instance([](const auto& p, double tau) {
      auto roomy = p;
      for (auto& d : roomy.devices) d.memory_bytes += d.memory_bytes / 2;
      CHECK(least_tau(roomy) <= tau * (1 + 1e-9));
      auto linked = p;
      for (auto& l : linked.links) l.quality.bandwidth_bytes_per_second *= 2;
      CHECK(least_tau(linked) <= tau * (1 + 1e-9));
      auto quick = p;
      for (double& s : quick.devices.front().module_seconds) s /= 2;
      CHECK(least_tau(quick) <= tau * (1 + 1e-9));
    });
  }
  TEST_CASE("no device that holds everything is quicker than the plan") {
    int alone = 0;
    each_instance([&](auto p, double) {
      for (auto& d : p.devices) d.memory_bytes *= 3;
      const double tau = least_tau(p);
      for (std::size_t d = 0; d < p.devices.size(); ++d) {
        const auto cost = ref::price_of(p, {{d, 0, p.modules.size() - 1}});
        if (!cost) continue;
        ++alone;
        CHECK(tau <= cost->tau * (1 + 1e-12));
      }
    });
    CHECK(alone > instances);
  }
  TEST_CASE("an edge never makes a plan cheaper, and an edge to the same device costs nothing") {
    each_instance([](auto p, double tau) {
      p.edges.clear();
      CHECK(least_tau(p) <= tau * (1 + 1e-9));
    });
  }
  TEST_CASE("two sequences take at least as long as one, and at most twice as long") {
    each_instance([](auto p, double) {
      for (auto& m : p.modules) m.kv_bytes_per_token = 0;  // so that what fits once fits twice
      p.sequences = 1;
      const double one = least_tau(p);
      p.sequences = 2;
      const double two = least_tau(p);
      if (one == infeasible) {
        CHECK(two == infeasible);
      } else {
        CHECK(two >= one * (1 - 1e-9));
        CHECK(two <= 2 * one * (1 + 1e-9));
      }
    });
  }
}

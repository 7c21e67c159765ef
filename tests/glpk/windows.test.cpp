// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/glpk/windows.hpp>

#include <doctest/doctest.h>

#include <lingualinked/partition/chain.hpp>

#include "../partition/window_brute_force.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ll = lingualinked;
namespace ref = planning_reference;

namespace {

constexpr double patience = 600;
constexpr double closeness = 2e-6;

void check_windows(const ref::window_case& c, const ll::overlap_windows& best) {
  const auto found = ll::glpk_expected_windows(c.problem, c.stages, c.scenarios, c.options, patience);
  REQUIRE_MESSAGE(found.has_value(), found.error().message);
  REQUIRE(best.proven());
  CHECK(found->expected_seconds == doctest::Approx(best.expected_seconds).epsilon(closeness));
  CHECK(found->bound_seconds <= best.expected_seconds * (1 + 1e-12));
  CHECK(found->bound_seconds >= best.expected_seconds * (1 - closeness));
  for (std::size_t s = 0; s < c.stages.size(); ++s)
    CHECK(ref::fits(c, s, found->stages[s], c.stages[s].first_module, c.stages[s].last_module));
}

}  // namespace

TEST_SUITE("glpk/windows") {
  TEST_CASE("GLPK finds and proves the windows that the search over all combinations finds") {
    for (std::uint64_t seed = 1001; seed <= 1250; ++seed) {
      CAPTURE(seed);
      const auto c = ref::make_window_case(seed);
      check_windows(c, ll::expected_windows(c.problem, c.stages, c.scenarios, c.options).value());
    }
  }
  TEST_CASE("so it does for plans of real size in every tier") {
    int windows = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      CAPTURE(seed);
      ref::window_case c;
      c.problem = ref::make_fleet(seed, 16, 4, seed % 2 == 0 ? 4 : 1, 1.3);
      if (seed % 3 == 0) {
        c.problem.context_tokens = 100;
        for (auto& m : c.problem.modules) m.kv_bytes_per_token = 20'000;
      }
      const auto plan = ll::chain_partitioner{}.solve(c.problem, patience).value();
      if (plan.stages.size() < 2) continue;
      c.stages = plan.stages;
      c.scenarios = ll::slow_down_scenarios(c.stages.size());
      c.scenarios.push_back({ll::window_scenario::kind::device_leaves, c.stages.size() - 1, 1, 0.1});
      c.options.tier = static_cast<ll::window_tier>(seed % 3);
      ++windows;
      check_windows(c, ll::expected_windows(c.problem, c.stages, c.scenarios, c.options).value());
    }
    CHECK(windows >= 6);
  }
}

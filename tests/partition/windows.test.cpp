// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/windows.hpp>

#include <doctest/doctest.h>

#include <lingualinked/partition/chain.hpp>

#include "simple_plans.hpp"
#include "window_brute_force.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ll = lingualinked;
namespace ref = planning_reference;

namespace {

using window_list = std::vector<ll::module_window>;

/// Modules that more than two stages hold.
bool held_thrice(const ref::window_case& c, const window_list& held) {
  for (std::size_t j = 0; j < c.problem.modules.size(); ++j)
    if (std::count_if(held.begin(), held.end(), [&](const auto& w) { return w.first_module <= j && j <= w.last_module; }) > 2)
      return true;
  return false;
}

std::uint64_t bytes_held(const ref::window_case& c, const window_list& held) {
  std::uint64_t sum = 0;
  for (const auto& w : held) sum += ref::weights_of(c.problem, w.first_module, w.last_module);
  return sum;
}

void check_windows(const ref::window_case& c, const ll::overlap_windows& found) {
  REQUIRE(found.stages.size() == c.stages.size());
  for (std::size_t s = 0; s < c.stages.size(); ++s) {
    CHECK(found.stages[s].first_module <= c.stages[s].first_module);
    CHECK(found.stages[s].last_module >= c.stages[s].last_module);
    CHECK(ref::fits(c, s, found.stages[s], c.stages[s].first_module, c.stages[s].last_module));
  }
  CHECK(found.expected_seconds == doctest::Approx(ref::expected_round(c, found.stages)).epsilon(1e-9));
  window_list own;
  for (const auto& s : c.stages) own.push_back({s.first_module, s.last_module});
  CHECK(found.without_seconds == doctest::Approx(ref::expected_round(c, own)).epsilon(1e-9));
}

}  // namespace

TEST_SUITE("partition/windows") {
  TEST_CASE("no windows that fit expect a shorter round, by brute force, and the price is right") {
    int helped = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      CAPTURE(seed);
      const auto c = ref::make_window_case(seed);
      double best = ref::no_round;
      window_list held;
      ref::every_window(c, held, [&](const window_list& all) { best = std::min(best, ref::expected_round(c, all)); });
      const auto found = ll::expected_windows(c.problem, c.stages, c.scenarios, c.options);
      REQUIRE(found.has_value());
      check_windows(c, *found);
      CHECK(found->proven());
      CHECK(found->expected_seconds == doctest::Approx(best).epsilon(1e-9));
      if (best < found->without_seconds * 0.999) ++helped;
    }
    CHECK(helped > 50);
  }
  TEST_CASE("by the rule of most bytes no windows hold more, and no module is in three places") {
    for (std::uint64_t seed = 201; seed <= 320; ++seed) {
      CAPTURE(seed);
      const auto c = ref::make_window_case(seed);
      std::uint64_t most = 0;
      window_list held;
      ref::every_window(c, held, [&](const window_list& all) {
        if (!held_thrice(c, all)) most = std::max(most, bytes_held(c, all));
      });
      const auto found = ll::max_bytes_windows(c.problem, c.stages, c.scenarios, c.options);
      REQUIRE(found.has_value());
      check_windows(c, *found);
      CHECK_FALSE(held_thrice(c, found->stages));
      CHECK(bytes_held(c, found->stages) == most);
    }
  }
  TEST_CASE(
      "a search that is cut short still finds windows at least as good as none and as most bytes, and says what it missed") {
    int close = 0;
    for (std::uint64_t seed = 401; seed <= 500; ++seed) {
      CAPTURE(seed);
      auto c = ref::make_window_case(seed);
      const auto best = ll::expected_windows(c.problem, c.stages, c.scenarios, c.options).value();
      const auto t = ll::detail::make_window_tables(c.problem, c.stages, c.scenarios, c.options).value();
      c.options.most_steps = static_cast<std::size_t>(20 * ll::detail::steps_of_expectation(t)) + 1;
      const auto hurried = ll::expected_windows(c.problem, c.stages, c.scenarios, c.options);
      REQUIRE(hurried.has_value());
      check_windows(c, *hurried);
      CHECK(hurried->bound_seconds <= best.expected_seconds * (1 + 1e-12));
      CHECK(hurried->expected_seconds >= best.expected_seconds * (1 - 1e-12));
      CHECK(hurried->expected_seconds <= hurried->without_seconds * (1 + 1e-12));
      const auto bytes = ll::max_bytes_windows(c.problem, c.stages, c.scenarios, c.options).value();
      CHECK(hurried->expected_seconds <= bytes.expected_seconds * (1 + 1e-12));
      if (hurried->expected_seconds <= best.expected_seconds * 1.05) ++close;
    }
    CHECK(close >= 80);
  }
  TEST_CASE("what no scenario uses is not held, and a slower device gives modules to the faster one") {
    auto p = ref::alike(2, std::vector<double>(8, 1.0));
    p.sequences = 4;
    const std::vector<ll::stage_interval> stages{{0, 0, 3}, {1, 4, 7}};
    const std::vector<ll::window_scenario> slow{{ll::window_scenario::kind::device_slows, 0, 2, 1}};
    const auto found = ll::expected_windows(p, stages, slow).value();
    CHECK(found.stages == window_list{{0, 3}, {3, 7}});  // 3 modules of 2 s, 5 of 1 s
    CHECK(found.expected_seconds == doctest::Approx(24.0));
    CHECK(found.without_seconds == doctest::Approx(32.0));
    CHECK(found.extra_bytes == 10);
    for (auto& d : p.devices) d.memory_bytes = 45;
    CHECK(ll::expected_windows(p, stages, slow).value().stages == window_list{{0, 3}, {4, 7}});
  }
  TEST_CASE("a device may leave when its neighbours hold what it held") {
    auto p = ref::alike(3, std::vector<double>(6, 1.0));
    const std::vector<ll::stage_interval> stages{{0, 0, 1}, {1, 2, 3}, {2, 4, 5}};
    const std::vector<ll::window_scenario> gone{{ll::window_scenario::kind::device_leaves, 1, 1, 1}};
    const auto found = ll::expected_windows(p, stages, gone).value();
    CHECK(found.expected_seconds == doctest::Approx(6.002));  // two hops of a little more than 1 ms
    CHECK(found.without_seconds == doctest::Approx(60.03));
    CHECK(found.extra_bytes == 20);
    for (auto& d : p.devices) d.memory_bytes = 25;
    CHECK(ll::expected_windows(p, stages, gone).value().expected_seconds == doctest::Approx(60.03));
  }
  TEST_CASE("what makes no sense is refused with a reason") {
    auto p = ref::alike(2, {1, 1, 1, 1});
    const std::vector<ll::stage_interval> stages{{0, 0, 1}, {1, 2, 3}};
    using kind = ll::window_scenario::kind;
    const auto code = [&](const std::vector<ll::window_scenario>& scenarios, const ll::window_options& options = {}) {
      const auto found = ll::expected_windows(p, stages, scenarios, options);
      REQUIRE_FALSE(found.has_value());
      CHECK_FALSE(found.error().message.empty());
      return found.error().code;
    };
    CHECK(code({}) == ll::errc::invalid_argument);
    CHECK(code({{kind::device_slows, 2, 2, 1}}) == ll::errc::invalid_argument);
    CHECK(code({{kind::link_slows, 1, 2, 1}}) == ll::errc::invalid_argument);
    CHECK(code({{kind::device_slows, 0, 0.5, 1}}) == ll::errc::invalid_argument);
    CHECK(code({{kind::device_slows, 0, 2, 0}}) == ll::errc::invalid_argument);
    ll::window_options options;
    options.spare_bytes = {1};
    CHECK(code(ll::slow_down_scenarios(2), options) == ll::errc::invalid_argument);
    options = {};
    options.most_steps = 1;
    CHECK(code(ll::slow_down_scenarios(2), options) == ll::errc::limit);
    p.edges.push_back({0, 3, 1});
    CHECK(code(ll::slow_down_scenarios(2)) == ll::errc::unsupported);
  }
  TEST_CASE("a plan of one stage has nothing to share, with tied weights too") {
    auto p = ref::alike(1, {1, 1});
    p.devices[0].memory_bytes = 15;
    p.tied_bytes = 5;
    const std::vector<ll::stage_interval> stages{{0, 0, 1}};
    const auto found = ll::expected_windows(p, stages, ll::slow_down_scenarios(1)).value();
    CHECK(found.stages == window_list{{0, 1}});
    CHECK(found.expected_seconds == doctest::Approx(4.0));
    CHECK(found.without_seconds == doctest::Approx(4.0));
  }
}

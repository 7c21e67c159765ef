// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/window_problem.hpp>

#include "brute_force.hpp"
#include "random_instances.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

/// Windows by their definition: every window of every stage, and every place of every boundary, tried.
namespace planning_reference {

inline constexpr double no_round = std::numeric_limits<double>::infinity();

struct window_case {
  ll::placement_instance problem;
  std::vector<ll::stage_interval> stages;
  std::vector<ll::window_scenario> scenarios;
  ll::window_options options;
  double tau = 0;  // as planned
};

/// A random instance with room to spare, a random plan of two stages or more, and one to four things that may happen to it.
inline window_case make_window_case(std::uint64_t seed) {
  dice roll(seed ^ 0x51de0);
  window_case c;
  for (std::uint64_t next = seed * 1000;; ++next) {
    c.problem = make_random_instance(next).problem;
    c.problem.edges.clear();
    if (roll.chance(0.5)) c.problem.context_tokens = 0;
    std::vector<std::vector<ll::stage_interval>> plans;
    std::vector<ll::stage_interval> stages;
    std::vector<bool> used(c.problem.devices.size(), false);
    every_plan(c.problem, stages, used, [&](const auto& plan) {
      if (plan.size() >= 2 && price_of(c.problem, plan)) plans.push_back(plan);
    });
    if (plans.empty()) continue;
    c.stages = plans[roll.below(plans.size())];
    break;
  }
  c.tau = price_of(c.problem, c.stages)->tau;
  for (auto& d : c.problem.devices) d.memory_bytes += roll.below(3) * 150;
  using kind = ll::window_scenario::kind;
  for (std::size_t i = 1 + roll.below(4); i > 0; --i) {
    const auto what = static_cast<kind>(roll.below(3));
    const std::size_t stage = roll.below(c.stages.size() - (what == kind::link_slows ? 1 : 0));
    c.scenarios.push_back({what, stage, roll.between(1, 4), roll.between(0.1, 1)});
  }
  c.options.tier = static_cast<ll::window_tier>(roll.below(3));
  c.options.stopped_rounds = roll.between(1, 20);
  if (roll.chance(0.3))
    for (std::size_t s = 0; s < c.stages.size(); ++s) c.options.spare_bytes.push_back(roll.below(900));
  return c;
}

inline std::uint64_t weights_of(const ll::placement_instance& p, std::size_t first, std::size_t last) {
  std::uint64_t sum = 0;
  for (std::size_t j = first; j <= last; ++j) sum += p.modules[j].weight_bytes;
  return sum;
}
inline std::uint64_t cache_of(const ll::placement_instance& p, std::size_t first, std::size_t last) {
  std::uint64_t sum = 0;
  for (std::size_t j = first; j <= last; ++j) sum += p.modules[j].kv_bytes_per_token * p.context_tokens * p.sequences;
  return sum;
}

/// Whether stage s may hold `held` while it runs the modules first to last.
inline bool fits(const window_case& c, std::size_t s, const ll::module_window& held, std::size_t first, std::size_t last) {
  const auto& p = c.problem;
  const auto& own = c.stages[s];
  for (const std::size_t j : p.devices[own.device].forbidden_modules)
    if (held.first_module <= j && j <= held.last_module) return false;
  std::uint64_t room = p.devices[own.device].memory_bytes;
  const std::uint64_t mine = weights_of(p, own.first_module, own.last_module) + cache_of(p, own.first_module, own.last_module);
  if (!c.options.spare_bytes.empty()) room = std::min(room, mine + c.options.spare_bytes[s]);
  const bool cold = c.options.tier == ll::window_tier::cold;
  const bool hot = c.options.tier == ll::window_tier::hot;
  const std::uint64_t weights = cold ? weights_of(p, first, last) : weights_of(p, held.first_module, held.last_module);
  const std::uint64_t cache = hot ? cache_of(p, held.first_module, held.last_module) : cache_of(p, first, last);
  return weights + cache <= room;
}

/// The best round in one scenario.
inline double round_in(const window_case& c, const std::vector<ll::module_window>& held, const ll::window_scenario& what) {
  using kind = ll::window_scenario::kind;
  auto p = c.problem;
  for (auto& d : p.devices) d.memory_bytes = UINT64_MAX / 2;
  p.tied_bytes = 0;
  const std::size_t device = c.stages[what.stage].device;
  if (what.what == kind::device_slows)
    for (double& s : p.devices[device].module_seconds) s *= what.factor;
  if (what.what == kind::link_slows)
    for (auto& l : p.links)
      if (l.from == device && l.to == c.stages[what.stage + 1].device)
        l.quality = {l.quality.latency_seconds * what.factor, l.quality.bandwidth_bytes_per_second / what.factor};
  double best = no_round;
  std::vector<ll::stage_interval> stages;
  const std::function<void(std::size_t, std::size_t)> place = [&](std::size_t s, std::size_t next) {
    if (s == c.stages.size()) {
      if (next != p.modules.size()) return;
      if (const auto cost = price_of(p, stages)) best = std::min(best, cost->tau);
      return;
    }
    if (what.what == kind::device_leaves && what.stage == s) {
      place(s + 1, next);
      return;
    }
    if (next < held[s].first_module) return;
    for (std::size_t last = next; last <= held[s].last_module; ++last) {
      if (!fits(c, s, held[s], next, last)) continue;
      stages.push_back({c.stages[s].device, next, last});
      place(s + 1, last + 1);
      stages.pop_back();
    }
  };
  place(0, 0);
  return best;
}

inline double expected_round(const window_case& c, const std::vector<ll::module_window>& held) {
  double sum = 0;
  double weights = 0;
  for (const auto& w : c.scenarios) {
    const double tau = round_in(c, held, w);
    const bool may_stop = w.what == ll::window_scenario::kind::device_leaves;
    sum += w.weight * (may_stop ? std::min(tau, c.options.stopped_rounds * c.tau) : tau);
    weights += w.weight;
  }
  return sum / weights;
}

/// Calls visit(windows) for all windows that fit: its own modules, and neighbours' on either side.
template <class Visit>
void every_window(const window_case& c, std::vector<ll::module_window>& held, const Visit& visit) {
  const std::size_t s = held.size();
  if (s == c.stages.size()) {
    visit(held);
    return;
  }
  const auto& own = c.stages[s];
  const std::size_t low = s == 0 ? 0 : c.stages[s - 1].first_module;
  const std::size_t high = s + 1 == c.stages.size() ? own.last_module : c.stages[s + 1].last_module;
  for (std::size_t first = low; first <= own.first_module; ++first)
    for (std::size_t last = own.last_module; last <= high; ++last) {
      if (!fits(c, s, {first, last}, own.first_module, own.last_module)) continue;
      held.push_back({first, last});
      every_window(c, held, visit);
      held.pop_back();
    }
}

}  // namespace planning_reference

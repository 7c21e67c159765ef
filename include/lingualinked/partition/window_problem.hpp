// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/partition/evaluate.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

/// Where a stage keeps modules beyond its own, and so what taking one over costs.
///   cold  on local storage: no memory until it is run; taking over reads it
///   warm  in memory: taking over moves its KV cache only
///   hot   in memory, with a mirror of its KV cache at full context: taking over is one message
enum class window_tier : unsigned char { cold, warm, hot };

/// Something that may happen to a plan while it runs.
struct window_scenario {
  enum class kind : unsigned char {
    device_slows,   // its modules take factor times as long
    link_slows,     // to the next stage: factor times the latency, bandwidth / factor
    device_leaves,  // its neighbours run what they hold of it, or the plan stops
  } what = kind::device_slows;
  std::size_t stage = 0;
  double factor = 2;
  double weight = 1;  // probability, up to a common factor

  friend bool operator==(const window_scenario&, const window_scenario&) = default;
};

struct window_options {
  window_tier tier = window_tier::warm;
  /// [stage]: what it may use beyond its own modules, where that is less than the instance leaves it. Empty: all.
  std::vector<std::uint64_t> spare_bytes;
  /// A round of a plan that stopped, because a device left whose modules its neighbours do not hold, counts as so many rounds.
  double stopped_rounds = 10;
  /// Work after which the search settles for what it found: about a tenth of a second.
  std::size_t most_steps = 20'000'000;
};

/// What a stage holds: its own modules, and neighbouring ones beside them. Both ends inclusive.
struct module_window {
  std::size_t first_module = 0;
  std::size_t last_module = 0;

  friend bool operator==(const module_window&, const module_window&) = default;
};

/// Every device of the plan becomes `factor` times slower, one at a time, each as likely as the others.
[[nodiscard]] inline std::vector<window_scenario> slow_down_scenarios(std::size_t stages, double factor = 2) {
  std::vector<window_scenario> all;
  for (std::size_t s = 0; s < stages; ++s) all.push_back({window_scenario::kind::device_slows, s, factor, 1});
  return all;
}

namespace detail {

/// A window as solvers see it: [first, end).
struct held_modules {
  std::size_t first = 0;
  std::size_t end = 0;
  friend bool operator==(const held_modules&, const held_modules&) = default;
};
using held_windows = std::vector<held_modules>;  // [stage]

/// What all searches over windows look up. "Cut c" lies before module c.
struct window_tables {
  const placement_instance* instance = nullptr;
  window_tier tier = window_tier::warm;
  std::size_t modules = 0;
  std::size_t stages = 0;
  double sequences = 1;
  double stopped_seconds = 0;
  std::vector<window_scenario> scenarios;
  double total_weight = 0;
  std::vector<std::size_t> cuts;             // [stage]: its first module; [stages]: modules
  std::vector<std::vector<double>> seconds;  // [stage][cut]: of the modules before the cut on the stage's device
  std::vector<double> stage_seconds;         // [stage]: beside its modules
  std::vector<std::uint64_t> weight_bytes;   // [cut]: of the modules before the cut
  std::vector<std::uint64_t> kv_bytes;       // [cut]: at full context, for all sequences
  std::vector<std::uint64_t> room_bytes;     // [stage]
  held_windows reach;                        // [stage]
  std::vector<link_quality> links;           // [from * (stages + 1) + to]; the last index is the header's device
  std::vector<bool> same_device;             // the same, for whether there is nothing to send

  static constexpr double never = std::numeric_limits<double>::infinity();

  [[nodiscard]] std::size_t pair(std::size_t from, std::size_t to) const { return from * (stages + 1) + to; }
  [[nodiscard]] double run_seconds(std::size_t s, std::size_t first, std::size_t end) const {
    return seconds[s][end] - seconds[s][first];
  }
  [[nodiscard]] std::uint64_t weights(std::size_t first, std::size_t end) const {
    return weight_bytes[end] - weight_bytes[first];
  }
  [[nodiscard]] std::uint64_t kv(std::size_t first, std::size_t end) const { return kv_bytes[end] - kv_bytes[first]; }

  /// What stage s keeps in memory when it holds `held` and runs [first, end).
  [[nodiscard]] std::uint64_t memory(const held_modules& held, std::size_t first, std::size_t end) const {
    switch (tier) {
      case window_tier::cold: return weights(first, end) + kv(first, end);
      case window_tier::warm: return weights(held.first, held.end) + kv(first, end);
      case window_tier::hot: break;
    }
    return weights(held.first, held.end) + kv(held.first, held.end);
  }
  [[nodiscard]] bool may_run(std::size_t s, const held_modules& held, std::size_t first, std::size_t end) const {
    return memory(held, first, end) <= room_bytes[s];
  }
  /// Whether the stage can run any part of what it holds.
  [[nodiscard]] bool fully_usable(std::size_t s, const held_modules& held) const {
    return may_run(s, held, held.first, held.end);
  }
  [[nodiscard]] held_modules own(std::size_t s) const { return {cuts[s], cuts[s + 1]}; }
  /// Its own modules, and of either neighbour's what it may hold and there is room for.
  [[nodiscard]] held_modules widest(std::size_t s) const { return reach[s]; }
};

inline result<void> check_scenarios(std::span<const window_scenario> scenarios, std::size_t stages) {
  if (scenarios.empty()) return error{errc::invalid_argument, "there are no scenarios: windows are chosen for what may happen"};
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    const window_scenario& w = scenarios[i];
    const std::string where = "scenario " + std::to_string(i);
    const std::size_t most = w.what == window_scenario::kind::link_slows ? stages - 1 : stages;
    if (w.stage >= most)
      return error{errc::invalid_argument,
                   where + " is about stage " + std::to_string(w.stage) + ", and there are " + std::to_string(most)};
    if (!(w.factor >= 1 && w.factor <= 1e6))
      return error{errc::invalid_argument, where + " has the factor " + number_text(w.factor) + ", which is not from 1 to 1e6"};
    if (!(w.weight > 0 && w.weight <= 1e9))
      return error{errc::invalid_argument, where + " has the weight " + number_text(w.weight) + ", which is not above 0"};
  }
  return {};
}

/// Requires  the instance outlives the tables
/// Errors    those of evaluate; invalid_argument for scenarios that make no sense; unsupported for instances with edges, whose
///           ends may be on any two stages
/// Cost      linear in stages times modules
[[nodiscard]] inline result<window_tables> make_window_tables(const placement_instance& instance,
                                                              std::span<const stage_interval> stages,
                                                              std::span<const window_scenario> scenarios,
                                                              const window_options& options) {
  const auto cost = evaluate(instance, stages);
  if (!cost) return cost.error();
  if (auto checked = check_scenarios(scenarios, stages.size()); !checked) return checked.error();
  if (!instance.edges.empty())
    return error{errc::unsupported, "windows are for plans whose tensors go from stage to stage; this instance has " +
                                        std::to_string(instance.edges.size()) + " edges besides"};
  if (!options.spare_bytes.empty() && options.spare_bytes.size() != stages.size())
    return error{errc::invalid_argument, "spare_bytes has " + std::to_string(options.spare_bytes.size()) + " entries for " +
                                             std::to_string(stages.size()) + " stages"};
  window_tables t;
  t.instance = &instance;
  t.tier = options.tier;
  t.modules = instance.modules.size();
  t.stages = stages.size();
  t.sequences = static_cast<double>(instance.sequences);
  t.stopped_seconds = cost->tau_seconds * options.stopped_rounds;
  t.scenarios.assign(scenarios.begin(), scenarios.end());
  for (const auto& w : scenarios) t.total_weight += w.weight;
  t.weight_bytes.assign(1, 0);
  t.kv_bytes.assign(1, 0);
  for (std::size_t j = 0; j < t.modules; ++j) {
    const std::uint64_t weights = instance.modules[j].weight_bytes;
    t.weight_bytes.push_back(t.weight_bytes.back() + weights);
    t.kv_bytes.push_back(t.kv_bytes.back() + resident_bytes(instance, j).value_or(weights) - weights);
  }
  for (std::size_t s = 0; s < t.stages; ++s) {
    const auto& device = instance.devices[stages[s].device];
    t.cuts.push_back(stages[s].first_module);
    t.seconds.emplace_back(1, 0.0);
    t.stage_seconds.push_back(device.stage_seconds);
    for (const double m : device.module_seconds) t.seconds.back().push_back(t.seconds.back().back() + m);
    const std::uint64_t own = cost->stage_memory_bytes[s];
    const std::uint64_t left = device.memory_bytes - own;
    t.room_bytes.push_back(own + (options.spare_bytes.empty() ? left : std::min(left, options.spare_bytes[s])));
    if (t.stages == 1) t.room_bytes[s] += instance.tied_bytes;  // prefix sums count tied weights twice
  }
  t.cuts.push_back(t.modules);
  for (std::size_t s = 0; s < t.stages; ++s) {
    const held_modules own = t.own(s);
    const auto& device = instance.devices[stages[s].device];
    const auto may_hold = [&](std::size_t first, std::size_t end) {
      return first_forbidden(device, first, end) == end && t.may_run(s, {first, end}, own.first, own.end);
    };
    held_modules reach = own;
    while (reach.first > t.cuts[s == 0 ? 0 : s - 1] && may_hold(reach.first - 1, own.end)) --reach.first;
    while (reach.end < t.cuts[std::min(s + 2, t.stages)] && may_hold(own.first, reach.end + 1)) ++reach.end;
    t.reach.push_back(reach);
  }
  const std::size_t width = t.stages + 1;
  t.links.resize(width * width);
  t.same_device.resize(width * width, false);
  std::vector<std::vector<std::size_t>> at(instance.devices.size());  // [device]: its stage, and the header's place
  for (std::size_t s = 0; s < t.stages; ++s) at[stages[s].device].push_back(s);
  if (instance.header) at[*instance.header].push_back(t.stages);
  for (const auto& here : at)
    for (const std::size_t i : here)
      for (const std::size_t j : here) t.same_device[t.pair(i, j)] = true;
  for (const link& l : instance.links)
    for (const std::size_t i : at[l.from])
      for (const std::size_t j : at[l.to]) t.links[t.pair(i, j)] = l.quality;
  return t;
}

}  // namespace detail

}  // namespace lingualinked::inline v0

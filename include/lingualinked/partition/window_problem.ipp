// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/window_problem.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL std::uint64_t window_tables::memory(const held_modules& held, std::size_t first, std::size_t end) const {
  switch (tier) {
    case window_tier::cold: return weights(first, end) + kv(first, end);
    case window_tier::warm: return weights(held.first, held.end) + kv(first, end);
    case window_tier::hot: break;
  }
  return weights(held.first, held.end) + kv(held.first, held.end);
}

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

LINGUALINKED_CORE_DECL result<window_tables> make_window_tables(const placement_instance& instance,
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

}  // namespace lingualinked::inline v0::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/explanation.hpp>
#include <lingualinked/partition/tables.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lingualinked::inline v0::detail {

/// The link that a plan keeps busy for longest, in words; empty where nothing is sent.
inline std::string busiest_link(const placement_instance& instance, std::span<const stage_interval> stages) {
  std::vector<std::size_t> device_of(instance.modules.size());
  for (const auto& s : stages)
    for (std::size_t j = s.first_module; j <= s.last_module; ++j) device_of[j] = s.device;
  const std::size_t header = instance.header.value_or(stages.front().device);
  double busiest = 0;
  std::string name;
  for (const link& l : instance.links) {
    if (l.from == l.to || !(l.quality.bandwidth_bytes_per_second > 0)) continue;
    double bytes = 0;
    const auto sent = [&](std::size_t from, std::size_t to, std::uint64_t size) {
      if (from == l.from && to == l.to) bytes += static_cast<double>(size);
    };
    for (std::size_t s = 0; s + 1 < stages.size(); ++s)
      sent(stages[s].device, stages[s + 1].device, instance.modules[stages[s].last_module].cut_bytes);
    for (const auto& e : instance.edges) sent(device_of[e.from_module], device_of[e.to_module], e.bytes);
    sent(header, stages.front().device, instance.token_bytes);
    sent(stages.back().device, header, instance.token_bytes);
    if (bytes / l.quality.bandwidth_bytes_per_second <= busiest) continue;
    busiest = bytes / l.quality.bandwidth_bytes_per_second;
    name = "from '" + instance.devices[l.from].name + "' to '" + instance.devices[l.to].name + "'";
  }
  return name;
}

}  // namespace lingualinked::inline v0::detail

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<std::string> what_limits(const placement_instance& instance,
                                                       std::span<const stage_interval> stages) {
  const auto cost = evaluate(instance, stages);
  if (!cost) return cost.error();
  const auto busiest = static_cast<std::size_t>(std::max_element(cost->stage_seconds.begin(), cost->stage_seconds.end()) -
                                                cost->stage_seconds.begin());
  const std::string& device = instance.devices[stages[busiest].device].name;
  const bool lap = cost->lap_seconds >= static_cast<double>(instance.sequences) * cost->bottleneck_seconds;
  double computing = 0;
  for (const double s : cost->stage_seconds) computing += s;
  const std::uint32_t together = instance.micro_batch_sequences;
  const std::string turns = together == 1 ? std::to_string(instance.sequences) + " sequences"
                                          : std::to_string(instance.sequences) + " batches of " + std::to_string(together);
  std::string text;
  if (lap) {
    text = "the lap of one token: " + detail::number_text(computing * 1e3) + " ms computing, of which " +
           detail::number_text(cost->stage_seconds[busiest] * 1e3) + " on '" + device + "', and " +
           detail::number_text((cost->lap_seconds - computing) * 1e3) + " ms on the way";
  } else if (cost->stage_seconds[busiest] >= cost->bottleneck_seconds) {
    text = "the busiest stage, on '" + device + "': " + detail::number_text(cost->bottleneck_seconds * 1e3) + " ms for each of " +
           turns;
  } else {
    text = "the busiest link, " + detail::busiest_link(instance, stages) + ": " +
           detail::number_text(cost->bottleneck_seconds * 1e3) + " ms for each of " + turns;
  }
  constexpr double nearly = 0.95;
  std::vector<std::string> full;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const auto& d = instance.devices[stages[s].device];
    if (static_cast<double>(cost->stage_memory_bytes[s]) >= nearly * static_cast<double>(d.memory_bytes))
      full.push_back("'" + d.name + "'");
  }
  for (std::size_t i = 0; i < full.size(); ++i) text += (i == 0 ? "; " : ", ") + full[i];
  if (!full.empty()) text += full.size() == 1 ? " is full" : " are full";
  return text;
}

}  // namespace lingualinked::inline v0

namespace lingualinked::inline v0::detail {

inline std::string why_unused(const placement_instance& instance, const placement& placed, std::size_t device,
                              link_ledger& ledger) {
  std::uint64_t smallest = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t j = 0; j < instance.modules.size(); ++j)
    smallest = std::min(smallest, interval_memory_bytes(instance, j, j + 1));
  const std::uint64_t memory = instance.devices[device].memory_bytes;
  if (smallest > memory)
    return "its " + std::to_string(memory) + " bytes for modules are less than the " + std::to_string(smallest) +
           " of the smallest module";
  std::optional<evaluation> best;
  stage_interval mine;
  std::string obstacle;
  for (std::size_t s = 0; s < placed.stages.size(); ++s) {
    const stage_interval& host = placed.stages[s];
    for (std::size_t m = host.first_module; m <= host.last_module; ++m) {
      for (const bool front : {true, false}) {  // the device takes the modules up to m, or those from m on
        const stage_interval part =
            front ? stage_interval{device, host.first_module, m} : stage_interval{device, m, host.last_module};
        std::vector<stage_interval> stages(placed.stages.begin(), placed.stages.begin() + static_cast<std::ptrdiff_t>(s));
        if (!front && m > host.first_module) stages.push_back({host.device, host.first_module, m - 1});
        stages.push_back(part);
        if (front && m < host.last_module) stages.push_back({host.device, m + 1, host.last_module});
        stages.insert(stages.end(), placed.stages.begin() + static_cast<std::ptrdiff_t>(s) + 1, placed.stages.end());
        auto cost = evaluate_with(instance, stages, ledger);
        if (!cost && obstacle.empty()) obstacle = cost.error().message;
        if (!cost || (best && best->objective_value <= cost->objective_value)) continue;
        best = *std::move(cost);
        mine = part;
      }
    }
  }
  if (!best) return "it fits nowhere into this plan: " + obstacle;
  const auto now = evaluate_with(instance, placed.stages, ledger);
  if (!now) return now.error().message;
  if (!minimises_tau(instance.goal)) {
    const char* unit = instance.goal == objective::energy ? " J a token" : " s a request";
    return "with it, the best on modules " + std::to_string(mine.first_module) + " to " + std::to_string(mine.last_module) +
           ", the plan takes " + number_text(best->objective_value) + unit + " instead of " + number_text(now->objective_value);
  }
  const auto milliseconds = [](double seconds) { return number_text(seconds * 1e3) + " ms"; };
  if (best->tau_seconds <= now->tau_seconds * (1 + 1e-9))
    return "with it, a round takes no less than the " + milliseconds(now->tau_seconds) + " without";
  std::string text = "with it, the best on modules " + std::to_string(mine.first_module) + " to " +
                     std::to_string(mine.last_module) + ", a round takes " + milliseconds(best->tau_seconds) + " instead of " +
                     milliseconds(now->tau_seconds);
  const auto computing = [](const evaluation& e) {
    double sum = 0;
    for (const double s : e.stage_seconds) sum += s;
    return sum;
  };
  const double more_computing = computing(*best) - computing(*now);
  const double more_on_the_way = best->lap_seconds - now->lap_seconds - more_computing;
  const auto change = [&](double seconds) {
    if (std::abs(seconds) < 1e-9 * now->lap_seconds) seconds = 0;  // rounding
    return milliseconds(std::abs(seconds)) + (seconds < 0 ? " less" : " more");
  };
  if (best->tau_seconds > best->lap_seconds) return text + ": its busiest stage or link sets the pace";
  return text + ": " + change(more_computing) + " computing, " + change(more_on_the_way) + " on the way";
}

}  // namespace lingualinked::inline v0::detail

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL std::string why_unused(const placement_instance& instance, const placement& placed, std::size_t device) {
  detail::link_ledger ledger(instance);
  return detail::why_unused(instance, placed, device, ledger);
}

LINGUALINKED_CORE_DECL std::vector<unused_device> unused_devices(const placement_instance& instance, const placement& placed,
                                                                 double time_limit_seconds) {
  const auto deadline = detail::deadline_after(std::chrono::steady_clock::now(), time_limit_seconds);
  std::vector<bool> used(instance.devices.size(), false);
  for (const auto& s : placed.stages) used[s.device] = true;
  detail::link_ledger ledger(instance);
  std::vector<unused_device> found;
  for (std::size_t d = 0; d < used.size(); ++d) {
    if (used[d]) continue;
    if (std::chrono::steady_clock::now() < deadline) found.push_back({d, detail::why_unused(instance, placed, d, ledger)});
    else if (placed.status == solve_status::optimal) found.push_back({d, "the proof says that no plan with it is better"});
    else found.push_back({d, "no time was left to look into it"});
  }
  return found;
}

}  // namespace lingualinked::inline v0

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL placement_instance with_twin(placement_instance instance, std::size_t d) {
  const std::size_t twin = instance.devices.size();
  instance.devices.push_back(instance.devices[d]);
  instance.devices[twin].name += " (second)";
  std::optional<link_quality> quickest;
  const std::vector<link> links = instance.links;
  for (const link& l : links) {
    if (l.from != d && l.to != d) continue;
    instance.links.push_back({l.from == d ? twin : l.from, l.to == d ? twin : l.to, l.quality});
    if (l.quality.bandwidth_bytes_per_second > 0 && (!quickest || l.quality.latency_seconds < quickest->latency_seconds))
      quickest = l.quality;
  }
  if (quickest) {
    instance.links.push_back({d, twin, *quickest});
    instance.links.push_back({twin, d, *quickest});
  }
  return instance;
}

}  // namespace lingualinked::inline v0::detail

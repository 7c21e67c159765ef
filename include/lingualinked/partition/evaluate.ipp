// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/evaluate.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL std::uint64_t interval_memory_bytes(const placement_instance& instance, std::size_t first,
                                                           std::size_t end) noexcept {
  checked_size total;
  for (std::size_t j = first; j < end; ++j) total = total + resident_bytes(instance, j);
  const std::uint64_t bytes = total.value_or(UINT64_MAX);
  const bool both_ends = first == 0 && end == instance.modules.size();
  return both_ends ? bytes - std::min(bytes, instance.tied_bytes) : bytes;
}

}  // namespace lingualinked::inline v0

namespace lingualinked::inline v0::detail {

inline result<void> check_intervals(const placement_instance& instance, std::span<const stage_interval> stages) {
  std::vector<bool> used(instance.devices.size(), false);
  std::size_t next = 0;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const auto& stage = stages[s];
    const std::string where = "stage " + std::to_string(s);
    if (stage.device >= instance.devices.size())
      return error{errc::invalid_argument, where + " is on device " + std::to_string(stage.device) + ", but there are " +
                                               std::to_string(instance.devices.size()) + " devices"};
    if (used[stage.device])
      return error{errc::invalid_argument, where + " is on '" + instance.devices[stage.device].name +
                                               "', which has a stage already; a device runs one interval"};
    used[stage.device] = true;
    if (stage.first_module != next)
      return error{errc::invalid_argument, where + " starts at module " + std::to_string(stage.first_module) + " instead of " +
                                               std::to_string(next) + ": every module is placed once, in order"};
    if (stage.last_module < stage.first_module || stage.last_module >= instance.modules.size())
      return error{errc::invalid_argument, where + " ends at module " + std::to_string(stage.last_module) +
                                               ", which is not between " + std::to_string(stage.first_module) + " and " +
                                               std::to_string(instance.modules.size() - 1)};
    next = stage.last_module + 1;
  }
  if (next != instance.modules.size())
    return error{errc::invalid_argument,
                 "module " + std::to_string(next) + " ('" + instance.modules[next].name + "') is on no device"};
  return {};
}

/// The limits of a plan as a whole, and which modules are allowed where.
inline result<void> check_permissions(const placement_instance& instance, std::span<const stage_interval> stages) {
  if (instance.max_stages && stages.size() > *instance.max_stages)
    return error{errc::infeasible,
                 std::to_string(stages.size()) + " stages, and max_stages is " + std::to_string(*instance.max_stages)};
  const auto& first = instance.devices[stages.front().device];
  for (const auto& stage : stages) {
    const auto& device = instance.devices[stage.device];
    if (device.contract != first.contract)
      return error{errc::infeasible, "'" + first.name + "' computes by contract " + std::to_string(first.contract) + " and '" +
                                         device.name + "' by contract " + std::to_string(device.contract) +
                                         "; a plan keeps to one"};
    const std::size_t j = first_forbidden(device, stage.first_module, stage.last_module + 1);
    if (j <= stage.last_module)
      return error{errc::infeasible, "module " + std::to_string(j) + " ('" + instance.modules[j].name + "') is not allowed on '" +
                                         device.name + "'"};
  }
  return {};
}

LINGUALINKED_CORE_DECL result<void> add_prompt(const placement_instance& instance, std::span<const stage_interval> stages,
                                               std::span<const std::size_t> device_of, link_ledger& ledger, evaluation& found) {
  for (std::size_t i = 0; i < instance.chunk_tokens.size() && instance.prompt_tokens > 0; ++i) {
    const std::uint32_t chunk = instance.chunk_tokens[i];
    ledger.clear();
    if (auto sent = ledger.send_lap(stages, device_of, instance.micro_batches_in(chunk)); !sent) return sent;
    double lap = ledger.seconds();
    double busiest = ledger.busiest_seconds();
    for (const auto& stage : stages) {
      const auto& of_module = instance.devices[stage.device].prefill_seconds[i];
      double seconds = instance.devices[stage.device].stage_seconds;
      for (std::size_t j = stage.first_module; j <= stage.last_module; ++j) seconds += of_module[j];
      lap += seconds;
      busiest = std::max(busiest, seconds);
    }
    const double pieces = static_cast<double>((instance.prompt_tokens - 1) / chunk + 1);
    const double seconds = lap + (pieces - 1) * busiest;
    if (found.prompt_seconds && *found.prompt_seconds <= seconds) continue;
    found.prompt_seconds = seconds;
    found.prompt_chunk_tokens = chunk;
  }
  if (found.prompt_seconds) found.completion_seconds = *found.prompt_seconds + instance.generate_tokens * found.tau_seconds;
  return {};
}

LINGUALINKED_CORE_DECL result<void> add_energy(const placement_instance& instance, std::span<const stage_interval> stages,
                                               double link_joules, evaluation& found) {
  const double sequences = static_cast<double>(instance.sequences);
  double round = sequences * link_joules;
  bool known = true;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const auto& device = instance.devices[stages[s].device];
    double joules = 0;
    if (device.power_active_watts && device.power_idle_watts) {
      const double busy = sequences * found.stage_seconds[s];
      joules = (*device.power_active_watts - *device.power_idle_watts) * busy + *device.power_idle_watts * found.tau_seconds;
    } else {
      known = false;
    }
    found.stage_joules.push_back(joules);
    round += joules;
    const double rounds = static_cast<double>(instance.generate_tokens);
    if (device.battery_joules && rounds * joules > *device.battery_joules * battery_slack)
      return error{errc::infeasible, "battery: '" + device.name + "' would spend " + number_text(rounds * joules) + " J in " +
                                         std::to_string(instance.generate_tokens) + " rounds, and has " +
                                         number_text(*device.battery_joules)};
  }
  if (known) found.joules_per_token = round / sequences;
  return {};
}

LINGUALINKED_CORE_DECL result<evaluation> evaluate_with(const placement_instance& instance,
                                                        std::span<const stage_interval> stages, link_ledger& ledger) {
  if (auto intervals = check_intervals(instance, stages); !intervals) return intervals.error();
  if (auto permitted = check_permissions(instance, stages); !permitted) return permitted.error();

  evaluation found;
  std::vector<std::size_t> device_of(instance.modules.size());
  for (const auto& stage : stages) {
    const auto& device = instance.devices[stage.device];
    double seconds = device.stage_seconds;
    for (std::size_t j = stage.first_module; j <= stage.last_module; ++j) {
      seconds += device.module_seconds[j];
      device_of[j] = stage.device;
    }
    const std::uint64_t bytes = interval_memory_bytes(instance, stage.first_module, stage.last_module + 1);
    if (bytes > device.memory_bytes)
      return error{errc::infeasible, "modules " + std::to_string(stage.first_module) + " to " +
                                         std::to_string(stage.last_module) + " need " + std::to_string(bytes) + " bytes; '" +
                                         device.name + "' has " + std::to_string(device.memory_bytes)};
    found.stage_seconds.push_back(seconds);
    found.stage_memory_bytes.push_back(bytes);
    found.lap_seconds += seconds;
    found.bottleneck_seconds = std::max(found.bottleneck_seconds, seconds);
  }

  ledger.clear();
  if (auto sent = ledger.send_lap(stages, device_of, 1); !sent) return sent.error();
  found.lap_seconds += ledger.seconds();
  found.bottleneck_seconds = std::max(found.bottleneck_seconds, ledger.busiest_seconds());
  found.tau_seconds = std::max(found.lap_seconds, static_cast<double>(instance.sequences) * found.bottleneck_seconds);
  if (auto spent = add_energy(instance, stages, ledger.joules(), found); !spent) return spent.error();
  if (auto prompt = add_prompt(instance, stages, device_of, ledger, found); !prompt) return prompt.error();
  found.objective_value = instance.goal == objective::energy       ? found.joules_per_token.value_or(0)
                          : instance.goal == objective::completion ? found.completion_seconds.value_or(0)
                                                                   : found.tau_seconds;
  return found;
}

}  // namespace lingualinked::inline v0::detail

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<evaluation> evaluate(const placement_instance& instance, std::span<const stage_interval> stages) {
  if (auto valid = validate_instance(instance); !valid) return valid.error();
  detail::link_ledger ledger(instance);
  return detail::evaluate_with(instance, stages, ledger);
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/partition/validate.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// What a plan costs.
struct evaluation {
  double lap_seconds = 0;         // T: one token, once around
  double bottleneck_seconds = 0;  // P: the busiest stage or link, for one token
  double tau_seconds = 0;         // max(T, sequences * P): one token of every sequence
  std::vector<double> stage_seconds;
  std::vector<std::uint64_t> stage_memory_bytes;

  friend bool operator==(const evaluation&, const evaluation&) = default;
};

/// Memory of the modules [first, end) on one device: what each keeps, less tied_bytes when first and last module are both there.
/// Requires  a validated instance, first < end <= modules
[[nodiscard]] inline std::uint64_t interval_memory_bytes(const placement_instance& instance, std::size_t first,
                                                         std::size_t end) noexcept {
  checked_size total;
  for (std::size_t j = first; j < end; ++j) total = total + resident_bytes(instance, j);
  const std::uint64_t bytes = total.value_or(UINT64_MAX);
  const bool both_ends = first == 0 && end == instance.modules.size();
  return both_ends ? bytes - std::min(bytes, instance.tied_bytes) : bytes;
}

namespace detail {

/// Adds up what one plan sends: time of the lap, and bytes for each link.
class link_ledger {
 public:
  explicit link_ledger(const placement_instance& instance) : instance_(instance) {
    for (const link& l : instance.links)
      if (l.quality.bandwidth_bytes_per_second > 0) links_[{l.from, l.to}] = l.quality;
  }

  /// Charges one message. Errors  infeasible naming both ends when they cannot talk
  result<void> send(std::size_t from, std::size_t to, std::uint64_t bytes, const std::string& what) {
    if (from == to) return {};
    const auto found = links_.find({from, to});
    if (found == links_.end())
      return error{errc::infeasible, "no link from '" + instance_.devices[from].name + "' to '" + instance_.devices[to].name +
                                         "', which the plan needs for " + what};
    seconds_ += found->second.latency_seconds + static_cast<double>(bytes) / found->second.bandwidth_bytes_per_second;
    load_bytes_[{from, to}] += static_cast<double>(bytes);
    return {};
  }

  [[nodiscard]] double seconds() const noexcept { return seconds_; }
  [[nodiscard]] double busiest_seconds() const {
    double busiest = 0;
    for (const auto& [pair, bytes] : load_bytes_) busiest = std::max(busiest, bytes / links_.at(pair).bandwidth_bytes_per_second);
    return busiest;
  }

 private:
  const placement_instance& instance_;
  std::map<std::pair<std::size_t, std::size_t>, link_quality> links_;
  std::map<std::pair<std::size_t, std::size_t>, double> load_bytes_;
  double seconds_ = 0;
};

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

}  // namespace detail

/// What a plan costs by the definition alone; it shares no code with the solvers, which are checked against it.
///   T = modules + hops + edges between devices + header to first stage and last stage to header
///   P = max(each stage's seconds, each link's bytes / bandwidth),  tau = max(T, sequences * P)
/// Errors    malformed from validate_instance; invalid_argument for stages that are no plan; infeasible naming the bytes or the
///           missing link
/// Cost      linear in the instance, times the logarithm of its links
[[nodiscard]] inline result<evaluation> evaluate(const placement_instance& instance, std::span<const stage_interval> stages) {
  if (auto valid = validate_instance(instance); !valid) return valid.error();
  if (auto intervals = detail::check_intervals(instance, stages); !intervals) return intervals.error();

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

  detail::link_ledger ledger(instance);
  const std::size_t first = stages.front().device;
  const std::size_t header = instance.header.value_or(first);
  if (auto sent = ledger.send(header, first, instance.token_bytes, "prompts"); !sent) return sent.error();
  for (std::size_t s = 0; s + 1 < stages.size(); ++s) {
    const std::size_t last = stages[s].last_module;
    if (auto sent = ledger.send(stages[s].device, stages[s + 1].device, instance.modules[last].cut_bytes,
                                "the cut after module " + std::to_string(last));
        !sent)
      return sent.error();
  }
  for (const auto& e : instance.edges) {
    const std::string what = "the edge from module " + std::to_string(e.from_module) + " to " + std::to_string(e.to_module);
    if (auto sent = ledger.send(device_of[e.from_module], device_of[e.to_module], e.bytes, what); !sent) return sent.error();
  }
  if (auto sent = ledger.send(stages.back().device, header, instance.token_bytes, "tokens"); !sent) return sent.error();
  found.lap_seconds += ledger.seconds();
  found.bottleneck_seconds = std::max(found.bottleneck_seconds, ledger.busiest_seconds());
  found.tau_seconds = std::max(found.lap_seconds, static_cast<double>(instance.sequences) * found.bottleneck_seconds);
  return found;
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/quick_plan.hpp>

#include <lingualinked/partition/evaluate.hpp>
#include <lingualinked/partition/fewer_devices.hpp>
#include <lingualinked/partition/tables.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

/// From the first of the devices on, always the next of them that can be reached; those that cannot be are left out.
/// joined    [from * D + to]
inline std::vector<std::size_t> linked_order(const std::vector<bool>& joined, std::size_t all, std::vector<std::size_t> devices) {
  for (std::size_t i = 1; i < devices.size(); ++i) {
    const std::size_t last = devices[i - 1];
    const auto at = devices.begin() + static_cast<std::ptrdiff_t>(i);
    const auto next = std::find_if(at, devices.end(), [&](std::size_t d) { return joined[last * all + d]; });
    if (next == devices.end()) {
      devices.resize(i);
      break;
    }
    std::rotate(at, next, next + 1);  // the others keep their order
  }
  return devices;
}

/// What a device could run from one module on.
struct filled_device {
  std::size_t end = 0;           // the module after the last
  std::uint64_t room_bytes = 0;  // that are left
};

/// As many modules as fit and take no longer.
inline filled_device fill_device(const placement_instance& p, std::size_t d, std::size_t first, double busiest_seconds) {
  const auto& device = p.devices[d];
  const std::size_t allowed = first_forbidden(device, first, p.modules.size());
  filled_device r{first, device.memory_bytes};
  double seconds = device.stage_seconds;
  for (; r.end < allowed; ++r.end) {
    const std::uint64_t bytes = resident_bytes(p, r.end).value_or(UINT64_MAX);
    seconds += device.module_seconds[r.end];
    if (bytes > r.room_bytes || seconds > busiest_seconds) break;
    r.room_bytes -= bytes;
  }
  return r;
}

/// As many modules on each of the devices as fit and take no longer; no stages where some are left over.
inline std::vector<stage_interval> fill_in_order(const placement_instance& p, const std::vector<std::size_t>& devices,
                                                 double busiest_seconds) {
  std::vector<stage_interval> stages;
  std::size_t first = 0;
  for (std::size_t i = 0; i < devices.size() && first < p.modules.size(); ++i) {
    const std::size_t end = fill_device(p, devices[i], first, busiest_seconds).end;
    if (end > first) stages.push_back({devices[i], first, end - 1});
    first = end;
  }
  if (first < p.modules.size()) stages.clear();
  return stages;
}

/// From `start` on always the device that can be reached and whose memory the next modules fill best; no stages where some are
/// left over.
inline std::vector<stage_interval> fill_tightly(const placement_instance& p, const std::vector<bool>& joined, std::size_t start) {
  const std::size_t all = p.devices.size();
  std::vector<stage_interval> stages;
  std::vector<bool> used(all, false);
  std::size_t next = start;
  for (std::size_t first = 0; next < all;) {
    const std::size_t device = next;
    const std::size_t end = fill_device(p, device, first, never).end;
    if (end == first) break;
    stages.push_back({device, first, end - 1});
    if (end == p.modules.size()) return stages;
    used[device] = true;
    first = end;
    next = all;
    std::uint64_t least = UINT64_MAX;
    for (std::size_t d = 0; d < all; ++d) {
      if (used[d] || !joined[device * all + d]) continue;
      const filled_device r = fill_device(p, d, first, never);
      if (r.end == first || (next < all && r.end < p.modules.size() && r.room_bytes >= least)) continue;
      next = d;
      least = r.end == p.modules.size() ? 0 : r.room_bytes;
    }
  }
  return {};
}

LINGUALINKED_CORE_DECL std::vector<stage_interval> quick_plan(const placement_instance& instance) {
  constexpr int bisections = 20;
  link_ledger ledger(instance);
  std::vector<stage_interval> best;
  double best_value = never;
  const auto offer = [&](std::vector<stage_interval> stages) {
    if (stages.empty()) return;
    const auto cost = evaluate_with(instance, stages, ledger);
    if (!cost || cost->objective_value >= best_value) return;
    best = std::move(stages);
    best_value = cost->objective_value;
  };
  for (std::size_t d = 0; d < instance.devices.size(); ++d) offer({{d, 0, instance.modules.size() - 1}});

  const std::size_t count = instance.devices.size();
  std::vector<bool> joined(count * count, false);
  for (const link& l : instance.links)
    joined[l.from * count + l.to] =
        l.quality.bandwidth_bytes_per_second > 0 && instance.devices[l.from].contract == instance.devices[l.to].contract;
  const std::vector<std::size_t> ranked = devices_by_promise(instance);
  const std::size_t most =
      std::min({count, instance.modules.size(), static_cast<std::size_t>(instance.max_stages.value_or(UINT32_MAX))});
  for (std::size_t k = std::min<std::size_t>(2, most), last = 0; k != last;
       last = k, k = std::min(most, std::max(k + 1, k * 5 / 4))) {
    std::vector<std::size_t> some(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(k));
    if (instance.header && std::find(some.begin(), some.end(), *instance.header) == some.end()) some.back() = *instance.header;
    for (const std::size_t start : {some.front(), instance.header.value_or(some.back())}) {
      std::vector<std::size_t> order = some;
      const auto found = std::find(order.begin(), order.end(), start);
      std::rotate(order.begin(), found, found + 1);
      order = linked_order(joined, count, std::move(order));
      std::vector<stage_interval> full = fill_in_order(instance, order, never);
      if (full.empty()) continue;
      double low = 0;
      double high = 0;
      for (const auto& s : full) {
        const auto& device = instance.devices[s.device];
        double seconds = device.stage_seconds;
        for (std::size_t j = s.first_module; j <= s.last_module; ++j) seconds += device.module_seconds[j];
        high = std::max(high, seconds);
      }
      offer(std::move(full));
      for (int i = 0; i < bisections; ++i) {
        const double middle = low + (high - low) / 2;
        (fill_in_order(instance, order, middle).empty() ? low : high) = middle;
      }
      offer(fill_in_order(instance, order, high));
    }
  }
  constexpr std::size_t most_starts = 64;
  for (std::size_t i = 0; i < std::min(count, most_starts) && best.empty(); ++i) offer(fill_tightly(instance, joined, ranked[i]));
  return best;
}

}  // namespace lingualinked::inline v0::detail

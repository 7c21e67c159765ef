// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/problem.hpp>
#include <lingualinked/partition/evaluate.hpp>
#include <lingualinked/partition/tables.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

/// Problems on part of a fleet, for solvers that a large fleet is too much for: a plan for part of it is a plan.
namespace lingualinked::inline v0::detail {

/// All devices, those that could do most of the work in the least time first: by seconds over the share of the model that fits.
[[nodiscard]] inline std::vector<std::size_t> devices_by_promise(const placement_instance& instance) {
  const auto need = static_cast<double>(interval_memory_bytes(instance, 0, instance.modules.size()));
  std::vector<double> worth;
  for (const auto& d : instance.devices) {
    const double share = std::min(1.0, static_cast<double>(d.memory_bytes) / std::max(need, 1.0));
    worth.push_back(std::accumulate(d.module_seconds.begin(), d.module_seconds.end(), 0.0) / std::max(share, 1e-9));
  }
  std::vector<std::size_t> order(instance.devices.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) { return worth[x] < worth[y]; });
  return order;
}

/// The first of these, and the header; by rising index.
[[nodiscard]] inline std::vector<std::size_t> promising_devices(const placement_instance& instance, std::size_t most) {
  std::vector<std::size_t> chosen = devices_by_promise(instance);
  const auto header = std::find_if(chosen.begin(), chosen.end(), [&](std::size_t d) { return d == instance.header; });
  if (header != chosen.end()) std::rotate(chosen.begin(), header, header + 1);
  chosen.resize(std::min(most, chosen.size()));
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

/// Those with the most memory, and the header; by rising index.
[[nodiscard]] inline std::vector<std::size_t> roomy_devices(const placement_instance& instance, std::size_t most) {
  std::vector<std::size_t> chosen(instance.devices.size());
  for (std::size_t d = 0; d < chosen.size(); ++d) chosen[d] = d;
  std::stable_sort(chosen.begin(), chosen.end(), [&](std::size_t x, std::size_t y) {
    if ((x == instance.header) != (y == instance.header)) return x == instance.header;
    return instance.devices[x].memory_bytes > instance.devices[y].memory_bytes;
  });
  chosen.resize(std::min(most, chosen.size()));
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

/// The instance with only some of its devices, in the given order.
/// Requires  the header among them, if one is named
[[nodiscard]] inline placement_instance with_devices(const placement_instance& instance, const std::vector<std::size_t>& chosen) {
  placement_instance part = instance;
  part.devices.clear();
  part.links.clear();
  std::vector<std::size_t> index(instance.devices.size(), no_device);
  for (const std::size_t d : chosen) {
    index[d] = part.devices.size();
    part.devices.push_back(instance.devices[d]);
  }
  for (const link& l : instance.links)
    if (index[l.from] != no_device && index[l.to] != no_device) part.links.push_back({index[l.from], index[l.to], l.quality});
  if (instance.header) part.header = index[*instance.header];
  return part;
}

}  // namespace lingualinked::inline v0::detail

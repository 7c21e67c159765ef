// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/proportional.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL std::vector<std::size_t> largest_remainders(std::vector<double> shares, std::size_t count) {
  double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (!(sum > 0) || std::isinf(sum)) {
    shares.assign(shares.size(), 1.0);
    sum = static_cast<double>(shares.size());
  }
  std::vector<std::size_t> parts;
  std::vector<std::pair<double, std::size_t>> remainders;
  std::size_t given = 0;
  for (std::size_t d = 0; d < shares.size(); ++d) {
    const double exact = shares[d] / sum * static_cast<double>(count);
    parts.push_back(std::min(static_cast<std::size_t>(exact), count - given));
    given += parts.back();
    remainders.emplace_back(static_cast<double>(parts.back()) - exact, d);
  }
  std::sort(remainders.begin(), remainders.end());
  for (std::size_t i = 0; given < count; i = (i + 1) % remainders.size(), ++given) ++parts[remainders[i].second];
  return parts;
}

/// Stages on the devices in the order of the fleet, of so many modules each; devices without any are left out.
inline std::vector<stage_interval> stages_of_counts(const std::vector<std::size_t>& counts) {
  std::vector<stage_interval> stages;
  std::size_t first = 0;
  for (std::size_t d = 0; d < counts.size(); ++d) {
    if (counts[d] > 0) stages.push_back({d, first, first + counts[d] - 1});
    first += counts[d];
  }
  return stages;
}

/// The largest shares, so many; the others become 0.
inline std::vector<double> largest_shares(std::vector<double> shares, std::optional<std::uint32_t> most) {
  std::vector<std::size_t> order(shares.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) { return shares[x] > shares[y]; });
  for (std::size_t i = most.value_or(UINT32_MAX); i < order.size(); ++i) shares[order[i]] = 0;
  return shares;
}

}  // namespace lingualinked::inline v0::detail

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<placement> memory_proportional_partitioner::solve(const placement_instance& instance,
                                                                                double time_limit_seconds) const {
  if (auto valid = validate_instance(instance); !valid) return valid.error();
  std::vector<double> shares;
  for (const auto& d : instance.devices) shares.push_back(static_cast<double>(d.memory_bytes));
  shares = detail::largest_shares(std::move(shares), instance.max_stages);
  const auto counts = detail::largest_remainders(std::move(shares), instance.modules.size());
  return detail::price_given_plan(instance, detail::stages_of_counts(counts), name, time_limit_seconds);
}

LINGUALINKED_CORE_DECL result<placement> speed_proportional_partitioner::solve(const placement_instance& instance,
                                                                               double time_limit_seconds) const {
  if (auto valid = validate_instance(instance); !valid) return valid.error();
  const std::size_t count = instance.modules.size();
  std::vector<double> shares;
  for (const auto& d : instance.devices) {
    const double seconds = std::accumulate(d.module_seconds.begin(), d.module_seconds.end(), 0.0);
    shares.push_back(1 / std::max(seconds, 1e-300));
  }
  shares = detail::largest_shares(std::move(shares), instance.max_stages);
  std::vector<std::size_t> counts = detail::largest_remainders(shares, count);
  std::size_t first = 0;
  std::size_t carried = 0;
  for (std::size_t d = 0; d < counts.size(); ++d) {
    if (shares[d] == 0) continue;
    const std::size_t wanted = counts[d] + carried;
    std::size_t fits = 0;
    while (fits < wanted && interval_fits(instance, d, first, first + fits + 1)) ++fits;
    carried = wanted - fits;
    counts[d] = fits;
    first += fits;
  }
  if (carried == 0) return detail::price_given_plan(instance, detail::stages_of_counts(counts), name, time_limit_seconds);
  placement plan;
  plan.solver = name;
  const auto shortage = detail::obvious_shortage(instance);
  plan.status = shortage ? solve_status::infeasible : solve_status::unknown;
  plan.reason = shortage ? *shortage
                         : "by speed, module " + std::to_string(first) + " and those after it find no device; " +
                               std::to_string(interval_memory_bytes(instance, first, count)) + " bytes are left over";
  return plan;
}

}  // namespace lingualinked::inline v0

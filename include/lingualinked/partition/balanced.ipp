// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/balanced.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<placement> balanced_partitioner::solve(const placement_instance& instance,
                                                                     double time_limit_seconds) const {
  if (auto valid = validate_instance(instance); !valid) return valid.error();
  const std::size_t count = instance.modules.size();
  if (stages == 0 || stages > count || stages > instance.devices.size())
    return error{errc::invalid_argument, std::to_string(stages) + " stages asked for; " + std::to_string(count) + " modules on " +
                                             std::to_string(instance.devices.size()) + " devices allow 1 to " +
                                             std::to_string(std::min(count, instance.devices.size()))};
  // First the least busiest stage, then the most even counts among plans whose busiest stage is no longer than that.
  const auto cost = [](double seconds, std::size_t) { return seconds; };
  const table busiest = fill(instance, cost, [](double a, double b) { return std::max(a, b); });
  const double limit = busiest.best[stages * (count + 1) + count] * (1 + 1e-12);
  const auto square = [limit](double seconds, std::size_t modules) {
    return seconds <= limit ? static_cast<double>(modules) * static_cast<double>(modules) : impossible;
  };
  const table counts = fill(instance, square, [](double a, double b) { return a + b; });

  std::vector<stage_interval> plan;
  if (counts.best[stages * (count + 1) + count] == impossible) return shortfall(instance);
  std::size_t end = count;
  for (std::size_t s = stages; s > 0; --s) {
    const std::size_t first = counts.start[s * (count + 1) + end];
    plan.push_back({s - 1, first, end - 1});
    end = first;
  }
  std::reverse(plan.begin(), plan.end());
  return detail::price_given_plan(instance, std::move(plan), name, time_limit_seconds);
}

LINGUALINKED_CORE_DECL result<placement> balanced_partitioner::shortfall(const placement_instance& instance) const {
  placement plan;
  plan.solver = name;
  const auto shortage = detail::obvious_shortage(instance);
  plan.status = shortage ? solve_status::infeasible : solve_status::unknown;
  plan.reason = shortage ? *shortage
                         : "memory: no " + std::to_string(stages) + " stages on the first " + std::to_string(stages) +
                               " devices fit; the modules need " +
                               std::to_string(interval_memory_bytes(instance, 0, instance.modules.size())) + " bytes";
  return plan;
}

}  // namespace lingualinked::inline v0

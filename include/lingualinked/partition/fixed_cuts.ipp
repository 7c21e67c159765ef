// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/fixed_cuts.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<placement> fixed_cuts_partitioner::solve(const placement_instance& instance,
                                                                       double time_limit_seconds) const {
  if (auto valid = validate_instance(instance); !valid) return valid.error();
  const std::size_t count = instance.modules.size();
  if (first_modules.size() >= instance.devices.size())
    return error{errc::invalid_argument, std::to_string(first_modules.size()) + " cuts make " +
                                             std::to_string(first_modules.size() + 1) + " stages, but there are " +
                                             std::to_string(instance.devices.size()) + " devices"};
  std::vector<stage_interval> plan;
  std::size_t first = 0;
  for (const std::size_t cut : first_modules) {
    if (cut <= first || cut >= count)
      return error{errc::invalid_argument, "a stage cannot start at module " + std::to_string(cut) + ": after " +
                                               std::to_string(first) + ", and up to " + std::to_string(count - 1) +
                                               ", is possible"};
    plan.push_back({plan.size(), first, cut - 1});
    first = cut;
  }
  plan.push_back({plan.size(), first, count - 1});
  return detail::price_given_plan(instance, std::move(plan), name, time_limit_seconds);
}

}  // namespace lingualinked::inline v0

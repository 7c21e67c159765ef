// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/partition/cost_model.hpp>
#include <lingualinked/partition/given_plan.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

/// Equal module counts over devices in the order of the fleet, the baseline of the LinguaLinked paper: stage s of S gets
/// the modules [s * L / S, (s + 1) * L / S). It looks at neither speed nor memory, so its plan may not fit; then the status
/// is unknown.
/// Source    Zhao et al. 2023, LinguaLinked, arXiv 2312.00388 (the baseline of its evaluation)
struct even_partitioner {
  static constexpr std::string_view name = "even";
  std::size_t stages = 0;  // 0: one for each device, but no more than modules

  [[nodiscard]] result<placement> solve(const placement_instance& instance, double time_limit_seconds) const {
    if (auto valid = validate_instance(instance); !valid) return valid.error();
    const std::size_t count = instance.modules.size();
    const std::size_t most = std::min(count, instance.devices.size());
    if (stages > most)
      return error{errc::invalid_argument, std::to_string(stages) + " stages asked for; " + std::to_string(count) +
                                               " modules on " + std::to_string(instance.devices.size()) +
                                               " devices allow at most " + std::to_string(most)};
    const std::size_t used = stages == 0 ? std::min<std::size_t>(most, instance.max_stages.value_or(UINT32_MAX)) : stages;
    std::vector<stage_interval> plan;
    for (std::size_t s = 0; s < used; ++s) plan.push_back({s, s * count / used, (s + 1) * count / used - 1});
    return detail::price_given_plan(instance, std::move(plan), name, time_limit_seconds);
  }

  template <Graph G>
  [[nodiscard]] result<placement> partition(const problem<G>& what) const {
    return detail::solve_graph(*this, what);
  }
};

}  // namespace lingualinked::inline v0

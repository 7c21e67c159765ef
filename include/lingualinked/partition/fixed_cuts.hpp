// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/partition/cost_model.hpp>
#include <lingualinked/partition/given_plan.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

/// The plan that the caller has in mind: stage s on device s of the fleet, first_modules naming where stages 2, 3, ... start.
struct fixed_cuts_partitioner {
  static constexpr std::string_view name = "fixed-cuts";
  std::vector<std::size_t> first_modules;  // rising; one less than there are stages

  [[nodiscard]] result<placement> solve(const placement_instance& instance, double time_limit_seconds) const;

  template <Graph G>
  [[nodiscard]] result<placement> partition(const problem<G>& what) const {
    return detail::solve_graph(*this, what);
  }
};

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/fixed_cuts.ipp>
#endif

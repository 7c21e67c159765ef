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

namespace detail {

/// `count` things divided by shares: the whole parts first, what is left to the largest remainders, ties to the earlier.
/// Requires  shares >= 0; all zero counts as all equal
[[nodiscard]] std::vector<std::size_t> largest_remainders(std::vector<double> shares, std::size_t count);

}  // namespace detail

/// Modules in proportion to memory, over devices in the order of the fleet: a rule of systems that know nothing else of their
/// devices. It looks at counts, not at bytes, so its plan may not fit; then the status is unknown.
struct memory_proportional_partitioner {
  static constexpr std::string_view name = "memory_proportional";

  [[nodiscard]] result<placement> solve(const placement_instance& instance, double time_limit_seconds) const;

  template <Graph G>
  [[nodiscard]] result<placement> partition(const problem<G>& what) const {
    return detail::solve_graph(*this, what);
  }
};

/// Modules in proportion to speed, over devices in the order of the fleet; what a device cannot hold of its share moves on to the
/// next. What is left at the end fits nowhere, and the status is unknown.
struct speed_proportional_partitioner {
  static constexpr std::string_view name = "speed_proportional";

  [[nodiscard]] result<placement> solve(const placement_instance& instance, double time_limit_seconds) const;

  template <Graph G>
  [[nodiscard]] result<placement> partition(const problem<G>& what) const {
    return detail::solve_graph(*this, what);
  }
};

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/proportional.ipp>
#endif

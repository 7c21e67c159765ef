// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/partition/chain.hpp>
#include <lingualinked/partition/given_plan.hpp>

#include <cstddef>
#include <string_view>

namespace lingualinked::inline v0 {

namespace detail {}  // namespace detail

/// The plan that is best by the objective of the LinguaLinked paper, to compare others with:
///   least sum of module_seconds + sum over tensors between devices of bytes / bandwidth
/// where each device's modules are consecutive, their weights fit its memory, and the header (if one is named) holds module 0.
/// Latency is the same for all plans, the KV cache needs no memory, and nothing is said of several sequences. What it costs is
/// tau as for every plan; where the plan breaks a limit that the objective does not know, the status is unknown. Links count in
/// bytes per second and the tail returns a token id: the published code mistakes units and returns all logits.
/// Errors    as chain; unsupported above the sizes below, and for more than eight open producers of edges
/// Cost      as chain with one sequence
/// Source    Zhao et al. 2023, LinguaLinked, arXiv 2312.00388, by the published code of its optimiser
struct lingualinked_partitioner {
  static constexpr std::string_view name = "lingualinked";
  static constexpr std::size_t most_devices = 16;
  static constexpr std::size_t most_modules = 512;

  [[nodiscard]] result<placement> solve(const placement_instance& instance, double time_limit_seconds) const;

  template <Graph G>
  [[nodiscard]] result<placement> partition(const problem<G>& what) const {
    return detail::solve_graph(*this, what);
  }
};

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/lingualinked.ipp>
#endif

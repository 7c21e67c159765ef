// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

namespace detail {

/// Stage of every module. Errors  invalid_argument when the stages do not cover the modules once and in order
[[nodiscard]] result<std::vector<std::size_t>> stage_of_modules(std::span<const stage_interval> stages, std::size_t modules);

/// A tensor from one module to another, beside the cuts.
struct residual {
  std::size_t from_module = 0;
  std::size_t to_module = 0;
  std::uint64_t bytes = 0;
};

/// Cuts first, then residuals by producer and receiving stage; with `merge`, one for each receiving stage, named after the first
/// module there that reads the tensor.
[[nodiscard]] std::vector<transmission> merge_transmissions(std::span<const stage_interval> stages,
                                                            const std::vector<std::size_t>& stage_of,
                                                            std::span<const std::uint64_t> cut_bytes,
                                                            std::vector<residual> residuals, bool merge);

}  // namespace detail

/// Every tensor that crosses devices under a plan. What a stage hands to the next goes there; a tensor that a later stage reads
/// as well is sent straight to that stage, once. An additional tensor to the next stage travels on its own too, beside the cut.
/// Errors    invalid_argument when the stages do not cover the graph once and in order
/// Cost      linear in nodes, times log of the residual edges
template <Graph G>
[[nodiscard]] result<std::vector<transmission>> make_transmission_map(std::span<const stage_interval> stages, const G& graph) {
  using node_id = node_id_t<G>;
  const std::size_t count = graph.node_count();
  const auto stage_of = detail::stage_of_modules(stages, count);
  if (!stage_of) return stage_of.error();
  std::vector<std::uint64_t> cut_bytes(count, 0);
  std::vector<detail::residual> residuals;
  for (std::size_t i = 0; i < count; ++i) {
    const auto u = static_cast<node_id>(i);
    for (const node_id v : graph.successors(u)) {
      const auto to = static_cast<std::size_t>(v);
      if (to <= i || to >= count)
        return error{errc::invalid_argument, "node " + std::to_string(i) + " has the successor " + std::to_string(to) +
                                                 ", which is not a later node of the " + std::to_string(count)};
      const std::uint64_t bytes = graph.edge_bytes(u, v);
      if (to == i + 1) cut_bytes[i] = bytes;
      else if (bytes > 0) residuals.push_back({i, to, bytes});
    }
  }
  return detail::merge_transmissions(stages, *stage_of, cut_bytes, std::move(residuals), true);
}

/// The same for a problem in plain numbers, with its edges as the additional tensors: each travels alone, as it is charged.
/// Bytes are those of one sequence, also where the problem is of micro-batches.
[[nodiscard]] result<std::vector<transmission>> make_transmission_map(std::span<const stage_interval> stages,
                                                                      const placement_instance& instance);

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/graph/transmission_map.ipp>
#endif

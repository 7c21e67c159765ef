// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

namespace detail {

/// Stage of every module. Errors  invalid_argument when the stages do not cover the modules once and in order
[[nodiscard]] inline result<std::vector<std::size_t>> stage_of_modules(std::span<const stage_interval> stages,
                                                                       std::size_t modules) {
  std::vector<std::size_t> stage_of;
  stage_of.reserve(modules);
  for (std::size_t s = 0; s < stages.size(); ++s) {
    if (stages[s].first_module != stage_of.size() || stages[s].last_module < stages[s].first_module ||
        stages[s].last_module >= modules)
      return error{errc::invalid_argument, "stage " + std::to_string(s) + " holds modules " +
                                               std::to_string(stages[s].first_module) + " to " +
                                               std::to_string(stages[s].last_module) + "; it must start at " +
                                               std::to_string(stage_of.size()) + " and end before " + std::to_string(modules)};
    stage_of.insert(stage_of.end(), stages[s].last_module + 1 - stages[s].first_module, s);
  }
  if (stage_of.size() != modules)
    return error{errc::invalid_argument,
                 "the stages hold " + std::to_string(stage_of.size()) + " of " + std::to_string(modules) + " modules"};
  return stage_of;
}

/// A tensor from one module to another, beside the cuts.
struct residual {
  std::size_t from_module = 0;
  std::size_t to_module = 0;
  std::uint64_t bytes = 0;
};

/// Cuts first, then residuals by producer and receiving stage, merged to the first module of the stage that reads the tensor.
[[nodiscard]] inline std::vector<transmission> merge_transmissions(std::span<const stage_interval> stages,
                                                                   const std::vector<std::size_t>& stage_of,
                                                                   std::span<const std::uint64_t> cut_bytes,
                                                                   std::vector<residual> residuals) {
  std::vector<transmission> map;
  for (std::size_t s = 0; s + 1 < stages.size(); ++s) {
    const std::size_t last = stages[s].last_module;
    map.push_back({last, last + 1, s, s + 1, cut_bytes[last]});
  }
  std::sort(residuals.begin(), residuals.end(), [](const residual& a, const residual& b) {
    return a.from_module != b.from_module ? a.from_module < b.from_module : a.to_module < b.to_module;
  });
  const std::size_t sequential = map.size();
  for (const residual& r : residuals) {
    const std::size_t from = stage_of[r.from_module];
    const std::size_t to = stage_of[r.to_module];
    if (from == to) continue;
    // Sorted by producer and consumer, so what the same stage reads of the same tensor follows at once.
    if (map.size() > sequential && map.back().producer_module == r.from_module && map.back().to_stage == to)
      map.back().bytes_per_token = std::max(map.back().bytes_per_token, r.bytes);
    else map.push_back({r.from_module, r.to_module, from, to, r.bytes});
  }
  return map;
}

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
  return detail::merge_transmissions(stages, *stage_of, cut_bytes, std::move(residuals));
}

/// The same for a problem in plain numbers, with its edges as the additional tensors.
[[nodiscard]] inline result<std::vector<transmission>> make_transmission_map(std::span<const stage_interval> stages,
                                                                             const placement_instance& instance) {
  const std::size_t count = instance.modules.size();
  const auto stage_of = detail::stage_of_modules(stages, count);
  if (!stage_of) return stage_of.error();
  std::vector<std::uint64_t> cut_bytes;
  for (const auto& m : instance.modules) cut_bytes.push_back(m.cut_bytes);
  std::vector<detail::residual> residuals;
  for (const auto& e : instance.edges) {
    if (e.from_module >= e.to_module || e.to_module >= count)
      return error{errc::invalid_argument, "an edge from module " + std::to_string(e.from_module) + " to module " +
                                               std::to_string(e.to_module) + " is not forward within the " +
                                               std::to_string(count)};
    residuals.push_back({e.from_module, e.to_module, e.bytes});
  }
  return detail::merge_transmissions(stages, *stage_of, cut_bytes, std::move(residuals));
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/cost.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/graph/operation_cost.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// The smallest thing that can be placed: the operations [first_operation, end_operation) between two clean cuts.
struct module {
  std::string name;
  std::size_t first_operation = 0;
  std::size_t end_operation = 0;
  node_cost cost;
};

/// Modules in order and the tensors between them. Models Graph.
/// Width of what crosses a cut is counted in float32, as activations travel.
class module_graph {
 public:
  using node_id = std::uint32_t;
  struct edge {
    node_id to = 0;
    std::uint64_t bytes = 0;
  };

  module_graph() = default;
  module_graph(std::vector<module> modules, std::vector<std::vector<edge>> edges)
      : modules_(std::move(modules)), edges_(std::move(edges)) {
    successors_.resize(edges_.size());
    for (std::size_t u = 0; u < edges_.size(); ++u)
      for (const edge& e : edges_[u]) successors_[u].push_back(e.to);
  }

  [[nodiscard]] std::size_t node_count() const noexcept { return modules_.size(); }
  [[nodiscard]] std::span<const node_id> successors(node_id u) const { return successors_[u]; }
  [[nodiscard]] node_cost cost(node_id u) const noexcept { return modules_[u].cost; }
  [[nodiscard]] std::uint64_t edge_bytes(node_id u, node_id v) const noexcept {
    for (const edge& e : edges_[u])
      if (e.to == v) return e.bytes;
    return 0;
  }
  [[nodiscard]] const std::string& name(node_id u) const { return modules_[u].name; }
  [[nodiscard]] std::span<const module> modules() const noexcept { return modules_; }

 private:
  std::vector<module> modules_;
  std::vector<std::vector<edge>> edges_;  // [u], by rising target
  std::vector<std::vector<node_id>> successors_;
};

/// Cuts a model where only the residual stream is alive.
///   A cut after operation i is clean when exactly one tensor made at or before i is read after i: that of operation i, marked as
///   the stream.
/// Errors    invalid_argument when an operation reads a later one, or the graph is empty
/// Cost      linear in operations and their inputs
[[nodiscard]] inline result<module_graph> cut_into_modules(const operation_graph& graph, std::uint64_t kv_element_bytes) {
  const auto& ops = graph.operations;
  if (ops.empty()) return error{errc::invalid_argument, "the operation graph is empty"};
  std::vector<std::size_t> last_read(ops.size(), 0);
  for (std::size_t i = 0; i < ops.size(); ++i) {
    for (const std::uint32_t input : ops[i].inputs) {
      if (input >= i)
        return error{errc::invalid_argument,
                     "operation " + std::to_string(i) + " reads operation " + std::to_string(input) + ", which is not before it"};
      last_read[input] = i;
    }
  }
  std::vector<module> modules;
  std::vector<std::vector<module_graph::edge>> edges;
  std::size_t first = 0;
  std::size_t alive = 0;  // tensors made so far that a later operation reads
  std::vector<std::vector<std::uint32_t>> dies_at(ops.size());
  for (std::size_t i = 0; i < ops.size(); ++i)
    if (last_read[i] > i) dies_at[last_read[i]].push_back(static_cast<std::uint32_t>(i));
  for (std::size_t i = 0; i < ops.size(); ++i) {
    alive -= dies_at[i].size();
    if (last_read[i] > i) ++alive;
    const bool last = i + 1 == ops.size();
    if (!last && !(alive == 1 && ops[i].stream && last_read[i] > i)) continue;
    module m{ops[first].label, first, i + 1, {}};
    for (std::size_t j = first; j <= i; ++j) m.cost = m.cost + cost_of(ops[j], kv_element_bytes);
    modules.push_back(std::move(m));
    edges.emplace_back();
    if (!last) {
      const auto next = static_cast<module_graph::node_id>(modules.size());
      edges.back().push_back({next, ops[i].width * sizeof(float)});
    }
    first = i + 1;
  }
  return module_graph(std::move(modules), std::move(edges));
}

}  // namespace lingualinked::inline v0

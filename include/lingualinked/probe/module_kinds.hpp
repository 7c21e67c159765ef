// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/graph/module_graph.hpp>
#include <lingualinked/graph/operation.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace lingualinked::inline v0 {

/// Modules that do the same work with other numbers, and so take the same time.
struct module_kinds {
  std::vector<std::string> names;         // [kind]: of the first module of that kind
  std::vector<std::uint32_t> of_modules;  // [module]
};

namespace detail {

[[nodiscard]] inline std::string shape_text(const weight_ref& w) {
  return std::string(name_of(w.type)) + " " + std::to_string(w.rows) + "x" + std::to_string(w.columns) + " ";
}

/// What of an operation decides how long it takes.
[[nodiscard]] inline std::string work_text(const operation& op) {
  std::string text =
      std::to_string(op.kind.index()) + ":" + std::to_string(op.width) + ":" + std::to_string(op.inputs.size()) + " ";
  if (const auto* e = std::get_if<embedding_operation>(&op.kind)) text += shape_text(e->table);
  if (const auto* r = std::get_if<rms_norm_operation>(&op.kind)) text += std::to_string(r->head_size);
  if (const auto* l = std::get_if<layer_norm_operation>(&op.kind)) text += std::to_string(l->head_size);
  if (const auto* l = std::get_if<linear_operation>(&op.kind)) text += shape_text(l->weight) + (l->bias ? "b" : "");
  if (const auto* r = std::get_if<rope_operation>(&op.kind)) text += std::to_string(r->rotary);
  if (const auto* a = std::get_if<attention_operation>(&op.kind))
    text += std::to_string(a->heads) + "/" + std::to_string(a->kv_heads) + "/" + std::to_string(a->head_size) + "/" +
            std::to_string(a->window) + (a->soft_cap != 0 ? "c" : "") + (a->slopes.empty() ? "" : "s");
  if (const auto* g = std::get_if<gated_operation>(&op.kind)) text += std::to_string(static_cast<int>(g->activation));
  if (const auto* a = std::get_if<activation_operation>(&op.kind)) text += std::to_string(static_cast<int>(a->activation));
  if (const auto* m = std::get_if<mixture_operation>(&op.kind)) {
    text += std::to_string(m->used) + " of " + std::to_string(m->gate.size()) + " ";
    for (const auto* list : {&m->gate, &m->up, &m->down})
      for (const weight_ref& w : *list) text += shape_text(w);
  }
  return text;
}

}  // namespace detail

/// Groups modules by what their operations do and on what sizes and types.
/// Cost      linear in operations, times the logarithm of the kinds
[[nodiscard]] inline module_kinds find_module_kinds(const operation_graph& graph, const module_graph& modules) {
  module_kinds found;
  std::map<std::string, std::uint32_t> known;
  for (const module& m : modules.modules()) {
    std::string work;
    for (std::size_t i = m.first_operation; i < m.end_operation; ++i) work += detail::work_text(graph.operations[i]) + "\n";
    const auto [at, fresh] = known.emplace(work, static_cast<std::uint32_t>(found.names.size()));
    if (fresh) found.names.push_back(m.name);
    found.of_modules.push_back(at->second);
  }
  return found;
}

}  // namespace lingualinked::inline v0

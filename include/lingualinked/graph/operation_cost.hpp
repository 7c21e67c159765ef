// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/cost.hpp>
#include <lingualinked/graph/operation.hpp>

#include <algorithm>
#include <cstdint>
#include <variant>

namespace lingualinked::inline v0 {

/// What one operation costs per token. A multiply-add is two flops; vectors of norms count as weights, their flops are left
/// out. kv_element_bytes is the size of one number in the KV cache.
[[nodiscard]] inline node_cost cost_of(const operation& op, std::uint64_t kv_element_bytes) {
  const auto one_row_of = [](const weight_ref& table) -> node_cost {
    return {.weight_bytes = table.resident_bytes,
            .read_bytes_per_token = table.rows == 0 ? 0 : table.resident_bytes / table.rows};
  };
  const auto all_of = [](std::uint64_t bytes) -> node_cost { return {.weight_bytes = bytes, .read_bytes_per_token = bytes}; };
  if (const auto* e = std::get_if<embedding_operation>(&op.kind)) return one_row_of(e->table);
  if (const auto* p = std::get_if<position_embedding_operation>(&op.kind)) return one_row_of(p->table);
  if (const auto* n = std::get_if<rms_norm_operation>(&op.kind)) return all_of(n->weight.resident_bytes);
  if (const auto* n = std::get_if<layer_norm_operation>(&op.kind))
    return all_of(n->weight.resident_bytes + n->bias.resident_bytes);
  if (const auto* l = std::get_if<linear_operation>(&op.kind)) {
    const std::uint64_t bytes = l->weight.resident_bytes + l->bias.resident_bytes;
    return {.flops_per_token = 2.0 * static_cast<double>(l->weight.rows) * static_cast<double>(l->weight.columns),
            .weight_bytes = bytes,
            .read_bytes_per_token = bytes};
  }
  if (const auto* m = std::get_if<mixture_operation>(&op.kind)) {
    std::uint64_t bytes = 0;
    double products = 0;
    for (const auto* list : {&m->gate, &m->up, &m->down})
      for (const weight_ref& w : *list) {
        bytes += w.resident_bytes;
        products += static_cast<double>(w.rows) * static_cast<double>(w.columns);
      }
    const auto experts = std::max<std::size_t>(1, m->gate.size());
    return {.flops_per_token = 2.0 * products * static_cast<double>(m->used) / static_cast<double>(experts),
            .weight_bytes = bytes,
            .read_bytes_per_token = bytes / experts * m->used};
  }
  if (const auto* a = std::get_if<attention_operation>(&op.kind))
    return {.flops_per_token_and_context_token = 4.0 * static_cast<double>(a->heads) * static_cast<double>(a->head_size),
            .kv_bytes_per_context_token = 2 * a->kv_heads * a->head_size * kv_element_bytes,
            .window_tokens = a->window};
  return {};
}

/// Of two that attend, the longer window counts.
[[nodiscard]] inline node_cost operator+(node_cost a, const node_cost& b) noexcept {
  const auto attends = [](const node_cost& c) { return c.kv_bytes_per_context_token > 0; };
  if (!attends(a)) a.window_tokens = b.window_tokens;
  else if (attends(b))
    a.window_tokens = a.window_tokens == 0 || b.window_tokens == 0 ? 0 : std::max(a.window_tokens, b.window_tokens);
  a.flops_per_token += b.flops_per_token;
  a.flops_per_token_and_context_token += b.flops_per_token_and_context_token;
  a.weight_bytes += b.weight_bytes;
  a.read_bytes_per_token += b.read_bytes_per_token;
  a.kv_bytes_per_context_token += b.kv_bytes_per_context_token;
  return a;
}

}  // namespace lingualinked::inline v0

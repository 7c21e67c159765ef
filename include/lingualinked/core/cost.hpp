// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace lingualinked::inline v0 {

/// What one node of a graph costs, independent of any device. All figures are for one token of one sequence.
struct node_cost {
  double flops_per_token = 0;                    // at context 0
  double flops_per_token_and_context_token = 0;  // grows with the context: attention
  std::uint64_t weight_bytes = 0;                // resident
  std::uint64_t read_bytes_per_token = 0;        // weights touched per token; an embedding touches one row
  std::uint64_t kv_bytes_per_context_token = 0;  // KV cache kept, and read again, for every token of context
  std::uint64_t window_tokens = 0;               // of the context, attention reaches only so far back; 0: all of it

  friend bool operator==(const node_cost&, const node_cost&) = default;
};

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/tensor/dtype.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lingualinked::inline v0 {

/// A stored matrix or vector that an operation reads: its name in the model file and what it costs.
struct weight_ref {
  std::string name;  // empty: the operation has none
  dtype type = dtype::f32;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::uint64_t resident_bytes = 0;  // in memory, as kernels read it

  explicit operator bool() const noexcept { return !name.empty(); }
};

/// Order in which the rows of a stored projection become output rows.
enum class row_order : unsigned char {
  as_stored,
  pairs_to_halves,  // the rotated part of each head, stored as adjacent pairs (2i, 2i+1), becomes halves (i, i + rotary/2)
};

/// The functions that stand between the layers of a feed-forward network.
enum class activation_kind : unsigned char {
  silu,       // x * sigmoid(x)
  gelu_tanh,  // x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) / 2
  gelu,       // x * (1 + erf(x / sqrt(2))) / 2
  relu,
};

/// x[t] = table[token[t]] * scale
struct embedding_operation {
  weight_ref table;  // [V, D]
  float scale = 1;
};
/// Keeps only the rows whose logits somebody wants; later operations run on those alone.
struct select_operation {};
/// Root-mean-square norm of each row, or of each head of a row when head_size is not 0.
struct rms_norm_operation {
  weight_ref weight;
  float epsilon = 0;
  std::size_t head_size = 0;
};
/// y = W x (+ b)
struct linear_operation {
  weight_ref weight;  // [N, K]
  weight_ref bias;    // [N]
  row_order order = row_order::as_stored;
  std::size_t head_size = 0;  // for pairs_to_halves
  std::size_t rotary = 0;     // for pairs_to_halves: the first elements of a head that are pairs
};
/// Rotates each head by its position: frequency i is base^(-2i/rotary) / divisor[i].
struct rope_operation {
  std::size_t head_size = 0;
  std::size_t rotary = 0;  // elements of a head that turn, even, <= head_size
  double base = 10000;
  std::vector<double> divisors;  // [rotary/2], or empty for ones
};
/// softmax(q k^T * scale) v over the cache, causal; inputs q, k, v in this order.
struct attention_operation {
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_size = 0;
  float scale = 1;
  std::size_t window = 0;  // 0: all earlier positions; w: the last w, itself included
};
/// silu(gate) * up; inputs gate, up.
struct gated_silu_operation {};
/// a + b
struct add_operation {};

using operation_kind = std::variant<embedding_operation, select_operation, rms_norm_operation, linear_operation, rope_operation,
                                    attention_operation, gated_silu_operation, add_operation>;

/// One node of the operation graph. It makes one tensor [T, width].
struct operation {
  operation_kind kind;
  std::vector<std::uint32_t> inputs;  // earlier operations
  std::size_t width = 0;
  bool stream = false;  // its tensor is the residual stream: a stage may end here if nothing else is alive
  std::string label;    // of the part of the model it belongs to, e.g. "layer 3 attention"
};

/// A model as operations in topological order; the first takes token ids, the last makes the answer.
struct operation_graph {
  std::vector<operation> operations;

  /// Appends and gives the index that later operations name as input.
  std::uint32_t add(operation op) {
    operations.push_back(std::move(op));
    return static_cast<std::uint32_t>(operations.size() - 1);
  }
};

}  // namespace lingualinked::inline v0

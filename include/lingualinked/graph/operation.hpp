// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/graph/activation.hpp>
#include <lingualinked/tensor/dtype.hpp>

#include <algorithm>
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
  std::size_t first = 0;             // where this part of what is stored begins: a row of a matrix, an element of a vector

  explicit operator bool() const noexcept { return !name.empty(); }
};

[[nodiscard]] inline bool any_quantised(const std::vector<weight_ref>& weights) noexcept {
  return std::any_of(weights.begin(), weights.end(), [](const weight_ref& w) { return is_quantised(w.type); });
}

/// Order in which the rows of a stored projection become output rows.
enum class row_order : unsigned char {
  as_stored,
  pairs_to_halves,  // the rotated part of each head, stored as adjacent pairs (2i, 2i+1), becomes halves (i, i + rotary/2)
};

/// x[t] = table[token[t]] * scale
struct embedding_operation {
  weight_ref table;  // [V, D]
  float scale = 1;
};
/// y[t] = x[t] + table[position of t + offset]
struct position_embedding_operation {
  weight_ref table;  // [positions, D]
  std::size_t offset = 0;
};
/// Keeps only the rows whose logits somebody wants; later operations run on those alone.
struct select_operation {};
/// Root-mean-square norm of each row, or of each head of a row when head_size is not 0.
struct rms_norm_operation {
  weight_ref weight;
  float epsilon = 0;
  std::size_t head_size = 0;
};
/// (x - mean) / sqrt(variance + epsilon) * weight (+ bias) of each row, or of each head of a row when head_size is not 0; then
/// the weight is that of all heads, one behind the other.
struct layer_norm_operation {
  weight_ref weight;
  weight_ref bias;
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
/// Rotates each head by its position: frequency i is base^(-2i/rotary) / divisor[i]. What turns is multiplied by amplitude.
struct rope_operation {
  std::size_t head_size = 0;
  std::size_t rotary = 0;  // elements of a head that turn, even, <= head_size
  double base = 10000;
  std::vector<double> divisors;  // [rotary/2], or empty for ones
  double amplitude = 1;
};
/// Whether both turn a head's elements by the same angles and amplitude.
[[nodiscard]] inline bool same_rotation(const rope_operation& a, const rope_operation& b) noexcept {
  return a.rotary == b.rotary && a.base == b.base && a.divisors == b.divisors && a.amplitude == b.amplitude;
}
/// softmax(q k^T * scale) v over the cache, causal; inputs q, k, v in this order. Scores go through cap * tanh(score / cap) where
/// there is a cap, then get slope * key position where there are slopes.
struct attention_operation {
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_size = 0;
  float scale = 1;
  std::size_t window = 0;       // 0: all earlier positions; w: the last w, itself included
  float soft_cap = 0;           // 0: none
  std::vector<float> slopes{};  // [heads], or empty
};
/// activation(x)
struct activation_operation {
  activation_kind activation = activation_kind::silu;
};
/// activation(gate) * up; inputs gate, up.
struct gated_operation {
  activation_kind activation = activation_kind::silu;
};
/// a * sigmoid(b), b one number for each row; inputs a, b.
struct scale_operation {};
/// A mixture of E gated networks, of which each row goes through `used`; inputs x [T, D] and the router's scores [T, E].
///   p = softmax(scores); chosen are the largest `used` of them, the lower index on ties; w_e = p_e, divided by the sum of the
///   chosen where sum_to_one; y = sum over the chosen e, ascending, of w_e * down_e(activation(gate_e x) * up_e x)
struct mixture_operation {
  std::vector<weight_ref> gate;  // [E], each [F, D]
  std::vector<weight_ref> up;    // [E], each [F, D]
  std::vector<weight_ref> down;  // [E], each [D, F]
  std::size_t used = 1;
  bool sum_to_one = true;
  activation_kind activation = activation_kind::silu;
};
/// cap * tanh(x / cap)
struct soft_cap_operation {
  float cap = 1;
};
/// a + b
struct add_operation {};

using operation_kind =
    std::variant<embedding_operation, position_embedding_operation, select_operation, rms_norm_operation, layer_norm_operation,
                 linear_operation, rope_operation, attention_operation, activation_operation, gated_operation, scale_operation,
                 mixture_operation, soft_cap_operation, add_operation>;

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

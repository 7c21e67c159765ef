// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/model/hyperparameters.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Where a linear layer finds its numbers, beside the name of its matrix.
struct linear_form {
  std::string bias{};       // empty: none
  bool needs_bias = false;  // else it is added where the file has it
  row_order order = row_order::as_stored;
  std::size_t head_size = 0;    // for pairs_to_halves
  std::size_t rotary = 0;       // for pairs_to_halves
  std::size_t first = 0;        // row of what is stored that is the first output
  std::size_t stored_rows = 0;  // 0: as many as outputs
};

/// What an architecture file writes with: every call appends one operation and checks the tensors it names against the file.
/// The first mistake (missing tensor, wrong shape, dtype without kernels) is kept and later calls do nothing, so that a builder
/// reads like the model's own equations and asks for the error once, at the end.
class graph_builder {
 public:
  /// A tensor of the graph under construction: the operation that makes it.
  using value = std::uint32_t;

  explicit graph_builder(const tensor_source& weights) : weights_(weights) {}

  /// Following operations belong to this part of the model.
  void part(std::string label) { label_ = std::move(label); }
  [[nodiscard]] bool has(std::string_view tensor) const { return weights_.find(tensor) != nullptr; }

  value embedding(const std::string& table, std::size_t vocabulary, std::size_t width, float scale = 1);
  /// x plus the row of a table that its position, moved by `offset`, chooses.
  value positions(value x, const std::string& table, std::size_t rows, std::size_t offset = 0);
  value select(value x);
  value rms_norm(value x, const std::string& weight, float epsilon, std::size_t head_size = 0);
  /// `name` is that of weight and bias without their endings.
  value layer_norm(value x, const std::string& name, float epsilon);
  /// Of each head by weights of its own, "name.weight" [heads, head_size], without a bias.
  value layer_norm_of_heads(value x, const std::string& name, float epsilon, std::size_t head_size);
  value linear(value x, const std::string& weight, std::size_t outputs, const linear_form& form = {});
  value rope(value x, rope_operation how);
  value attention(value q, value k, value v, attention_operation how);
  value activate(value x, activation_kind kind);
  /// activation(gate) * up
  value gated(value gate, value up, activation_kind kind);
  /// a * sigmoid(b), b one number for each row.
  value scale(value a, value b);
  /// A mixture of `experts` gated networks, `feed_forward` wide, each kind of matrix stored as one tensor of all experts.
  value mixture(value x, value scores, const std::string& gate, const std::string& up, const std::string& down,
                std::size_t experts, std::size_t feed_forward, mixture_operation how);
  value soft_cap(value x, float cap);
  /// The last linear layer: a classifier's to its labels; else to the vocabulary, by 'output.weight' or, where the head is tied,
  /// by the embedding. `normed` is the stream after the final norm.
  value head(value normed, const hyperparameters& h);
  value add(value a, value b);
  /// a + b, the new state of the residual stream.
  value add_to_stream(value a, value b);
  /// Marks x as the residual stream, so that a stage may end after it.
  void mark_stream(value x);

  /// The graph, or the first mistake; also an error when the file holds a tensor that no operation read.
  [[nodiscard]] result<operation_graph> finish() &&;

 private:
  value append(operation_kind kind, std::vector<value> inputs, std::size_t width, bool stream = false);
  /// Rows [first, first + rows) of a matrix of stored_rows; 0: of as many.
  weight_ref take(const std::string& name, std::size_t rows, std::size_t columns, std::size_t first = 0,
                  std::size_t stored_rows = 0);
  /// All of `count` float32 vectors of this size.
  weight_ref take_vectors(const std::string& name, std::size_t count, std::size_t size, const char* what);
  /// Elements [first, first + size) of a float32 vector of stored_size; 0: of as many. `what` is what it is, for messages.
  weight_ref take_vector(const std::string& name, std::size_t size, const char* what, std::size_t first = 0,
                         std::size_t stored_size = 0);
  std::size_t width_of(value x) const;
  std::string shown(std::string_view tensor) const;  // as the file names it
  void fail(errc code, std::string message);

  const tensor_source& weights_;
  operation_graph graph_;
  std::string label_;
  std::optional<error> mistake_;
  std::unordered_set<std::string> used_;
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/graph_builder.ipp>
#endif

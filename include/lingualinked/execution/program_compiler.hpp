// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>
#include <lingualinked/execution/batch_state.hpp>
#include <lingualinked/execution/kv_cache.hpp>
#include <lingualinked/execution/program.hpp>
#include <lingualinked/execution/rope_table.hpp>
#include <lingualinked/execution/row_steps.hpp>
#include <lingualinked/execution/stage_weights.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/kernels/table.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Turns a segment of operations into the steps of a program, in four passes: plan the steps (with fusion), place every value in
/// a buffer for as long as a step needs it, bind the steps to raw pointers, and put barriers where threads would else meet.
class program_compiler {
 public:
  program_compiler(const operation_graph& graph, std::size_t first, std::size_t end, const stage_weights& weights,
                   kv_cache& cache, const kernels::table& kernels, program_limits limits);
  [[nodiscard]] result<std::unique_ptr<program>> compile();

 private:
  using value_index = std::uint32_t;

  /// The tensor an operation makes. Rows are those of the batch, or only the selected ones.
  struct value {
    std::size_t width = 0;
    bool selected = false;
    bool rounded = false;                // some reader has quantised weights
    std::vector<value_index> readers;    // operations
    std::optional<value_index> alias;    // lives in another value's buffer
    std::optional<rope_operation> turn;  // still to be rotated, by the attention that reads it
    bool copies = false;                 // each thread has its own, unless rows are shared
    bool planned = false;
    std::size_t first_step = 0;
    std::size_t last_step = 0;
    std::byte* buffer = nullptr;
    float* floats = nullptr;
    kernels::quantised_rows rounded_rows;
  };
  /// Which part of its values a thread touches in a step: with rows shared, and else.
  enum class reach : unsigned char {
    rows,         // its own rows, always
    rows_or_all,  // its own rows; else all that it reads, and of what it writes its own columns or copy
    all,          // always all
  };
  struct planned_step {
    reach touches;
    std::vector<value_index> reads;
    std::vector<value_index> writes;
    std::function<step_function()> bind;
    const void* scratch = nullptr;  // memory beside values that it writes, when that is shared
    bool of_many = false;           // does nothing for few rows
    bool selected = false;          // its rows are the selected ones
    std::size_t operation = 0;      // that it was planned for
  };

  [[nodiscard]] result<void> plan();
  void plan_norm(value_index i, detail::norm_step norm);
  void plan_rounding(value_index i);
  void plan_linear_group(value_index i);
  void plan_rope(value_index i, const rope_operation& op);
  void plan_attention(value_index i, const attention_operation& op);
  void plan_mixture(value_index i, const mixture_operation& op);
  void plan_soft_cap(value_index i, float cap);
  void plan_rows(value_index i);  // the operations that make a row of each row
  void step(planned_step planned);
  [[nodiscard]] std::optional<std::pair<value_index, value_index>> sum_after(value_index i);  // what absorbs it, what is added

  void place();
  [[nodiscard]] bool must_wait(const planned_step& earlier, const planned_step& later, program_step::mode mode);
  void place_barriers();
  [[nodiscard]] value& at(value_index i);  // follows aliases
  [[nodiscard]] detail::row_step row_step_of(value_index from, value_index to);
  [[nodiscard]] detail::layer_input layer_input_of(value_index i);
  [[nodiscard]] bool wants_rounding(value_index i) const;
  [[nodiscard]] bool only_layers_read(value_index i) const;
  [[nodiscard]] const rope_table& rope_for(const rope_operation& how);
  [[nodiscard]] std::byte* take_buffer(std::size_t bytes);

  const operation_graph& graph_;
  std::size_t first_;
  std::size_t end_;
  const stage_weights& weights_;
  kv_cache& cache_;
  const kernels::table& kernels_;
  program_limits limits_;
  std::vector<value> values_;  // by operation, for all up to end_
  std::vector<bool> handled_;
  std::vector<planned_step> planned_;
  std::optional<value_index> input_;
  std::size_t planning_ = 0;  // the operation that steps are planned for
  std::size_t attention_count_ = 0;
  std::unique_ptr<program> made_;
};

}  // namespace lingualinked::inline v0

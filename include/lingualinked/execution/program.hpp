// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/execution/batch_state.hpp>
#include <lingualinked/execution/kv_cache.hpp>
#include <lingualinked/execution/rope_table.hpp>
#include <lingualinked/execution/stage_weights.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/kernels/table.hpp>
#include <lingualinked/tensor/storage.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace lingualinked::inline v0 {

namespace detail {
struct attention_scratch;
struct mixture_scratch;
}

/// A step of a program, and when threads meet before it. How rows are shared decides that; both the rows of a batch and those
/// that were selected may be shared in their own way.
struct program_step {
  /// An index into bits: how the rows of the batch are shared, and whether each thread has its own of the selected rows.
  struct mode {
    row_sharing all = row_sharing::few;
    bool selected_rows = false;
    [[nodiscard]] constexpr unsigned bit() const noexcept { return 1U << (2 * static_cast<unsigned>(all) + selected_rows); }
  };
  static constexpr mode modes[] = {{row_sharing::few, false},    {row_sharing::few, true},   {row_sharing::columns, false},
                                   {row_sharing::columns, true}, {row_sharing::rows, false}, {row_sharing::rows, true}};

  step_function call;
  unsigned waits = 0;   // a bit for each mode in which there is a barrier before it
  unsigned runs = ~0U;  // likewise, in which it does something
};

/// A segment of the operation graph as a flat list of fused kernel calls over raw pointers. Built once; a run allocates nothing.
/// Fused: linear layers with a common input (QKV, gate and up), SwiGLU and the rounding that follows, residual additions, norm
/// and rounding, rotation and cache store. Fusion never changes an operation's own sequence of roundings.
class program {
 public:
  /// Operations [first, end) of `graph`; a value made before `first` is the input, the last one the output.
  /// Errors    unsupported when more than one earlier tensor is read, or an operation has no kernel
  [[nodiscard]] static result<std::unique_ptr<program>> compile(const operation_graph& graph, std::size_t first, std::size_t end,
                                                                const stage_weights& weights, kv_cache& cache,
                                                                const kernels::table& kernels, program_limits limits);

  /// Rows that came from the previous stage: [rows, width] float32 to be filled before run(); null on a first stage.
  [[nodiscard]] float* input() noexcept { return input_; }
  [[nodiscard]] std::size_t input_width() const noexcept { return input_width_; }
  /// Rows for the next stage after run(); null when the last operation writes batch_state::answer.
  [[nodiscard]] const float* output() const noexcept { return output_; }
  [[nodiscard]] std::size_t output_width() const noexcept { return output_width_; }

  void run(const batch_state& batch);
  /// Barriers in a run of that many rows, of which somebody wants so many logits; the threads meet once more at its end.
  [[nodiscard]] std::size_t barriers(std::size_t rows, std::size_t selected) const noexcept;
  /// Index of the first step that serves an operation at or after `operation`.
  [[nodiscard]] std::size_t first_step_of(std::size_t operation) const;

  program();
  ~program();

  /// Scratch and tables, without weights and cache.
  [[nodiscard]] std::uint64_t buffer_bytes() const noexcept { return buffer_bytes_; }

 private:
  friend class program_compiler;
  [[nodiscard]] unsigned mode_of(std::size_t rows, std::size_t selected) const noexcept;
  void run_timed(const batch_state& batch);

  std::vector<program_step> steps_;
  std::vector<std::size_t> step_operations_;  // [step]: the operation it was planned for, rising
  std::vector<storage> buffers_;
  std::vector<std::unique_ptr<rope_table>> ropes_;
  std::unique_ptr<detail::attention_scratch> attention_;
  std::unique_ptr<detail::mixture_scratch> mixture_;
  float* input_ = nullptr;
  std::size_t input_width_ = 0;
  float* output_ = nullptr;
  std::size_t output_width_ = 0;
  std::uint64_t buffer_bytes_ = 0;
  unsigned threads_ = 1;
};

/// The caches that the attention operations in [first, end) need, in order, where no batch has more than `rows` rows. Layers with
/// a window keep what one batch can see; a batch that fails and is tried again finds it still there.
[[nodiscard]] std::vector<kv_shape> kv_shapes(const operation_graph& graph, std::size_t first, std::size_t end, std::size_t rows);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/execution/program.ipp>
#endif

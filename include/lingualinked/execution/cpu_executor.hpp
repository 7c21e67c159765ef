// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/executor.hpp>
#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/execution/kv_cache.hpp>
#include <lingualinked/execution/program.hpp>
#include <lingualinked/execution/stage_weights.hpp>
#include <lingualinked/execution/thread_team.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/graph/module_graph.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/kernels/table.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace lingualinked::inline v0 {

/// What a stage is built for.
struct executor_options {
  std::size_t first_module = 0;
  std::size_t last_module = 0;  // inclusive
  std::size_t context_tokens = 4096;
  std::size_t sequences = 1;  // open at the same time
  std::size_t rows = 128;     // of the largest batch
  dtype kv_type = dtype::f16;
  unsigned threads = 1;
  const kernels::table* kernels = nullptr;  // null: the best this machine has
};

/// Beyond these a stage is refused: far above what anybody runs, small enough that products of sizes stay in range.
struct executor_limits {
  static constexpr std::size_t context_tokens = std::size_t{1} << 24;
  static constexpr std::size_t sequences = std::size_t{1} << 16;
  static constexpr std::size_t rows = std::size_t{1} << 16;
  static constexpr unsigned threads = 1024;
};

/// Runs the modules of one stage on this machine's processor. Models Executor.
/// The first stage takes token ids, the tail gives logits and the next token; a stage in between takes and gives rows of float32.
class cpu_executor {
 public:
  /// Loads the stage's weights and compiles its program. `graph` is read only here.
  /// Errors    invalid_argument for an interval or a size that makes no sense; limit (executor_limits, or threads that the
  ///           system does not give); numeric when this machine's floating point breaks the bit contract; else as
  ///           stage_weights::load and program::compile
  [[nodiscard]] static result<cpu_executor> create(const operation_graph& graph, const module_graph& modules,
                                                   const tensor_source& weights, const executor_options& options,
                                                   const weight_progress& progress = {});
  cpu_executor(cpu_executor&&) noexcept;
  cpu_executor& operator=(cpu_executor&&) noexcept;
  ~cpu_executor();

  result<void> open(sequence_id sequence, const sequence_options& options);
  result<void> run(const stage_batch& batch);
  void release(sequence_id sequence) noexcept;

  /// Has every run write down how long each module of the stage took, in order, into `into`; null stops that. It costs a look at
  /// the clock for each module, and nothing while nobody asks.
  /// Requires  `into` lives until it is replaced
  void time_modules(std::vector<duration>* into);

  /// Elements of a row of logits; 0 unless this is the tail.
  [[nodiscard]] std::size_t vocabulary() const noexcept;
  /// Elements of a row that goes to the next stage; 0 on the tail.
  [[nodiscard]] std::size_t output_width() const noexcept;
  /// Weights, KV cache and buffers.
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept;

 private:
  struct state;
  explicit cpu_executor(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

/// What a stage's KV cache takes of each module for one sequence: whole tiles, and of a windowed layer the window. For
/// cost_options::kv_bytes.
[[nodiscard]] std::vector<std::uint64_t> kv_bytes_of_modules(const operation_graph& graph, const module_graph& modules,
                                                             const executor_options& options);

/// Bytes that a stage needs beside weights and KV cache: scratch, tables and the row of logits, from above.
[[nodiscard]] std::uint64_t buffer_bytes_estimate(const operation_graph& graph, const executor_options& options);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/execution/cpu_executor.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/execution/thread_team.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace lingualinked::inline v0 {

/// One row of a batch: which cache it writes, and where.
struct batch_row {
  std::size_t slot = 0;
  std::size_t position = 0;
};

/// Up to eight consecutive rows of one sequence: the query rows that attention handles together.
struct query_block {
  std::size_t first_row = 0;
  std::size_t rows = 0;
};
inline constexpr std::size_t query_block_rows = 8;

/// How the threads of a team share a batch.
///   few      one query block at most, as in decoding: threads share the outputs of a layer, and each norms all rows for itself,
///            which takes less time than waiting for the others; new keys are stored by who needs them first
///   columns  the same with more rows: new keys are stored before attention begins
///   rows     each thread takes its own rows through everything but attention and waits for nobody
enum class row_sharing : unsigned char { few, columns, rows };

/// Rows from which on it does no harm that each thread reads all weights.
inline constexpr std::size_t rows_of_own = 32;

[[nodiscard]] constexpr row_sharing sharing_for(std::size_t rows, unsigned threads) noexcept {
  if (rows >= rows_of_own * threads) return row_sharing::rows;
  return rows <= query_block_rows ? row_sharing::few : row_sharing::columns;
}

/// Where a run writes down when each of its modules began. Modules follow each other, and no step belongs to two of them.
struct module_clock {
  std::vector<std::size_t> first_steps;  // [module], rising
  std::vector<time_point> began;         // [module + 1]: the last is the end of the run
};

/// What the steps of a program see of the batch they run.
struct batch_state {
  std::span<const token_id> tokens;  // first stage only
  std::span<const batch_row> rows;
  std::span<const query_block> blocks;
  std::span<const std::uint32_t> selected;  // rows whose logits somebody wants, ascending
  float* answer = nullptr;                  // where the last operation writes, when it is a head: [selected, V]
  thread_team* team = nullptr;
  module_clock* clock = nullptr;  // null: nobody wants to know

  [[nodiscard]] std::size_t row_count(bool of_selected) const noexcept { return of_selected ? selected.size() : rows.size(); }
  [[nodiscard]] row_sharing sharing(bool of_selected) const noexcept { return sharing_for(row_count(of_selected), team->size()); }
};

/// The sizes a program is built for.
struct program_limits {
  std::size_t rows = 1;  // of one batch
  std::size_t context_tokens = 1;
  unsigned threads = 1;  // of the team that will run it

  /// Rows that a thread may have to norm for itself.
  [[nodiscard]] constexpr std::size_t copied_rows() const noexcept { return std::min(rows, rows_of_own * threads - 1); }
};

/// One fused kernel call of a program; every thread of the team calls it with its own index.
using step_function = std::function<void(const batch_state&, unsigned)>;

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/sequence.hpp>
#include <lingualinked/execution/thread_team.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

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

/// What the steps of a program see of the batch they run.
struct batch_state {
  std::span<const token_id> tokens;  // first stage only
  std::span<const batch_row> rows;
  std::span<const query_block> blocks;
  std::span<const std::uint32_t> selected;  // rows whose logits somebody wants, ascending
  float* answer = nullptr;                  // where the last operation writes, when it is a head: [selected, V]
  thread_team* team = nullptr;
};

/// The sizes a program is built for.
struct program_limits {
  std::size_t rows = 1;  // of one batch
  std::size_t context_tokens = 1;
  unsigned threads = 1;  // of the team that will run it
};

/// One fused kernel call of a program; every thread of the team calls it with its own index.
using program_step = std::function<void(const batch_state&, unsigned)>;

}  // namespace lingualinked::inline v0

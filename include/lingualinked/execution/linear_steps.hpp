// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/execution/batch_state.hpp>
#include <lingualinked/graph/activation.hpp>
#include <lingualinked/kernels/table.hpp>
#include <lingualinked/tensor/storage.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

/// The part [begin, end) of `count` things that falls to one thread of `threads`.
[[nodiscard]] constexpr std::pair<std::size_t, std::size_t> share_of(std::size_t count, unsigned threads,
                                                                     unsigned thread) noexcept {
  return {count * thread / threads, count * (thread + 1) / threads};
}

[[nodiscard]] constexpr std::size_t align_up(std::size_t bytes) noexcept {
  return (bytes + storage::alignment_bytes - 1) / storage::alignment_bytes * storage::alignment_bytes;
}

/// Bytes of one rounded row: the numbers, then a scale and a sum for each block.
[[nodiscard]] constexpr std::size_t rounded_row_bytes(std::size_t width) noexcept {
  return width + width / kernels::activation_block * (sizeof(float) + sizeof(std::int32_t));
}

/// Lays [rows, width] rounded rows out from `at`, which must be aligned and have room for two paddings.
[[nodiscard]] inline kernels::quantised_rows place_rounded(std::byte* at, std::size_t rows, std::size_t width) noexcept {
  const std::size_t scales = align_up(rows * width);
  const std::size_t sums = scales + align_up(rows * (width / kernels::activation_block) * sizeof(float));
  return {reinterpret_cast<std::int8_t*>(at), reinterpret_cast<float*>(at + scales), reinterpret_cast<std::int32_t*>(at + sums)};
}

/// The same rows from row `row` and column `column` on. Requires  column is a multiple of 32.
[[nodiscard]] inline kernels::quantised_rows rounded_from(const kernels::quantised_rows& q, std::size_t width, std::size_t row,
                                                          std::size_t column) noexcept {
  const std::size_t block = row * (width / kernels::activation_block) + column / kernels::activation_block;
  return {q.q + row * width + column, q.d + block, q.sum + block};
}

/// A thread's share of a layer's output, whole activation blocks, so that it can round what it made.
struct block_share {
  block_share(const kernels::panel_view& weights, unsigned threads, unsigned thread) noexcept {
    constexpr std::size_t unit = kernels::activation_block / kernels::panel_rows;
    const std::size_t panels = weights.panels();
    const auto [begin, end] = share_of((panels + unit - 1) / unit, threads, thread);
    panel_begin = std::min(begin * unit, panels);
    panel_end = std::min(end * unit, panels);
    first = panel_begin * kernels::panel_rows;
    count = std::min(panel_end * kernels::panel_rows, weights.rows) - std::min(first, weights.rows);
  }
  [[nodiscard]] bool empty() const noexcept { return panel_begin >= panel_end; }

  std::size_t panel_begin = 0;
  std::size_t panel_end = 0;
  std::size_t first = 0;  // column
  std::size_t count = 0;  // columns
};

/// One linear layer of a fused step.
struct linear_piece {
  kernels::panel_view weights;
  const float* bias = nullptr;
  const float* residual = nullptr;
  float* out = nullptr;  // null: batch_state::answer
};

/// out = activation(gate) * up, or activation(gate) where up is null. out may be gate, not up.
inline void activate(const kernels::table& k, activation_kind kind, const float* gate, const float* up, std::size_t n,
                     float* out) {
  if (up != nullptr && kind == activation_kind::silu) return k.silu_multiply(gate, up, n, out);
  k.activate(kind, gate, n, out);
  if (up == nullptr) return;
  for (std::size_t i = 0; i < n; ++i) out[i] *= up[i];
}

/// The activation of the step's one piece, or of its two pieces gate and up, done by each thread for what it made.
struct fused_activation {
  activation_kind activation = activation_kind::silu;
  bool swapped = false;  // the first piece is up, the second gate
  float* out = nullptr;
  bool rounds = false;
  kernels::quantised_rows rounded;
};

/// Rows that layers read. Where each thread has a copy of its own they lie one after the other.
struct layer_input {
  const float* x = nullptr;
  std::size_t width = 0;
  kernels::quantised_rows rounded;
  std::size_t copy_rows = 0;  // 0: one for all

  /// Row `row` of what this thread reads.
  [[nodiscard]] kernels::activation_rows from(row_sharing sharing, unsigned thread, std::size_t row,
                                              std::size_t rows) const noexcept {
    if (sharing != row_sharing::rows) row += thread * copy_rows;
    return {x + row * width, width, rounded.q == nullptr ? rounded : rounded_from(rounded, width, row, 0), rows};
  }
};

/// Linear layers that read the same rows, as one piece of work: over all their panels, or over the rows of each thread.
struct linear_step {
  const kernels::table* kernels = nullptr;
  layer_input input;
  bool selected = false;
  std::vector<linear_piece> pieces;
  std::optional<fused_activation> product;

  void operator()(const batch_state& b, unsigned thread) const {
    work w{&b, b.sharing(selected), thread, 0, b.row_count(selected)};
    if (w.sharing == row_sharing::rows) {
      const auto [begin, end] = share_of(w.rows, b.team->size(), thread);
      w.first_row = begin;
      w.rows = end - begin;
    }
    if (w.rows == 0) return;
    if (product) return multiply(w);
    if (w.sharing == row_sharing::rows) {
      for (const linear_piece& p : pieces) call(w, p, 0, p.weights.panels());
      return;
    }
    std::size_t panels = 0;
    for (const linear_piece& p : pieces) panels += p.weights.panels();
    const auto [begin, end] = share_of(panels, b.team->size(), thread);
    std::size_t before = 0;
    for (const linear_piece& p : pieces) {
      const std::size_t mine = p.weights.panels();
      const std::size_t from = std::clamp(begin, before, before + mine) - before;
      const std::size_t to = std::clamp(end, before, before + mine) - before;
      if (from < to) call(w, p, from, to);
      before += mine;
    }
  }

 private:
  struct work {
    const batch_state* batch;
    row_sharing sharing;
    unsigned thread;
    std::size_t first_row;
    std::size_t rows;
  };

  void call(const work& w, const linear_piece& p, std::size_t from, std::size_t to) const {
    const std::size_t n = p.weights.rows;
    kernels::linear_call c;
    c.weights = p.weights;
    c.panel_begin = from;
    c.panel_end = to;
    c.input = input.from(w.sharing, w.thread, w.first_row, w.rows);
    c.out = (p.out != nullptr ? p.out : w.batch->answer) + w.first_row * n;
    c.out_stride = n;
    c.bias = p.bias;
    c.residual = p.residual == nullptr ? nullptr : p.residual + w.first_row * n;
    c.residual_stride = n;
    kernels->linear(c);
  }

  void multiply(const work& w) const {
    const std::size_t width = pieces[0].weights.rows;
    const bool whole = w.sharing == row_sharing::rows;
    const block_share mine(pieces[0].weights, whole ? 1 : w.batch->team->size(), whole ? 0 : w.thread);
    if (mine.empty()) return;
    for (const linear_piece& p : pieces) call(w, p, mine.panel_begin, mine.panel_end);
    const float* gate = pieces[product->swapped ? 1 : 0].out;
    const float* up = pieces.size() == 1 ? nullptr : pieces[product->swapped ? 0 : 1].out;
    for (std::size_t r = w.first_row; r < w.first_row + w.rows; ++r) {
      const std::size_t at = r * width + mine.first;
      activate(*kernels, product->activation, gate + at, up == nullptr ? nullptr : up + at, mine.count, product->out + at);
      if (product->rounds)
        kernels->quantise(product->out + at, width, 1, mine.count, rounded_from(product->rounded, width, r, mine.first));
    }
  }
};

}  // namespace lingualinked::inline v0::detail

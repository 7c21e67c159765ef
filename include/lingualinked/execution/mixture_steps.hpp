// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/execution/batch_state.hpp>
#include <lingualinked/execution/linear_steps.hpp>
#include <lingualinked/kernels/reference/experts.hpp>
#include <lingualinked/kernels/table.hpp>
#include <lingualinked/tensor/storage.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace lingualinked::inline v0::detail {

/// The weights of a mixture of experts, as kernels read them.
struct mixture_shape {
  std::vector<kernels::panel_view> gate, up, down;  // [E]
  std::size_t used = 1;
  bool sum_to_one = true;
  activation_kind activation = activation_kind::silu;
  bool rounds_input = false;    // some expert's gate or up is quantised
  bool rounds_product = false;  // some expert's down is quantised

  [[nodiscard]] std::size_t experts() const noexcept { return gate.size(); }
  [[nodiscard]] std::size_t width() const noexcept { return gate[0].columns; }
  [[nodiscard]] std::size_t feed_forward() const noexcept { return gate[0].rows; }
};

/// Memory for the (row, expert) pairs of a batch, in the order of their experts, so that each expert sees its rows side by side.
/// Shared by the mixtures of a program. Each thread has numbers of its own for where pairs stand; in a batch of few rows also its
/// own copy of what they read.
struct mixture_scratch {
  void reserve(const mixture_shape& s, const program_limits& limits) {
    pairs = std::max(pairs, limits.rows * s.used);
    few_pairs = std::max(few_pairs, std::min(limits.rows, query_block_rows) * s.used);
    in_pairs = std::max(pairs, limits.threads * few_pairs);
    scores = std::max(scores, limits.rows * s.experts());
    experts = std::max(experts, s.experts());
    width = std::max(width, s.width());
    feed_forward = std::max(feed_forward, s.feed_forward());
    team = limits.threads;
    floats = storage((team * (scores + pairs) + in_pairs * width + pairs * (width + 3 * feed_forward)) * sizeof(float));
    numbers = storage(team * (2 * pairs + experts + 1) * sizeof(std::uint32_t));
    in_rounded = storage(align_up(in_pairs * rounded_row_bytes(width)) + 3 * storage::alignment_bytes);
    product_rounded = storage(align_up(pairs * rounded_row_bytes(feed_forward)) + 3 * storage::alignment_bytes);
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return floats.size() + numbers.size() + in_rounded.size() + product_rounded.size();
  }
  [[nodiscard]] float* score_rows(unsigned thread) noexcept { return floats.as<float>().data() + thread * scores; }  // [rows, E]
  [[nodiscard]] float* weights(unsigned thread) noexcept { return score_rows(team) + thread * pairs; }  // [rows, used]
  [[nodiscard]] float* in() noexcept { return weights(team); }             // [in_pairs, D], as all that follow by expert
  [[nodiscard]] float* out() noexcept { return in() + in_pairs * width; }  // [pairs, D]
  [[nodiscard]] float* gate() noexcept { return out() + pairs * width; }   // [pairs, F]
  [[nodiscard]] float* up() noexcept { return gate() + pairs * feed_forward; }
  [[nodiscard]] float* product() noexcept { return up() + pairs * feed_forward; }
  [[nodiscard]] std::uint32_t* chosen(unsigned thread) noexcept {  // [rows, used]
    return numbers.as<std::uint32_t>().data() + thread * (2 * pairs + experts + 1);
  }
  [[nodiscard]] std::uint32_t* place(unsigned thread) noexcept { return chosen(thread) + pairs; }    // of a pair, by expert
  [[nodiscard]] std::uint32_t* begin_of(unsigned thread) noexcept { return place(thread) + pairs; }  // [E + 1]

  std::size_t pairs = 0;
  std::size_t few_pairs = 0;
  std::size_t in_pairs = 0;
  std::size_t scores = 0;
  std::size_t experts = 0;
  std::size_t width = 0;
  std::size_t feed_forward = 0;
  unsigned team = 1;
  storage floats;
  storage numbers;
  storage in_rounded;
  storage product_rounded;
};

enum class mixture_phase : unsigned char { route, gather, expand, contract };

/// The phases of a mixture of experts. A batch of few rows has no first two: each thread routes and gathers all rows for itself.
struct mixture_step {
  mixture_phase phase = mixture_phase::route;
  const kernels::table* kernels = nullptr;
  mixture_scratch* scratch = nullptr;
  std::shared_ptr<const mixture_shape> shape;
  bool selected = false;
  layer_input x;                    // [rows, D]
  const float* scores = nullptr;    // [rows, E]
  const float* residual = nullptr;  // [rows, D], added last, or null
  float* out = nullptr;             // [rows, D]

  void operator()(const batch_state& b, unsigned thread) const {
    const work w{b.sharing(selected), b.row_count(selected), b.team->size(), thread};
    switch (phase) {
      case mixture_phase::route: return w.few() ? void() : route(w, share_of(w.rows, w.threads, thread));
      case mixture_phase::gather:
        if (w.few()) return;
        order(w);
        return gather(w, share_of(w.rows * shape->used, w.threads, thread));
      case mixture_phase::expand:
        if (w.few()) {
          route(w, {0, w.rows});
          order(w);
          gather(w, {0, w.rows * shape->used});
        }
        return expand(w);
      case mixture_phase::contract: return contract(w);
    }
  }

 private:
  using range = std::pair<std::size_t, std::size_t>;
  struct work {
    row_sharing sharing;
    std::size_t rows;
    unsigned threads;
    unsigned thread;
    [[nodiscard]] bool few() const noexcept { return sharing == row_sharing::few; }
    [[nodiscard]] unsigned router() const noexcept { return few() ? thread : 0; }  // whose choice counts
  };

  void route(const work& w, range rows) const {
    const std::size_t experts = shape->experts();
    for (std::size_t r = rows.first; r < rows.second; ++r) {
      float* mine = scratch->score_rows(w.router()) + r * experts;
      std::copy_n(scores + r * experts, experts, mine);
      kernels::reference::choose_experts(mine, experts, shape->used, shape->sum_to_one,
                                         scratch->chosen(w.router()) + r * shape->used,
                                         scratch->weights(w.router()) + r * shape->used);
    }
  }

  void order(const work& w) const {
    const std::size_t pairs = w.rows * shape->used;
    const std::uint32_t* chosen = scratch->chosen(w.router());
    std::uint32_t* begin = scratch->begin_of(w.thread);
    std::fill_n(begin, shape->experts() + 1, 0U);
    for (std::size_t p = 0; p < pairs; ++p) ++begin[chosen[p] + 1];
    for (std::size_t e = 0; e < shape->experts(); ++e) begin[e + 1] += begin[e];
    for (std::size_t p = 0; p < pairs; ++p) scratch->place(w.thread)[p] = begin[chosen[p]]++;
    for (std::size_t e = shape->experts(); e > 0; --e) begin[e] = begin[e - 1];
    begin[0] = 0;
  }

  void gather(const work& w, range pairs) const {
    const std::size_t width = shape->width();
    const std::size_t blocks = width / kernels::activation_block;
    for (std::size_t p = pairs.first; p < pairs.second; ++p) {
      const kernels::activation_rows from = x.from(w.sharing, w.thread, p / shape->used, 1);
      const std::size_t to = first_in(w) + scratch->place(w.thread)[p];
      std::copy_n(from.x, width, scratch->in() + to * width);
      if (!shape->rounds_input) continue;
      const auto into = rounded_from(in_rounded(), width, to, 0);
      std::copy_n(from.rounded.q, width, into.q);
      std::copy_n(from.rounded.d, blocks, into.d);
      std::copy_n(from.rounded.sum, blocks, into.sum);
    }
  }

  /// Calls use(expert, its first pair, its number of pairs) for every expert that some row goes through.
  template <class Use>
  void for_experts(const work& w, Use use) const {
    const std::uint32_t* begin = scratch->begin_of(w.thread);
    for (std::size_t e = 0; e < shape->experts(); ++e)
      if (begin[e] != begin[e + 1]) use(e, std::size_t{begin[e]}, std::size_t{begin[e + 1]} - begin[e]);
  }

  void expand(const work& w) const {
    const std::size_t width = shape->feed_forward();
    const block_share mine(shape->gate[0], w.threads, w.thread);
    if (mine.empty()) return;
    for_experts(w, [&](std::size_t e, std::size_t row, std::size_t rows) {
      const auto in = rows_from(scratch->in(), in_rounded(), shape->width(), first_in(w) + row, rows);
      call(shape->gate[e], mine.panel_begin, mine.panel_end, in, scratch->gate() + row * width);
      call(shape->up[e], mine.panel_begin, mine.panel_end, in, scratch->up() + row * width);
      for (std::size_t r = row; r < row + rows; ++r) {
        const std::size_t at = r * width + mine.first;
        activate(*kernels, shape->activation, scratch->gate() + at, scratch->up() + at, mine.count, scratch->product() + at);
        if (shape->rounds_product)
          kernels->quantise(scratch->product() + at, width, 1, mine.count, rounded_from(product_rounded(), width, r, mine.first));
      }
    });
  }

  /// The columns that this thread makes, of all pairs, and at once their weighted sums.
  void contract(const work& w) const {
    const std::size_t width = shape->width();
    const auto [from, to] = share_of(shape->down[0].panels(), w.threads, w.thread);
    if (from >= to) return;
    for_experts(w, [&](std::size_t e, std::size_t row, std::size_t rows) {
      const auto in = rows_from(scratch->product(), product_rounded(), shape->feed_forward(), row, rows);
      call(shape->down[e], from, to, in, scratch->out() + row * width);
    });
    const std::size_t first = from * kernels::panel_rows;
    const std::size_t count = std::min(to * kernels::panel_rows, width) - first;
    for (std::size_t r = 0; r < w.rows; ++r) {
      float* y = out + r * width + first;
      std::fill_n(y, count, 0.0F);
      for (std::size_t p = r * shape->used; p < (r + 1) * shape->used; ++p)
        kernels->add_scaled(scratch->out() + scratch->place(w.thread)[p] * width + first, scratch->weights(w.router())[p], count,
                            y);
      if (residual == nullptr) continue;
      for (std::size_t j = 0; j < count; ++j) y[j] += residual[r * width + first + j];
    }
  }

  /// Where this thread's pairs begin in in().
  [[nodiscard]] std::size_t first_in(const work& w) const noexcept { return w.few() ? w.thread * scratch->few_pairs : 0; }
  [[nodiscard]] kernels::quantised_rows in_rounded() const noexcept {
    return place_rounded(scratch->in_rounded.data(), scratch->in_pairs, scratch->width);
  }
  [[nodiscard]] kernels::quantised_rows product_rounded() const noexcept {
    return place_rounded(scratch->product_rounded.data(), scratch->pairs, scratch->feed_forward);
  }
  [[nodiscard]] static kernels::activation_rows rows_from(const float* x, const kernels::quantised_rows& rounded,
                                                          std::size_t width, std::size_t row, std::size_t rows) noexcept {
    return {x + row * width, width, rounded_from(rounded, width, row, 0), rows};
  }
  void call(const kernels::panel_view& w, std::size_t from, std::size_t to, const kernels::activation_rows& in, float* y) const {
    kernels::linear_call c;
    c.weights = w;
    c.panel_begin = from;
    c.panel_end = to;
    c.input = in;
    c.out = y;
    c.out_stride = w.rows;
    kernels->linear(c);
  }
};

}  // namespace lingualinked::inline v0::detail

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
/// Shared by the mixtures of a program.
struct mixture_scratch {
  void reserve(const mixture_shape& s, std::size_t rows) {
    pairs = std::max(pairs, rows * s.used);
    scores = std::max(scores, rows * s.experts());
    experts = std::max(experts, s.experts());
    width = std::max(width, s.width());
    feed_forward = std::max(feed_forward, s.feed_forward());
    floats = storage((scores + pairs * (1 + 2 * width + 3 * feed_forward)) * sizeof(float));
    numbers = storage((2 * pairs + experts + 1) * sizeof(std::uint32_t));
    in_rounded = storage(align_up(pairs * rounded_row_bytes(width)) + 3 * storage::alignment_bytes);
    product_rounded = storage(align_up(pairs * rounded_row_bytes(feed_forward)) + 3 * storage::alignment_bytes);
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return floats.size() + numbers.size() + in_rounded.size() + product_rounded.size();
  }
  [[nodiscard]] float* score_rows() noexcept { return floats.as<float>().data(); }  // [rows, E]
  [[nodiscard]] float* weights() noexcept { return score_rows() + scores; }         // [rows, used]
  [[nodiscard]] float* in() noexcept { return weights() + pairs; }                  // [pairs, D], as all that follow by expert
  [[nodiscard]] float* out() noexcept { return in() + pairs * width; }              // [pairs, D]
  [[nodiscard]] float* gate() noexcept { return out() + pairs * width; }            // [pairs, F]
  [[nodiscard]] float* up() noexcept { return gate() + pairs * feed_forward; }
  [[nodiscard]] float* product() noexcept { return up() + pairs * feed_forward; }
  [[nodiscard]] std::uint32_t* chosen() noexcept { return numbers.as<std::uint32_t>().data(); }  // [rows, used]
  [[nodiscard]] std::uint32_t* place() noexcept { return chosen() + pairs; }                     // of a pair, by expert
  [[nodiscard]] std::uint32_t* begin_of() noexcept { return place() + pairs; }                   // [E + 1]

  std::size_t pairs = 0;
  std::size_t scores = 0;
  std::size_t experts = 0;
  std::size_t width = 0;
  std::size_t feed_forward = 0;
  storage floats;
  storage numbers;
  storage in_rounded;
  storage product_rounded;
};

enum class mixture_phase : unsigned char { route, order, gather, expand, contract, combine };

/// The phases of a mixture of experts; a barrier stands between them.
struct mixture_step {
  mixture_phase phase = mixture_phase::route;
  const kernels::table* kernels = nullptr;
  mixture_scratch* scratch = nullptr;
  std::shared_ptr<const mixture_shape> shape;
  bool selected = false;
  const float* x = nullptr;  // [rows, D]
  kernels::quantised_rows x_rounded;
  const float* scores = nullptr;  // [rows, E]
  float* out = nullptr;           // [rows, D]

  void operator()(const batch_state& b, unsigned thread) const {
    const std::size_t rows = rows_of(b, selected);
    const unsigned threads = b.team->size();
    switch (phase) {
      case mixture_phase::route: return route(share_of(rows, threads, thread));
      case mixture_phase::order: return thread == 0 ? order(rows) : void();
      case mixture_phase::gather: return gather(share_of(rows * shape->used, threads, thread));
      case mixture_phase::expand: return expand(threads, thread);
      case mixture_phase::contract: return contract(threads, thread);
      case mixture_phase::combine: return combine(share_of(rows, threads, thread));
    }
  }

 private:
  using range = std::pair<std::size_t, std::size_t>;

  void route(range rows) const {
    const std::size_t experts = shape->experts();
    for (std::size_t r = rows.first; r < rows.second; ++r) {
      float* mine = scratch->score_rows() + r * experts;
      std::copy_n(scores + r * experts, experts, mine);
      kernels::reference::choose_experts(mine, experts, shape->used, shape->sum_to_one, scratch->chosen() + r * shape->used,
                                         scratch->weights() + r * shape->used);
    }
  }

  void order(std::size_t rows) const {
    const std::size_t pairs = rows * shape->used;
    std::uint32_t* begin = scratch->begin_of();
    std::fill_n(begin, shape->experts() + 1, 0U);
    for (std::size_t p = 0; p < pairs; ++p) ++begin[scratch->chosen()[p] + 1];
    for (std::size_t e = 0; e < shape->experts(); ++e) begin[e + 1] += begin[e];
    for (std::size_t p = 0; p < pairs; ++p) scratch->place()[p] = begin[scratch->chosen()[p]]++;
    for (std::size_t e = shape->experts(); e > 0; --e) begin[e] = begin[e - 1];
    begin[0] = 0;
  }

  void gather(range pairs) const {
    const std::size_t width = shape->width();
    const std::size_t blocks = width / kernels::activation_block;
    for (std::size_t p = pairs.first; p < pairs.second; ++p) {
      const std::size_t row = p / shape->used;
      const std::size_t to = scratch->place()[p];
      std::copy_n(x + row * width, width, scratch->in() + to * width);
      if (!shape->rounds_input) continue;
      const auto from = rounded_from(x_rounded, width, row, 0);
      const auto into = rounded_from(in_rounded(), width, to, 0);
      std::copy_n(from.q, width, into.q);
      std::copy_n(from.d, blocks, into.d);
      std::copy_n(from.sum, blocks, into.sum);
    }
  }

  void expand(unsigned threads, unsigned thread) const {
    const std::size_t width = shape->feed_forward();
    const block_share mine(shape->gate[0], threads, thread);
    if (mine.empty()) return;
    for (std::size_t e = 0; e < shape->experts(); ++e) {
      const std::size_t row = scratch->begin_of()[e];
      const std::size_t rows = scratch->begin_of()[e + 1] - row;
      if (rows == 0) continue;
      const auto in = rows_from(scratch->in(), in_rounded(), shape->width(), row, rows);
      call(shape->gate[e], mine.panel_begin, mine.panel_end, in, scratch->gate() + row * width);
      call(shape->up[e], mine.panel_begin, mine.panel_end, in, scratch->up() + row * width);
      for (std::size_t r = row; r < row + rows; ++r) {
        const std::size_t at = r * width + mine.first;
        activate(*kernels, shape->activation, scratch->gate() + at, scratch->up() + at, mine.count, scratch->product() + at);
        if (shape->rounds_product)
          kernels->quantise(scratch->product() + at, width, 1, mine.count, rounded_from(product_rounded(), width, r, mine.first));
      }
    }
  }

  void contract(unsigned threads, unsigned thread) const {
    const auto [from, to] = share_of(shape->down[0].panels(), threads, thread);
    if (from >= to) return;
    for (std::size_t e = 0; e < shape->experts(); ++e) {
      const std::size_t row = scratch->begin_of()[e];
      const std::size_t rows = scratch->begin_of()[e + 1] - row;
      if (rows == 0) continue;
      const auto in = rows_from(scratch->product(), product_rounded(), shape->feed_forward(), row, rows);
      call(shape->down[e], from, to, in, scratch->out() + row * shape->width());
    }
  }

  void combine(range rows) const {
    const std::size_t width = shape->width();
    for (std::size_t r = rows.first; r < rows.second; ++r) {
      float* y = out + r * width;
      std::fill_n(y, width, 0.0F);
      for (std::size_t p = r * shape->used; p < (r + 1) * shape->used; ++p)
        kernels->add_scaled(scratch->out() + scratch->place()[p] * width, scratch->weights()[p], width, y);
    }
  }

  [[nodiscard]] kernels::quantised_rows in_rounded() const noexcept {
    return place_rounded(scratch->in_rounded.data(), scratch->pairs, scratch->width);
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

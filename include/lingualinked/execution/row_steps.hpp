// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/elementary.hpp>
#include <lingualinked/execution/batch_state.hpp>
#include <lingualinked/execution/linear_steps.hpp>
#include <lingualinked/execution/rope_table.hpp>
#include <lingualinked/kernels/panels.hpp>
#include <lingualinked/kernels/table.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>

namespace lingualinked::inline v0::detail {

/// What the steps that make one row from the same row of their input have in common. Threads share the rows.
struct row_step {
  const kernels::table* kernels = nullptr;
  const float* in = nullptr;  // [rows, width]
  float* out = nullptr;       // [rows, width]
  std::size_t width = 0;
  bool selected = false;  // rows are those whose logits somebody wants

  template <class Row>
  void for_rows(const batch_state& b, unsigned thread, Row row) const {
    const auto [begin, end] = share_of(b.row_count(selected), b.team->size(), thread);
    for (std::size_t r = begin; r < end; ++r) row(r);
  }
};

struct embedding_step : row_step {
  kernels::panel_view table;
  float scale = 1;

  void operator()(const batch_state& b, unsigned thread) const {
    for_rows(b, thread, [&](std::size_t r) {
      const std::span row(out + r * width, width);
      kernels::panels::decode_row(table, static_cast<std::size_t>(b.tokens[r]), row);
      if (scale != 1) std::ranges::transform(row, row.begin(), [this](float x) { return x * scale; });
    });
  }
};

struct position_step : row_step {
  kernels::panel_view table;
  std::size_t offset = 0;

  void operator()(const batch_state& b, unsigned thread) const {
    for_rows(b, thread, [&](std::size_t r) {
      const std::span row(out + r * width, width);
      kernels::panels::decode_row(table, b.rows[r].position + offset, row);
      for (std::size_t j = 0; j < width; ++j) row[j] = in[r * width + j] + row[j];
    });
  }
};

/// Copies the rows whose logits somebody wants.
struct select_step : row_step {
  void operator()(const batch_state& b, unsigned thread) const {
    for_rows(b, thread, [&](std::size_t r) { std::memcpy(out + r * width, in + b.selected[r] * width, width * sizeof(float)); });
  }
};

struct norm_step : row_step {
  bool centres = false;  // a layer norm, not a root-mean-square norm
  const float* weight = nullptr;
  const float* bias = nullptr;  // null: none
  float epsilon = 0;
  std::size_t group = 0;  // numbers that are normed together: a row, or a head
  bool own = false;       // each head has weights of its own
  bool rounds = false;
  kernels::quantised_rows rounded;
  std::size_t copy_rows = 0;  // not 0: each thread norms all rows into a copy of its own, unless rows are shared anyway

  void operator()(const batch_state& b, unsigned thread) const {
    if (copy_rows == 0 || b.sharing(selected) == row_sharing::rows)
      return for_rows(b, thread, [&](std::size_t r) { norm(r, r); });
    for (std::size_t r = 0; r < b.row_count(selected); ++r) norm(r, thread * copy_rows + r);
  }

 private:
  void norm(std::size_t from, std::size_t to) const {
    const float* x = in + from * width;
    float* y = out + to * width;
    for (std::size_t c = 0; c < width; c += group) {
      const float* w = own ? weight + c : weight;
      if (centres) kernels->layer_norm(x + c, w, bias, epsilon, group, y + c);
      else kernels->rms_norm(x + c, w, epsilon, group, y + c);
    }
    if (rounds) kernels->quantise(y, width, 1, width, rounded_from(rounded, width, to, 0));
  }
};

struct rounding_step : row_step {
  kernels::quantised_rows rounded;

  void operator()(const batch_state& b, unsigned thread) const {
    for_rows(b, thread,
             [&](std::size_t r) { kernels->quantise(in + r * width, width, 1, width, rounded_from(rounded, width, r, 0)); });
  }
};

struct rope_step : row_step {
  const rope_table* table = nullptr;
  std::size_t head_size = 0;

  void operator()(const batch_state& b, unsigned thread) const {
    for_rows(b, thread, [&](std::size_t r) {
      std::memcpy(out + r * width, in + r * width, width * sizeof(float));
      const std::size_t p = b.rows[r].position;
      kernels->rope(out + r * width, width / head_size, head_size, table->half(), table->cosines(p), table->sines(p));
    });
  }
};

/// activation(in), times `up` where there is one.
struct activation_step : row_step {
  activation_kind activation = activation_kind::silu;
  const float* up = nullptr;

  void operator()(const batch_state& b, unsigned thread) const {
    for_rows(b, thread, [&](std::size_t r) {
      activate(*kernels, activation, in + r * width, up == nullptr ? nullptr : up + r * width, width, out + r * width);
    });
  }
};

/// in * sigmoid(gate), one gate for each row.
struct scale_step : row_step {
  const float* gate = nullptr;  // [rows]

  void operator()(const batch_state& b, unsigned thread) const {
    for_rows(b, thread, [&](std::size_t r) {
      const float factor = elementary::sigmoid(gate[r]);
      for (std::size_t j = r * width; j < (r + 1) * width; ++j) out[j] = in[j] * factor;
    });
  }
};

struct add_step : row_step {
  const float* other = nullptr;

  void operator()(const batch_state& b, unsigned thread) const {
    for_rows(b, thread, [&](std::size_t r) {
      for (std::size_t j = r * width; j < (r + 1) * width; ++j) out[j] = in[j] + other[j];
    });
  }
};

/// Where there is no buffer it is the answer of the model. One row is long: threads share its numbers.
struct soft_cap_step : row_step {
  float cap = 1;

  void operator()(const batch_state& b, unsigned thread) const {
    const float* from = in != nullptr ? in : b.answer;
    float* to = out != nullptr ? out : b.answer;
    const auto [begin, end] = share_of(b.row_count(selected) * width, b.team->size(), thread);
    kernels->soft_cap(from + begin, cap, end - begin, to + begin);
  }
};

}  // namespace lingualinked::inline v0::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/elementary.hpp>
#include <lingualinked/execution/kv_cache.hpp>
#include <lingualinked/execution/rope_table.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/kernels/panels.hpp>
#include <lingualinked/kernels/reference/experts.hpp>
#include <lingualinked/kernels/table.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <variant>
#include <vector>

namespace test_support {

namespace ll = lingualinked;

/// The bit contract read literally: an operation graph executed one operation and one row at a time with the scalar kernels,
/// nothing fused, nothing reused, every tensor kept. What a program computes must equal this bit for bit.
class interpreter {
 public:
  interpreter(const ll::operation_graph& graph, const ll::tensor_source& weights, ll::dtype kv_type)
      : graph_(graph), weights_(weights), kv_type_(kv_type), k_(**ll::kernels::table_for(ll::kernels::isa::scalar)) {}

  /// The last operation's rows, one for each token.
  [[nodiscard]] std::vector<float> run(std::span<const ll::token_id> tokens) {
    tokens_ = tokens;
    values_.assign(graph_.operations.size(), {});
    for (std::size_t i = 0; i < values_.size(); ++i) {
      op_ = &graph_.operations[i];
      out_.assign(tokens.size() * op_->width, 0.0F);
      std::visit([this](const auto& kind) { make(kind); }, op_->kind);
      values_[i] = out_;
    }
    return values_.back();
  }

 private:
  [[nodiscard]] const std::vector<float>& in(std::size_t i) const { return values_[op_->inputs[i]]; }
  [[nodiscard]] std::size_t in_width(std::size_t i) const { return graph_.operations[op_->inputs[i]].width; }
  [[nodiscard]] std::vector<std::byte> stored(const ll::weight_ref& w) const {
    const ll::tensor_info& info = *weights_.find(w.name);
    std::vector<std::byte> bytes(ll::bytes_of(w.type, w.rows * w.columns));
    weights_.read(info, info.rows == 1 ? ll::bytes_of(w.type, w.first) : w.first * ll::bytes_of(w.type, w.columns), bytes)
        .value();
    return bytes;
  }
  [[nodiscard]] std::vector<float> vector(const ll::weight_ref& w) const {
    const auto bytes = stored(w);
    std::vector<float> values(w.rows * w.columns);
    ll::kernels::decode(w.type, bytes, values).value();
    return values;
  }
  /// Stored row that output row `row` comes from: i of a half is element 2i, or 2i + 1, of the pairs.
  [[nodiscard]] static std::size_t stored_row(const ll::linear_operation& op, std::size_t row) {
    if (op.order == ll::row_order::as_stored) return row;
    const std::size_t head = row / op.head_size * op.head_size;
    const std::size_t i = row - head;
    if (i >= op.rotary) return row;
    return i < op.rotary / 2 ? head + 2 * i : head + 2 * (i - op.rotary / 2) + 1;
  }

  void make(const ll::embedding_operation& op) {
    const auto table = stored(op.table);
    const std::size_t row_bytes = ll::bytes_of(op.table.type, op.table.columns);
    for (std::size_t t = 0; t < tokens_.size(); ++t) {
      const std::span row(out_.data() + t * op_->width, op_->width);
      const auto from = static_cast<std::size_t>(tokens_[t]) * row_bytes;
      ll::kernels::decode(op.table.type, std::span(table).subspan(from, row_bytes), row).value();
      for (float& x : row) x *= op.scale;
    }
  }
  void make(const ll::position_embedding_operation& op) {
    const auto table = stored(op.table);
    const std::size_t row_bytes = ll::bytes_of(op.table.type, op.table.columns);
    std::vector<float> row(op_->width);
    for (std::size_t t = 0; t < tokens_.size(); ++t) {
      ll::kernels::decode(op.table.type, std::span(table).subspan((t + op.offset) * row_bytes, row_bytes), row).value();
      for (std::size_t j = 0; j < row.size(); ++j) out_[t * row.size() + j] = in(0)[t * row.size() + j] + row[j];
    }
  }
  void make(const ll::select_operation&) { out_ = in(0); }
  void make(const ll::rms_norm_operation& op) {
    const auto w = vector(op.weight);
    for (std::size_t at = 0; at < out_.size(); at += w.size())
      k_.rms_norm(in(0).data() + at, w.data(), op.epsilon, w.size(), out_.data() + at);
  }
  void make(const ll::layer_norm_operation& op) {
    const auto w = vector(op.weight);
    const auto b = op.bias ? vector(op.bias) : std::vector<float>{};
    const std::size_t group = op.head_size != 0 ? op.head_size : w.size();
    for (std::size_t at = 0; at < out_.size(); at += group)
      k_.layer_norm(in(0).data() + at, w.data() + at % w.size(), op.bias ? b.data() : nullptr, op.epsilon, group,
                    out_.data() + at);
  }
  [[nodiscard]] ll::kernels::panels panels_of(const ll::weight_ref& w, const ll::linear_operation& op = {}) const {
    const auto bytes = stored(w);
    auto panels = ll::kernels::panels::make(w.type, w.rows, w.columns).value();
    const std::size_t row_bytes = ll::bytes_of(w.type, w.columns);
    for (std::size_t n = 0; n < w.rows; ++n)
      panels.set_row(n, std::span(bytes).subspan(stored_row(op, n) * row_bytes, row_bytes));
    return panels;
  }
  void multiply(const ll::kernels::panels& panels, const float* x, const float* bias, float* out) const {
    const ll::kernels::panel_view w = panels.view();
    std::vector<std::int8_t> q(w.columns);
    std::vector<float> d(w.columns / 32 + 1);
    std::vector<std::int32_t> sum(w.columns / 32 + 1);
    ll::kernels::linear_call c;
    c.weights = w;
    c.panel_end = w.panels();
    c.input = {x, w.columns, {q.data(), d.data(), sum.data()}, 1};
    if (ll::is_quantised(w.type)) k_.quantise(x, w.columns, 1, w.columns, c.input.rounded);
    c.out = out;
    c.out_stride = w.rows;
    c.bias = bias;
    k_.linear(c);
  }
  void make(const ll::linear_operation& op) {
    const ll::weight_ref& w = op.weight;
    const auto panels = panels_of(w, op);
    const auto bias_stored = op.bias ? vector(op.bias) : std::vector<float>(w.rows);
    std::vector<float> bias(w.rows);
    for (std::size_t n = 0; n < w.rows; ++n) bias[n] = bias_stored[stored_row(op, n)];
    for (std::size_t t = 0; t < tokens_.size(); ++t)
      multiply(panels, in(0).data() + t * w.columns, op.bias ? bias.data() : nullptr, out_.data() + t * w.rows);
  }
  void make(const ll::scale_operation&) {
    for (std::size_t i = 0; i < out_.size(); ++i) out_[i] = in(0)[i] * ll::elementary::sigmoid(in(1)[i / op_->width]);
  }
  void make(const ll::mixture_operation& op) {
    const std::size_t experts = op.gate.size();
    const std::size_t f = op.gate[0].rows;
    std::vector<std::uint32_t> chosen(op.used);
    std::vector<float> weights(op.used);
    std::vector<float> gate(f);
    std::vector<float> up(f);
    std::vector<float> y(op_->width);
    for (std::size_t t = 0; t < tokens_.size(); ++t) {
      const float* x = in(0).data() + t * op_->width;
      std::vector<float> scores(in(1).data() + t * experts, in(1).data() + (t + 1) * experts);
      ll::kernels::reference::choose_experts(scores.data(), experts, op.used, op.sum_to_one, chosen.data(), weights.data());
      for (std::size_t i = 0; i < op.used; ++i) {
        multiply(panels_of(op.gate[chosen[i]]), x, nullptr, gate.data());
        multiply(panels_of(op.up[chosen[i]]), x, nullptr, up.data());
        k_.activate(op.activation, gate.data(), f, gate.data());
        for (std::size_t j = 0; j < f; ++j) gate[j] *= up[j];
        multiply(panels_of(op.down[chosen[i]]), gate.data(), nullptr, y.data());
        k_.add_scaled(y.data(), weights[i], y.size(), out_.data() + t * op_->width);
      }
    }
  }
  void make(const ll::rope_operation& op) {
    const ll::rope_table table(op, tokens_.size());
    out_ = in(0);
    for (std::size_t t = 0; t < tokens_.size(); ++t)
      k_.rope(out_.data() + t * op_->width, op_->width / op.head_size, op.head_size, table.half(), table.cosines(t),
              table.sines(t));
  }
  void make(const ll::attention_operation& op) {
    const std::size_t d = op.head_size;
    ll::kv_cache cache(kv_type_, {{op.kv_heads, d}}, tokens_.size(), 1);
    for (std::size_t t = 0; t < tokens_.size(); ++t)
      for (std::size_t h = 0; h < op.kv_heads; ++h)
        k_.store_kv(cache.head(0, 0, h), t, in(1).data() + t * in_width(1) + h * d, in(2).data() + t * in_width(2) + h * d);
    const std::size_t tiles = (tokens_.size() + 63) / 64;
    std::vector<float> m(tiles);
    std::vector<float> l(tiles);
    std::vector<float> o(tiles * d);
    for (std::size_t t = 0; t < tokens_.size(); ++t) {
      const auto first = static_cast<std::uint32_t>(op.window != 0 && t + 1 > op.window ? t + 1 - op.window : 0);
      const auto end = static_cast<std::uint32_t>(t + 1);
      for (std::size_t h = 0; h < op.heads; ++h) {
        ll::kernels::attention_tile_call c;
        c.cache = cache.head(0, 0, h / (op.heads / op.kv_heads));
        c.queries = in(0).data() + t * op_->width + h * d;
        c.query_stride = d;
        c.rows = 1;
        c.first_key = &first;
        c.end_key = &end;
        c.scale = op.scale;
        c.soft_cap = op.soft_cap;
        c.alibi = op.slopes.empty() ? nullptr : &op.slopes[h];
        for (c.tile = 0; c.tile < tiles; ++c.tile) {
          c.m = &m[c.tile];
          c.l = &l[c.tile];
          c.o = &o[c.tile * d];
          k_.attention_tile(c);
        }
        ll::kernels::attention_merge_call merge;
        merge.m = m.data();
        merge.l = l.data();
        merge.o = o.data();
        merge.tiles = tiles;
        merge.tile_stride = 1;
        merge.rows = 1;
        merge.head_size = d;
        merge.out = out_.data() + t * op_->width + h * d;
        merge.out_stride = d;
        k_.attention_merge(merge);
      }
    }
  }
  void make(const ll::activation_operation& op) { k_.activate(op.activation, in(0).data(), out_.size(), out_.data()); }
  void make(const ll::gated_operation& op) {
    k_.activate(op.activation, in(0).data(), out_.size(), out_.data());
    for (std::size_t i = 0; i < out_.size(); ++i) out_[i] *= in(1)[i];
  }
  void make(const ll::soft_cap_operation& op) { k_.soft_cap(in(0).data(), op.cap, out_.size(), out_.data()); }
  void make(const ll::add_operation&) {
    for (std::size_t i = 0; i < out_.size(); ++i) out_[i] = in(0)[i] + in(1)[i];
  }

  const ll::operation_graph& graph_;
  const ll::tensor_source& weights_;
  ll::dtype kv_type_;
  const ll::kernels::table& k_;
  std::span<const ll::token_id> tokens_;
  const ll::operation* op_ = nullptr;
  std::vector<float> out_;
  std::vector<std::vector<float>> values_;
};

}  // namespace test_support

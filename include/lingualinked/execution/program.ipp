// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/execution/attention_steps.hpp>
#include <lingualinked/execution/linear_steps.hpp>
#include <lingualinked/execution/program.hpp>
#include <lingualinked/execution/program_compiler.hpp>

#include <algorithm>
#include <cstring>
#include <string>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL program_compiler::program_compiler(const operation_graph& graph, std::size_t first, std::size_t end,
                                                     const stage_weights& weights, kv_cache& cache, const kernels::table& kernels,
                                                     program_limits limits)
    : graph_(graph),
      first_(first),
      end_(end),
      weights_(weights),
      cache_(cache),
      kernels_(kernels),
      limits_(limits),
      values_(end),
      handled_(end, false),
      made_(std::make_unique<program>()) {}

LINGUALINKED_DECL program_compiler::value& program_compiler::at(value_index i) {
  while (values_[i].alias) i = *values_[i].alias;
  return values_[i];
}

LINGUALINKED_DECL bool program_compiler::wants_rounding(value_index i) const {
  for (const value_index reader : values_[i].readers) {
    const auto* l = std::get_if<linear_operation>(&graph_.operations[reader].kind);
    if (l != nullptr && is_quantised(l->weight.type)) return true;
  }
  return false;
}

LINGUALINKED_DECL const rope_table& program_compiler::rope_for(const rope_operation& how) {
  for (const auto& r : made_->ropes_)
    if (r->serves(how)) return *r;
  made_->ropes_.push_back(std::make_unique<rope_table>(how, limits_.context_tokens));
  made_->buffer_bytes_ += made_->ropes_.back()->bytes();
  return *made_->ropes_.back();
}

LINGUALINKED_DECL std::byte* program_compiler::take_buffer(std::size_t bytes) {
  made_->buffers_.emplace_back(bytes);
  made_->buffer_bytes_ += bytes;
  return made_->buffers_.back().data();
}

LINGUALINKED_DECL void program_compiler::step(std::vector<value_index> reads, std::vector<value_index> writes,
                                              std::function<program_step()> bind) {
  for (const value_index w : writes) at(w).planned = true;
  planned_.push_back({std::move(reads), std::move(writes), std::move(bind)});
}

LINGUALINKED_DECL void program_compiler::plan_embedding(value_index i, const embedding_operation& op) {
  step({}, {i}, [this, i, table = weights_.matrix(op.table), scale = op.scale] {
    float* out = at(i).floats;
    return [=](const batch_state& b, unsigned thread) {
      const auto [begin, end] = detail::share_of(b.rows.size(), b.team->size(), thread);
      for (std::size_t r = begin; r < end; ++r) {
        const std::span row(out + r * table.columns, table.columns);
        kernels::panels::decode_row(table, static_cast<std::size_t>(b.tokens[r]), row);
        if (scale != 1) std::ranges::transform(row, row.begin(), [scale](float x) { return x * scale; });
      }
    };
  });
}

LINGUALINKED_DECL void program_compiler::plan_select(value_index i) {
  const value_index x = graph_.operations[i].inputs[0];
  step({x}, {i}, [this, i, x] {
    const float* in = at(x).floats;
    float* out = at(i).floats;
    const std::size_t width = at(i).width;
    return [=](const batch_state& b, unsigned thread) {
      const auto [begin, end] = detail::share_of(b.selected.size(), b.team->size(), thread);
      for (std::size_t r = begin; r < end; ++r) std::memcpy(out + r * width, in + b.selected[r] * width, width * sizeof(float));
    };
  });
}

LINGUALINKED_DECL void program_compiler::plan_norm(value_index i, const rms_norm_operation& op) {
  const value_index x = graph_.operations[i].inputs[0];
  const bool rounds = wants_rounding(i);
  values_[i].rounded = rounds;
  step({x}, {i}, [this, i, x, rounds, epsilon = op.epsilon, part = op.head_size, w = weights_.vector(op.weight)] {
    const value& v = at(i);
    const float* in = at(x).floats;
    float* out = v.floats;
    const std::size_t width = v.width;
    const std::size_t group = part == 0 ? width : part;
    return [=, &k = kernels_, selected = v.selected, q = v.rounded_rows](const batch_state& b, unsigned thread) {
      const auto [begin, end] = detail::share_of(detail::rows_of(b, selected), b.team->size(), thread);
      for (std::size_t r = begin; r < end; ++r) {
        for (std::size_t c = 0; c < width; c += group) k.rms_norm(in + r * width + c, w, epsilon, group, out + r * width + c);
        if (rounds) k.quantise(out + r * width, width, 1, width, detail::rounded_from(q, width, r, 0));
      }
    };
  });
}

LINGUALINKED_DECL void program_compiler::plan_rounding(value_index i) {
  at(i).rounded = true;
  step({i}, {i}, [this, i] {
    const value& v = at(i);
    return [&k = kernels_, x = v.floats, width = v.width, selected = v.selected, q = v.rounded_rows](const batch_state& b,
                                                                                                     unsigned thread) {
      const auto [begin, end] = detail::share_of(detail::rows_of(b, selected), b.team->size(), thread);
      if (begin < end) k.quantise(x + begin * width, width, end - begin, width, detail::rounded_from(q, width, begin, 0));
    };
  });
}

LINGUALINKED_DECL void program_compiler::plan_linear_group(value_index i) {
  const value_index x = graph_.operations[i].inputs[0];
  if (!at(x).rounded && wants_rounding(x)) plan_rounding(x);

  std::vector<value_index> members;
  for (value_index j = i; j < end_; ++j)
    if (std::holds_alternative<linear_operation>(graph_.operations[j].kind) && graph_.operations[j].inputs[0] == x)
      members.push_back(j);

  struct part {
    value_index linear;
    value_index target;  // the value it writes: its own, or the sum that absorbs it
    std::optional<value_index> residual;
  };
  std::vector<part> parts;
  std::vector<value_index> reads{x};
  std::vector<value_index> writes;
  for (const value_index m : members) {
    handled_[m] = true;
    part p{m, m, {}};
    if (values_[m].readers.size() == 1) {
      const value_index reader = values_[m].readers[0];
      const operation& sum = graph_.operations[reader];
      if (std::holds_alternative<add_operation>(sum.kind)) {
        const value_index other = sum.inputs[0] == m ? sum.inputs[1] : sum.inputs[0];
        if (other != m && at(other).planned) {
          p.target = reader;
          p.residual = other;
          handled_[reader] = true;
          reads.push_back(other);
        }
      }
    }
    writes.push_back(p.target);
    parts.push_back(p);
  }

  // Gate and up alone in a group, read by one SwiGLU and nothing else: each thread multiplies the columns it made.
  std::optional<value_index> product;
  if (members.size() == 2 && values_[members[0]].readers.size() == 1 &&
      values_[members[0]].readers == values_[members[1]].readers) {
    const value_index reader = values_[members[0]].readers[0];
    if (std::holds_alternative<gated_silu_operation>(graph_.operations[reader].kind)) {
      product = reader;
      handled_[reader] = true;
      values_[reader].rounded = wants_rounding(reader);
      writes.push_back(reader);
    }
  }

  step(reads, writes, [this, x, parts, product] {
    detail::linear_step made;
    made.kernels = &kernels_;
    const value& in = at(x);
    made.input = {in.floats, in.width, in.rounded_rows, 0};
    made.selected = in.selected;
    for (const part& p : parts) {
      const auto& op = std::get<linear_operation>(graph_.operations[p.linear].kind);
      made.pieces.push_back({.weights = weights_.matrix(op.weight),
                             .bias = op.bias ? weights_.vector(op.bias) : nullptr,
                             .residual = p.residual ? at(*p.residual).floats : nullptr,
                             .out = at(p.target).floats});
    }
    if (product) {
      const auto& gated = graph_.operations[*product].inputs;
      made.product = detail::gated_product{.swapped = gated[0] != parts[0].linear,
                                           .out = at(*product).floats,
                                           .rounds = at(*product).rounded,
                                           .rounded = at(*product).rounded_rows};
    }
    return program_step(std::move(made));
  });
}

LINGUALINKED_DECL void program_compiler::plan_rope(value_index i, const rope_operation& op) {
  const value_index x = graph_.operations[i].inputs[0];
  const auto& readers = values_[i].readers;
  const bool only_reader = values_[x].readers.size() == 1;
  const bool for_attention =
      readers.size() == 1 && std::holds_alternative<attention_operation>(graph_.operations[readers[0]].kind);
  if (only_reader && for_attention) {  // the attention's first step turns it in place
    values_[i].alias = x;
    values_[i].turn = op;
    return;
  }
  step({x}, {i}, [this, i, x, &table = rope_for(op), head_size = op.head_size] {
    const float* in = at(x).floats;
    float* out = at(i).floats;
    const std::size_t width = at(i).width;
    return [=, &k = kernels_, &table](const batch_state& b, unsigned thread) {
      const auto [begin, end] = detail::share_of(b.rows.size(), b.team->size(), thread);
      for (std::size_t r = begin; r < end; ++r) {
        std::memcpy(out + r * width, in + r * width, width * sizeof(float));
        const std::size_t p = b.rows[r].position;
        k.rope(out + r * width, width / head_size, head_size, table.half(), table.cosines(p), table.sines(p));
      }
    };
  });
}

LINGUALINKED_DECL void program_compiler::plan_attention(value_index i, const attention_operation& op) {
  const auto& in = graph_.operations[i].inputs;
  const std::size_t layer = attention_count_++;
  detail::attention_shape shape{.heads = op.heads,
                                .kv_heads = op.kv_heads,
                                .head_size = op.head_size,
                                .scale = op.scale,
                                .window = op.window,
                                .layer = layer,
                                .tiles = (limits_.context_tokens + kernels::attention_tile - 1) / kernels::attention_tile};
  const bool rounds = wants_rounding(i) && shape.group() * shape.head_size % kernels::activation_block == 0;
  values_[i].rounded = rounds;
  const rope_table* turn_q = values_[in[0]].turn ? &rope_for(*values_[in[0]].turn) : nullptr;
  const rope_table* turn_k = values_[in[1]].turn ? &rope_for(*values_[in[1]].turn) : nullptr;

  // Attention layers run one after the other, so they share one scratch.
  if (!made_->attention_) made_->attention_ = std::make_unique<detail::attention_scratch>();
  made_->attention_->reserve(shape, limits_.threads);

  const auto bind = [this, i, q = in[0], k = in[1], v = in[2], shape, rounds, turn_q, turn_k](detail::attention_phase phase) {
    return [=, this] {
      const value& out = at(i);
      return program_step(detail::attention_step{.phase = phase,
                                                 .kernels = &kernels_,
                                                 .cache = &cache_,
                                                 .scratch = made_->attention_.get(),
                                                 .shape = shape,
                                                 .q = at(q).floats,
                                                 .k = at(k).floats,
                                                 .v = at(v).floats,
                                                 .turn_q = turn_q,
                                                 .turn_k = turn_k,
                                                 .out = out.floats,
                                                 .rounds = rounds,
                                                 .rounded = out.rounded_rows});
    };
  };
  step({in[0], in[1], in[2]}, {in[0], in[1]}, bind(detail::attention_phase::store));
  step({in[0]}, {i}, bind(detail::attention_phase::tiles));
  step({i}, {i}, bind(detail::attention_phase::merge));
}

LINGUALINKED_DECL void program_compiler::plan_gated(value_index i) {
  const auto& in = graph_.operations[i].inputs;
  step({in[0], in[1]}, {i}, [this, i, gate = in[0], up = in[1]] {
    return [&k = kernels_, g = at(gate).floats, u = at(up).floats, out = at(i).floats, width = at(i).width,
            selected = at(i).selected](const batch_state& b, unsigned thread) {
      const auto [begin, end] = detail::share_of(detail::rows_of(b, selected), b.team->size(), thread);
      for (std::size_t r = begin; r < end; ++r) k.silu_multiply(g + r * width, u + r * width, width, out + r * width);
    };
  });
}

LINGUALINKED_DECL void program_compiler::plan_add(value_index i) {
  const auto& in = graph_.operations[i].inputs;
  step({in[0], in[1]}, {i}, [this, i, left = in[0], right = in[1]] {
    return [a = at(left).floats, c = at(right).floats, out = at(i).floats, width = at(i).width, selected = at(i).selected](
               const batch_state& b, unsigned thread) {
      const auto [begin, end] = detail::share_of(detail::rows_of(b, selected) * width, b.team->size(), thread);
      for (std::size_t j = begin; j < end; ++j) out[j] = a[j] + c[j];
    };
  });
}

LINGUALINKED_DECL result<void> program_compiler::plan() {
  const auto& ops = graph_.operations;
  for (std::size_t i = first_; i < end_; ++i) {
    values_[i].width = ops[i].width;
    for (const value_index input : ops[i].inputs) {
      if (input < first_) {
        if (input_ && *input_ != input)
          return error{errc::unsupported, "a stage that starts at '" + ops[first_].label + "' would read two earlier tensors"};
        input_ = input;
        values_[input].width = ops[input].width;
      }
      auto& readers = values_[input].readers;
      if (readers.empty() || readers.back() != i) readers.push_back(static_cast<value_index>(i));
      values_[i].selected = values_[i].selected || values_[input].selected;
    }
    if (std::holds_alternative<select_operation>(ops[i].kind)) values_[i].selected = true;
  }
  if (end_ == ops.size() && !std::holds_alternative<linear_operation>(ops.back().kind))
    return error{errc::unsupported, "the model does not end in a linear layer, so it has no logits"};
  if (input_) values_[*input_].planned = true;
  for (std::size_t n = first_; n < end_; ++n) {
    if (handled_[n]) continue;
    const auto i = static_cast<value_index>(n);
    const operation_kind& kind = ops[n].kind;
    if (const auto* e = std::get_if<embedding_operation>(&kind)) plan_embedding(i, *e);
    else if (std::holds_alternative<select_operation>(kind)) plan_select(i);
    else if (const auto* m = std::get_if<rms_norm_operation>(&kind)) plan_norm(i, *m);
    else if (std::holds_alternative<linear_operation>(kind)) plan_linear_group(i);
    else if (const auto* r = std::get_if<rope_operation>(&kind)) plan_rope(i, *r);
    else if (const auto* a = std::get_if<attention_operation>(&kind)) plan_attention(i, *a);
    else if (std::holds_alternative<gated_silu_operation>(kind)) plan_gated(i);
    else plan_add(i);
  }
  return {};
}

/// Gives each value a buffer from the step that first writes it to the step that last reads it; buffers go back to a pool and are
/// taken again by the smallest value that fits, so that a stage of many layers needs the memory of about one.
LINGUALINKED_DECL void program_compiler::place() {
  const std::size_t steps = planned_.size();
  const value_index output = static_cast<value_index>(end_ - 1);
  const bool answers = end_ == graph_.operations.size();
  for (value& v : values_) v.first_step = steps;
  if (input_) at(*input_).first_step = 0;
  for (std::size_t s = 0; s < steps; ++s) {
    for (const auto* list : {&planned_[s].writes, &planned_[s].reads}) {
      for (const value_index i : *list) {
        value& v = at(i);
        v.first_step = std::min(v.first_step, s);
        v.last_step = std::max(v.last_step, s);
      }
    }
  }
  if (!answers) at(output).last_step = steps;

  struct pooled {
    std::byte* data;
    std::size_t bytes;
  };
  std::vector<pooled> pool;
  std::vector<std::pair<value_index, pooled>> taken;
  for (std::size_t s = 0; s < steps; ++s) {
    for (value_index i = 0; i < end_; ++i) {
      value& v = values_[i];
      if (v.alias || v.first_step != s || (answers && i == output)) continue;
      const std::size_t rounded_row = v.rounded ? detail::rounded_row_bytes(v.width) : 0;
      const std::size_t float_bytes = detail::align_up(limits_.rows * v.width * sizeof(float));
      const std::size_t bytes = float_bytes + detail::align_up(limits_.rows * rounded_row) + 3 * storage::alignment_bytes;
      const auto fits =
          std::ranges::min_element(pool, {}, [bytes](const pooled& p) { return p.bytes >= bytes ? p.bytes : SIZE_MAX; });
      pooled mine{};
      if (fits != pool.end() && fits->bytes >= bytes) {
        mine = *fits;
        pool.erase(fits);
      } else {
        mine = {take_buffer(bytes), bytes};
      }
      v.floats = reinterpret_cast<float*>(mine.data);
      if (v.rounded) v.rounded_rows = detail::place_rounded(mine.data + float_bytes, limits_.rows, v.width);
      taken.emplace_back(i, mine);
    }
    std::erase_if(taken, [&](const auto& t) {
      if (values_[t.first].last_step > s) return false;
      pool.push_back(t.second);
      return true;
    });
  }
  if (input_) {
    made_->input_ = at(*input_).floats;
    made_->input_width_ = at(*input_).width;
  }
  made_->output_ = answers ? nullptr : at(output).floats;
  made_->output_width_ = values_[output].width;
}

LINGUALINKED_DECL result<std::unique_ptr<program>> program_compiler::compile() {
  if (auto planned = plan(); !planned) return planned.error();
  place();
  for (const planned_step& s : planned_) made_->steps_.push_back(s.bind());
  if (made_->attention_) made_->buffer_bytes_ += made_->attention_->bytes();
  return std::move(made_);
}

LINGUALINKED_DECL result<std::unique_ptr<program>> program::compile(const operation_graph& graph, std::size_t first,
                                                                    std::size_t end, const stage_weights& weights,
                                                                    kv_cache& cache, const kernels::table& kernels,
                                                                    program_limits limits) {
  if (first >= end || end > graph.operations.size())
    return error{errc::invalid_argument, "operations " + std::to_string(first) + " to " + std::to_string(end) + " of " +
                                             std::to_string(graph.operations.size()) + " make no segment"};
  return program_compiler(graph, first, end, weights, cache, kernels, limits).compile();
}

LINGUALINKED_DECL program::program() = default;
LINGUALINKED_DECL program::~program() = default;

LINGUALINKED_DECL void program::run(const batch_state& batch) {
  thread_team& team = *batch.team;
  team.run([&](unsigned thread) {
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      if (s != 0) team.arrive_and_wait();
      steps_[s](batch, thread);
    }
  });
}

LINGUALINKED_DECL std::vector<kv_shape> kv_shapes(const operation_graph& graph, std::size_t first, std::size_t end) {
  std::vector<kv_shape> shapes;
  for (std::size_t i = first; i < end && i < graph.operations.size(); ++i)
    if (const auto* a = std::get_if<attention_operation>(&graph.operations[i].kind))
      shapes.push_back({a->kv_heads, a->head_size});
  return shapes;
}

}  // namespace lingualinked::inline v0

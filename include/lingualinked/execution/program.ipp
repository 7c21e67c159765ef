// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/execution/attention_steps.hpp>
#include <lingualinked/execution/linear_steps.hpp>
#include <lingualinked/execution/mixture_steps.hpp>
#include <lingualinked/execution/program.hpp>
#include <lingualinked/execution/program_compiler.hpp>
#include <lingualinked/execution/program_placement.ipp>
#include <lingualinked/execution/row_steps.hpp>

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
    const operation& op = graph_.operations[reader];
    const auto* l = std::get_if<linear_operation>(&op.kind);
    if (l != nullptr && is_quantised(l->weight.type)) return true;
    const auto* m = std::get_if<mixture_operation>(&op.kind);
    if (m != nullptr && op.inputs[0] == i && (any_quantised(m->gate) || any_quantised(m->up))) return true;
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

LINGUALINKED_DECL bool program_compiler::only_layers_read(value_index i) const {
  if (i + 1 == end_ || values_[i].readers.empty()) return false;
  return std::ranges::all_of(values_[i].readers, [&](value_index reader) {
    const operation& op = graph_.operations[reader];
    return std::holds_alternative<linear_operation>(op.kind) ||
           (std::holds_alternative<mixture_operation>(op.kind) && op.inputs[0] == i && op.inputs[1] != i);
  });
}

LINGUALINKED_DECL void program_compiler::step(planned_step planned) {
  for (const value_index w : planned.writes) at(w).planned = true;
  planned.selected = !planned.writes.empty() && at(planned.writes[0]).selected;
  planned.operation = planning_;
  planned_.push_back(std::move(planned));
}

LINGUALINKED_DECL std::optional<std::pair<program_compiler::value_index, program_compiler::value_index>>
program_compiler::sum_after(value_index i) {
  if (values_[i].readers.size() != 1) return {};
  const value_index reader = values_[i].readers[0];
  const operation& sum = graph_.operations[reader];
  if (!std::holds_alternative<add_operation>(sum.kind)) return {};
  const value_index other = sum.inputs[0] == i ? sum.inputs[1] : sum.inputs[0];
  if (other == i || !at(other).planned) return {};
  handled_[reader] = true;
  return std::pair{reader, other};
}

LINGUALINKED_DECL detail::row_step program_compiler::row_step_of(value_index from, value_index to) {
  return {&kernels_, at(from).floats, at(to).floats, at(to).width, at(to).selected};
}

LINGUALINKED_DECL detail::layer_input program_compiler::layer_input_of(value_index i) {
  const value& v = at(i);
  return {v.floats, v.width, v.rounded_rows, v.copies ? limits_.copied_rows() : 0};
}

LINGUALINKED_DECL void program_compiler::plan_norm(value_index i, detail::norm_step norm) {
  const value_index x = graph_.operations[i].inputs[0];
  norm.rounds = values_[i].rounded = wants_rounding(i);
  values_[i].copies = only_layers_read(i);
  norm.copy_rows = values_[i].copies ? limits_.copied_rows() : 0;
  step({values_[i].copies ? reach::rows_or_all : reach::rows, {x}, {i}, [this, i, x, norm]() mutable {
          static_cast<detail::row_step&>(norm) = row_step_of(x, i);
          norm.rounded = at(i).rounded_rows;
          if (norm.group == 0) norm.group = norm.width;
          return norm;
        }});
}

LINGUALINKED_DECL void program_compiler::plan_rounding(value_index i) {
  at(i).rounded = true;
  step({reach::rows, {i}, {i}, [this, i] { return detail::rounding_step{row_step_of(i, i), at(i).rounded_rows}; }});
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
    if (const auto sum = sum_after(m)) {
      p.target = sum->first;
      p.residual = sum->second;
      reads.push_back(sum->second);
    }
    writes.push_back(p.target);
    parts.push_back(p);
  }

  // Gate and up alone in a group, read by one activation and nothing else, or a layer alone: each thread activates what it made.
  std::optional<value_index> product;
  if (members.size() <= 2 && values_[members[0]].readers.size() == 1 &&
      values_[members[0]].readers == values_[members.back()].readers) {
    const value_index reader = values_[members[0]].readers[0];
    const operation_kind& kind = graph_.operations[reader].kind;
    if (members.size() == 2 ? std::holds_alternative<gated_operation>(kind)
                            : std::holds_alternative<activation_operation>(kind)) {
      product = reader;
      handled_[reader] = true;
      values_[reader].rounded = wants_rounding(reader);
      writes.push_back(reader);
    }
  }

  step({reach::rows_or_all, reads, writes, [this, x, parts, product] {
          detail::linear_step made;
          made.kernels = &kernels_;
          made.input = layer_input_of(x);
          made.selected = at(x).selected;
          for (const part& p : parts) {
            const auto& op = std::get<linear_operation>(graph_.operations[p.linear].kind);
            made.pieces.push_back({.weights = weights_.matrix(op.weight),
                                   .bias = op.bias ? weights_.vector(op.bias) : nullptr,
                                   .residual = p.residual ? at(*p.residual).floats : nullptr,
                                   .out = at(p.target).floats});
          }
          if (product) {
            const operation& op = graph_.operations[*product];
            const auto* gated = std::get_if<gated_operation>(&op.kind);
            made.product = detail::fused_activation{
                .activation = gated != nullptr ? gated->activation : std::get<activation_operation>(op.kind).activation,
                .swapped = op.inputs[0] != parts[0].linear,
                .out = at(*product).floats,
                .rounds = at(*product).rounded,
                .rounded = at(*product).rounded_rows};
          }
          return step_function(std::move(made));
        }});
}

LINGUALINKED_DECL void program_compiler::plan_rope(value_index i, const rope_operation& op) {
  const value_index x = graph_.operations[i].inputs[0];
  const auto& readers = values_[i].readers;
  const bool only_reader = values_[x].readers.size() == 1;
  const bool for_attention =
      readers.size() == 1 && std::holds_alternative<attention_operation>(graph_.operations[readers[0]].kind);
  if (only_reader && for_attention) {  // the attention turns it
    values_[i].alias = x;
    values_[i].turn = op;
    return;
  }
  step({reach::rows, {x}, {i}, [this, i, x, table = &rope_for(op), head_size = op.head_size] {
          return detail::rope_step{row_step_of(x, i), table, head_size};
        }});
}

LINGUALINKED_DECL void program_compiler::plan_attention(value_index i, const attention_operation& op) {
  const auto& in = graph_.operations[i].inputs;
  const std::size_t layer = attention_count_++;
  detail::attention_shape shape{.heads = op.heads,
                                .kv_heads = op.kv_heads,
                                .head_size = op.head_size,
                                .scale = op.scale,
                                .window = op.window,
                                .soft_cap = op.soft_cap,
                                .slopes = op.slopes,
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
      return step_function(detail::attention_step{.phase = phase,
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
  step({reach::rows, {in[0], in[1], in[2]}, {in[0], in[1]}, bind(detail::attention_phase::store), &cache_, true});
  step({reach::all, {in[0], in[1], in[2]}, {i, in[1]}, bind(detail::attention_phase::attend), &cache_});
}

LINGUALINKED_DECL void program_compiler::plan_mixture(value_index i, const mixture_operation& op) {
  const value_index x = graph_.operations[i].inputs[0];
  const value_index scores = graph_.operations[i].inputs[1];
  if (!at(x).rounded && wants_rounding(x)) plan_rounding(x);
  auto shape = std::make_shared<detail::mixture_shape>();
  for (std::size_t e = 0; e < op.gate.size(); ++e) {
    shape->gate.push_back(weights_.matrix(op.gate[e]));
    shape->up.push_back(weights_.matrix(op.up[e]));
    shape->down.push_back(weights_.matrix(op.down[e]));
  }
  shape->used = op.used;
  shape->sum_to_one = op.sum_to_one;
  shape->activation = op.activation;
  shape->rounds_input = any_quantised(op.gate) || any_quantised(op.up);
  shape->rounds_product = any_quantised(op.down);
  if (!made_->mixture_) made_->mixture_ = std::make_unique<detail::mixture_scratch>();
  made_->mixture_->reserve(*shape, limits_);

  const auto sum = sum_after(i);
  const value_index target = sum ? sum->first : i;
  std::vector<value_index> reads{x, scores};
  if (sum) reads.push_back(sum->second);
  using enum detail::mixture_phase;
  for (const auto phase : {route, gather, expand, contract}) {
    const bool of_many = phase == route || phase == gather;
    step({phase == route ? reach::rows : reach::all,
          reads,
          {target},
          [this, target, x, scores, sum, shape, phase] {
            return detail::mixture_step{.phase = phase,
                                        .kernels = &kernels_,
                                        .scratch = made_->mixture_.get(),
                                        .shape = shape,
                                        .selected = at(target).selected,
                                        .x = layer_input_of(x),
                                        .scores = at(scores).floats,
                                        .residual = sum ? at(sum->second).floats : nullptr,
                                        .out = at(target).floats};
          },
          made_->mixture_.get(),
          of_many});
  }
}

LINGUALINKED_DECL void program_compiler::plan_soft_cap(value_index i, float cap) {
  const value_index x = graph_.operations[i].inputs[0];
  if (values_[x].readers.size() == 1) values_[i].alias = x;
  step({reach::all, {x}, {i}, [this, i, x, cap] { return detail::soft_cap_step{row_step_of(x, i), cap}; }});
}

LINGUALINKED_DECL void program_compiler::plan_rows(value_index i) {
  const operation& op = graph_.operations[i];
  const auto& in = op.inputs;
  if (const auto* e = std::get_if<embedding_operation>(&op.kind)) {
    step({reach::rows, {}, {i}, [this, i, table = weights_.matrix(e->table), scale = e->scale] {
            return detail::embedding_step{row_step_of(i, i), table, scale};
          }});
  } else if (const auto* p = std::get_if<position_embedding_operation>(&op.kind)) {
    step({reach::rows, {in[0]}, {i}, [this, i, x = in[0], table = weights_.matrix(p->table), offset = p->offset] {
            return detail::position_step{row_step_of(x, i), table, offset};
          }});
  } else if (std::holds_alternative<select_operation>(op.kind)) {
    step({reach::all, {in[0]}, {i}, [this, i, x = in[0]] { return detail::select_step{row_step_of(x, i)}; }});
  } else if (const auto* a = std::get_if<activation_operation>(&op.kind)) {
    step({reach::rows, {in[0]}, {i}, [this, i, x = in[0], kind = a->activation] {
            return detail::activation_step{row_step_of(x, i), kind, nullptr};
          }});
  } else if (const auto* g = std::get_if<gated_operation>(&op.kind)) {
    step({reach::rows, {in[0], in[1]}, {i}, [this, i, x = in[0], up = in[1], kind = g->activation] {
            return detail::activation_step{row_step_of(x, i), kind, at(up).floats};
          }});
  } else if (std::holds_alternative<scale_operation>(op.kind)) {
    step({reach::rows, {in[0], in[1]}, {i}, [this, i, x = in[0], gate = in[1]] {
            return detail::scale_step{row_step_of(x, i), at(gate).floats};
          }});
  } else {
    step({reach::rows, {in[0], in[1]}, {i}, [this, i, x = in[0], other = in[1]] {
            return detail::add_step{row_step_of(x, i), at(other).floats};
          }});
  }
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
  if (end_ == ops.size() && !std::holds_alternative<linear_operation>(ops[end_ - 1].kind) &&
      !std::holds_alternative<soft_cap_operation>(ops[end_ - 1].kind))
    return error{errc::unsupported, "the model does not end in a linear layer, so it has no logits"};
  if (input_) values_[*input_].planned = true;
  for (std::size_t n = first_; n < end_; ++n) {
    if (handled_[n]) continue;
    planning_ = n;
    const auto i = static_cast<value_index>(n);
    const operation_kind& kind = ops[n].kind;
    if (const auto* m = std::get_if<rms_norm_operation>(&kind))
      plan_norm(i, {{}, false, weights_.vector(m->weight), nullptr, m->epsilon, m->head_size, false, false, {}});
    else if (const auto* l = std::get_if<layer_norm_operation>(&kind))
      plan_norm(i, {{},
                    true,
                    weights_.vector(l->weight),
                    l->bias ? weights_.vector(l->bias) : nullptr,
                    l->epsilon,
                    l->head_size,
                    l->head_size != 0,
                    false,
                    {}});
    else if (std::holds_alternative<linear_operation>(kind)) plan_linear_group(i);
    else if (const auto* r = std::get_if<rope_operation>(&kind)) plan_rope(i, *r);
    else if (const auto* a = std::get_if<attention_operation>(&kind)) plan_attention(i, *a);
    else if (const auto* e = std::get_if<mixture_operation>(&kind)) plan_mixture(i, *e);
    else if (const auto* c = std::get_if<soft_cap_operation>(&kind)) plan_soft_cap(i, c->cap);
    else plan_rows(i);
  }
  return {};
}

LINGUALINKED_DECL result<std::unique_ptr<program>> program_compiler::compile() {
  if (auto planned = plan(); !planned) return planned.error();
  place();
  for (const planned_step& s : planned_) {
    made_->steps_.push_back({s.bind()});
    made_->step_operations_.push_back(s.operation);
  }
  place_barriers();
  made_->threads_ = limits_.threads;
  if (made_->attention_) made_->buffer_bytes_ += made_->attention_->bytes();
  if (made_->mixture_) made_->buffer_bytes_ += made_->mixture_->bytes();
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

LINGUALINKED_DECL unsigned program::mode_of(std::size_t rows, std::size_t selected) const noexcept {
  return program_step::mode{sharing_for(rows, threads_), sharing_for(selected, threads_) == row_sharing::rows}.bit();
}

LINGUALINKED_DECL std::size_t program::barriers(std::size_t rows, std::size_t selected) const noexcept {
  const unsigned mode = mode_of(rows, selected);
  return static_cast<std::size_t>(std::ranges::count_if(steps_, [mode](const program_step& s) { return (s.waits & mode) != 0; }));
}

LINGUALINKED_DECL std::size_t program::first_step_of(std::size_t operation) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(step_operations_, operation) - step_operations_.begin());
}

/// As run(), and thread 0 writes down when it began each module.
LINGUALINKED_DECL void program::run_timed(const batch_state& batch) {
  thread_team& team = *batch.team;
  module_clock& clock = *batch.clock;
  const unsigned mode = mode_of(batch.rows.size(), batch.selected.size());
  std::size_t next = 0;  // thread 0's own
  team.run([&](unsigned thread) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const program_step& s = steps_[i];
      if ((s.runs & mode) == 0) continue;
      if ((s.waits & mode) != 0) team.arrive_and_wait();
      if (thread == 0)
        for (; next < clock.first_steps.size() && clock.first_steps[next] <= i; ++next) clock.began[next] = steady_now();
      s.call(batch, thread);
    }
  });
  for (; next < clock.began.size(); ++next) clock.began[next] = steady_now();
}

LINGUALINKED_DECL void program::run(const batch_state& batch) {
  if (batch.clock != nullptr) return run_timed(batch);
  thread_team& team = *batch.team;
  const unsigned mode = mode_of(batch.rows.size(), batch.selected.size());
  team.run([&](unsigned thread) {
    for (const program_step& s : steps_) {
      if ((s.runs & mode) == 0) continue;
      if ((s.waits & mode) != 0) team.arrive_and_wait();
      s.call(batch, thread);
    }
  });
}

LINGUALINKED_DECL std::vector<kv_shape> kv_shapes(const operation_graph& graph, std::size_t first, std::size_t end,
                                                  std::size_t rows) {
  std::vector<kv_shape> shapes;
  for (std::size_t i = first; i < end && i < graph.operations.size(); ++i)
    if (const auto* a = std::get_if<attention_operation>(&graph.operations[i].kind))
      shapes.push_back({a->kv_heads, a->head_size, a->window != 0 && a->slopes.empty() ? a->window + rows : 0});
  return shapes;
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/execution/cpu_executor.hpp>
#include <lingualinked/text/sampler.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

struct cpu_executor::state {
  struct sequence {
    std::size_t slot = 0;
    std::size_t position = 0;
    std::size_t prompt_tokens = 0;
    std::uint64_t batch = 0;  // the last one it was in
    std::uint32_t max_tokens = 0;
    sampling_parameters sampling;
    std::uint64_t dropped_tokens = 0;  // of the whole text, before the prompt
    std::vector<token_id> log;         // tail: prompt (or past) and what was sampled, for penalties
    sampler_state sampling_now;
    sampler_state sampling_next;  // becomes sampling_now when the whole batch has succeeded
  };

  executor_options options;
  bool first = false;
  bool tail = false;
  std::size_t token_limit = 0;  // first stage: rows of the embedding
  std::size_t vocabulary = 0;   // tail: rows of the head
  stage_weights weights;
  kv_cache cache;
  std::unique_ptr<program> code;
  std::unique_ptr<thread_team> team;
  std::unordered_map<sequence_id, sequence> open;
  sampler draws;
  std::vector<std::size_t> free_slots;
  storage own_logits;  // [sequences, V]

  module_clock clock;
  std::vector<duration>* module_times = nullptr;

  // Filled anew for every batch, without allocation.
  std::uint64_t batch_number = 0;
  std::vector<batch_row> rows;
  std::vector<query_block> blocks;
  std::vector<std::uint32_t> selected;

  [[nodiscard]] result<void> admit(const stage_batch& batch);
  [[nodiscard]] result<void> check_rows(const stage_batch& batch) const;
  [[nodiscard]] result<void> draw(const stage_batch& batch, const float* answer);

  /// A token follows the segment's last row.
  [[nodiscard]] static bool due(const sequence& s, const segment& part) noexcept {
    return s.max_tokens > 0 && std::size_t{part.position} + part.tokens >= s.prompt_tokens;
  }
};

namespace detail {

[[nodiscard]] inline result<void> check_executor_options(const operation_graph& graph, const module_graph& modules,
                                                         const executor_options& o) {
  if (o.first_module > o.last_module || o.last_module >= modules.node_count())
    return error{errc::invalid_argument, "modules " + std::to_string(o.first_module) + " to " + std::to_string(o.last_module) +
                                             " do not exist; the model has " + std::to_string(modules.node_count())};
  if (modules.modules().back().end_operation != graph.operations.size())
    return error{errc::invalid_argument, "the modules are not those of this operation graph"};
  if (o.context_tokens == 0 || o.sequences == 0 || o.rows == 0 || o.threads == 0)
    return error{errc::invalid_argument, "context, sequences, rows and threads must be at least 1"};
  if (o.context_tokens > executor_limits::context_tokens || o.sequences > executor_limits::sequences ||
      o.rows > executor_limits::rows || o.threads > executor_limits::threads)
    return error{errc::limit, "a stage has at most " + std::to_string(executor_limits::context_tokens) + " tokens of context, " +
                                  std::to_string(executor_limits::sequences) + " sequences, " +
                                  std::to_string(executor_limits::rows) + " rows and " +
                                  std::to_string(executor_limits::threads) + " threads"};
  if (o.kv_type != dtype::f32 && o.kv_type != dtype::f16)
    return error{errc::invalid_argument, "the KV cache is f32 or f16, not " + std::string(name_of(o.kv_type))};
  return {};
}

}  // namespace detail

LINGUALINKED_DECL cpu_executor::cpu_executor(std::unique_ptr<state> s) : state_(std::move(s)) {}
LINGUALINKED_DECL cpu_executor::cpu_executor(cpu_executor&&) noexcept = default;
LINGUALINKED_DECL cpu_executor& cpu_executor::operator=(cpu_executor&&) noexcept = default;
LINGUALINKED_DECL cpu_executor::~cpu_executor() = default;

LINGUALINKED_DECL result<cpu_executor> cpu_executor::create(const operation_graph& graph, const module_graph& modules,
                                                            const tensor_source& weights, const executor_options& options,
                                                            const weight_progress& progress) {
  if (auto fine = kernels::check_numeric_environment(); !fine) return fine.error();
  if (auto fine = detail::check_executor_options(graph, modules, options); !fine) return fine.error();

  auto s = std::make_unique<state>();
  s->options = options;
  if (s->options.kernels == nullptr) {
    auto best = kernels::table_for(kernels::best_available());
    if (!best) return best.error();
    s->options.kernels = *best;
  }
  const std::size_t begin = modules.modules()[options.first_module].first_operation;
  const std::size_t end = modules.modules()[options.last_module].end_operation;
  const std::span part(graph.operations.data() + begin, end - begin);
  s->first = begin == 0;
  s->tail = end == graph.operations.size();
  for (const operation& op : part) {
    const auto* p = std::get_if<position_embedding_operation>(&op.kind);
    if (p != nullptr && (p->table.rows < p->offset || p->table.rows - p->offset < options.context_tokens))
      return error{errc::limit, "the model has learned " + std::to_string(p->table.rows - std::min(p->offset, p->table.rows)) +
                                    " positions, fewer than the context of " + std::to_string(options.context_tokens) +
                                    " tokens. Plan for a shorter context"};
  }

  auto loaded = stage_weights::load(part, weights, progress);
  if (!loaded) return loaded.error();
  s->weights = *std::move(loaded);
  auto shapes = kv_shapes(graph, begin, end, options.rows);
  if (!kv_cache::bytes_for(options.kv_type, shapes, options.context_tokens, options.sequences).at_most(PTRDIFF_MAX))
    return error{errc::limit, "the KV cache of " + std::to_string(options.sequences) + " sequences of " +
                                  std::to_string(options.context_tokens) + " tokens is beyond this machine's addresses"};
  s->cache = kv_cache(options.kv_type, std::move(shapes), options.context_tokens, options.sequences);
  auto compiled = program::compile(graph, begin, end, s->weights, s->cache, *s->options.kernels,
                                   {options.rows, options.context_tokens, options.threads});
  if (!compiled) return compiled.error();
  s->code = *std::move(compiled);
  for (std::size_t m = options.first_module; m <= options.last_module; ++m)
    s->clock.first_steps.push_back(s->code->first_step_of(modules.modules()[m].first_operation));
  s->clock.began.resize(s->clock.first_steps.size() + 1);
  try {
    s->team = std::make_unique<thread_team>(options.threads, [] { kernels::set_numeric_environment(); });
  } catch (const std::system_error&) {
    return error{errc::limit, "this machine did not start " + std::to_string(options.threads) + " threads. Ask for fewer"};
  }
  if (s->first)
    if (const auto* e = std::get_if<embedding_operation>(&part.front().kind)) s->token_limit = e->table.rows;
  if (s->tail) {
    s->vocabulary = graph.operations.back().width;
    s->own_logits = storage(options.sequences * s->vocabulary * sizeof(float));
    s->draws = sampler(s->options.kernels->exponentials);
  }
  for (std::size_t slot = options.sequences; slot-- > 0;) s->free_slots.push_back(slot);
  s->open.reserve(options.sequences);
  s->rows.reserve(options.rows);
  s->blocks.reserve(options.rows);
  s->selected.reserve(options.rows);
  return cpu_executor(std::move(s));
}

LINGUALINKED_DECL result<void> cpu_executor::open(sequence_id sequence, const sequence_options& options) {
  state& s = *state_;
  if (s.open.contains(sequence))
    return error{errc::invalid_argument, "sequence " + std::to_string(sequence) + " is open already"};
  if (s.free_slots.empty())
    return error{errc::busy, "all " + std::to_string(s.options.sequences) + " sequences are in use. Close one, or plan for more"};
  if (options.prompt.size() > s.options.context_tokens)
    return error{errc::limit, "the prompt has " + std::to_string(options.prompt.size()) + " tokens and the context " +
                                  std::to_string(s.options.context_tokens) + ". Shorten it or raise the context"};
  if (auto fine = check_sampling(options.sampling, s.tail ? s.vocabulary : 0); !fine) return fine;
  state::sequence made;
  made.slot = s.free_slots.back();
  made.prompt_tokens = options.prompt.size();
  made.max_tokens = options.max_tokens;
  made.sampling = options.sampling;
  if (s.tail) {
    const std::vector<token_id>& before = options.past.recent.empty() ? options.prompt : options.past.recent;
    made.log.reserve(before.size() + s.options.context_tokens + 1);
    made.log = before;
    made.dropped_tokens = options.past.dropped_tokens;
    made.sampling_now = options.past.sampling;
  }
  s.open.emplace(sequence, std::move(made));
  s.free_slots.pop_back();
  return {};
}

LINGUALINKED_DECL void cpu_executor::release(sequence_id sequence) noexcept {
  const auto found = state_->open.find(sequence);
  if (found == state_->open.end()) return;
  state_->free_slots.push_back(found->second.slot);  // never grows past its first capacity
  state_->open.erase(found);
}

/// Looks the segments up and lists their rows, the blocks that attention handles, and the rows whose logits somebody wants.
LINGUALINKED_DECL result<void> cpu_executor::state::admit(const stage_batch& batch) {
  rows.clear();
  blocks.clear();
  selected.clear();
  ++batch_number;
  for (const segment& part : batch.segments) {
    const auto found = open.find(part.sequence);
    if (found == open.end()) return error{errc::invalid_argument, "sequence " + std::to_string(part.sequence) + " is not open"};
    sequence& seq = found->second;
    if (std::exchange(seq.batch, batch_number) == batch_number)
      return error{errc::invalid_argument, "sequence " + std::to_string(part.sequence) + " stands twice in one batch"};
    if (part.position != seq.position)
      return error{errc::invalid_argument, "sequence " + std::to_string(part.sequence) + " is at position " +
                                               std::to_string(seq.position) + ", not " + std::to_string(part.position)};
    if (part.tokens == 0)
      return error{errc::invalid_argument, "the segment of sequence " + std::to_string(part.sequence) + " is empty"};
    if (part.tokens > options.rows - rows.size())
      return error{errc::limit, "the batch has more than " + std::to_string(options.rows) + " rows. Split it"};
    if (part.tokens > options.context_tokens - seq.position)
      return error{errc::limit, "the context of " + std::to_string(options.context_tokens) + " tokens is full: sequence " +
                                    std::to_string(part.sequence) + " is at position " + std::to_string(seq.position) +
                                    " and brings " + std::to_string(part.tokens) + ". Plan for a longer context"};
    for (std::size_t i = 0; i < part.tokens; i += query_block_rows)
      blocks.push_back({rows.size() + i, std::min<std::size_t>(query_block_rows, part.tokens - i)});
    for (std::size_t i = 0; i < part.tokens; ++i) {
      if (!batch.logits.empty()) selected.push_back(static_cast<std::uint32_t>(rows.size()));
      rows.push_back({seq.slot, seq.position + i});
    }
    if (batch.logits.empty() && due(seq, part)) selected.push_back(static_cast<std::uint32_t>(rows.size() - 1));
  }
  if (!tail) selected.clear();
  return {};
}

/// What goes in and out has the size that the admitted rows ask for.
LINGUALINKED_DECL result<void> cpu_executor::state::check_rows(const stage_batch& batch) const {
  const std::string count = std::to_string(rows.size());
  if (first) {
    if (batch.tokens.size() != rows.size())
      return error{errc::invalid_argument, std::to_string(batch.tokens.size()) + " tokens for " + count + " rows"};
    for (const token_id token : batch.tokens)
      if (token < 0 || static_cast<std::size_t>(token) >= token_limit)
        return error{errc::invalid_argument,
                     "token id " + std::to_string(token) + " is outside the vocabulary of " + std::to_string(token_limit)};
  } else {
    const std::size_t bytes = rows.size() * code->input_width() * sizeof(float);
    if (batch.inputs.size() != 1 || batch.inputs[0].rows.size() != bytes)
      return error{errc::invalid_argument,
                   "the stage wants one input of " + std::to_string(bytes) + " bytes for " + count + " rows"};
  }
  const std::size_t out_bytes = tail ? 0 : rows.size() * code->output_width() * sizeof(float);
  for (const stage_output& out : batch.outputs)
    if (tail || out.rows.size() != out_bytes)
      return error{errc::invalid_argument, "the stage gives " + std::to_string(out_bytes) + " bytes for " + count + " rows"};
  if (!tail && !batch.logits.empty()) return error{errc::invalid_argument, "only the last stage gives logits"};
  if (!batch.logits.empty() && batch.logits.size() != rows.size() * vocabulary)
    return error{errc::invalid_argument,
                 "logits of " + count + " rows take " + std::to_string(rows.size() * vocabulary) + " numbers"};
  if (tail && batch.sampled.size() != batch.segments.size())
    return error{errc::invalid_argument, "the tail wants one place for a token in each segment"};
  if (!batch.states.empty() && batch.states.size() != batch.segments.size())
    return error{errc::invalid_argument, "the tail gives one state of the sampler for each segment"};
  return {};
}

/// Looks every answered row over for numbers that are not finite, and draws a token where one is due.
LINGUALINKED_DECL result<void> cpu_executor::state::draw(const stage_batch& batch, const float* answer) {
  std::size_t chosen = 0;  // index into selected, and row of answer
  std::size_t end_row = 0;
  for (std::size_t i = 0; i < batch.segments.size(); ++i) {
    const segment& part = batch.segments[i];
    sequence& seq = open.find(part.sequence)->second;
    const bool wanted = due(seq, part);
    end_row += part.tokens;
    batch.sampled[i] = -1;
    for (; chosen < selected.size() && selected[chosen] < end_row; ++chosen) {
      const std::size_t position = rows[selected[chosen]].position + 1;  // of the token that would follow
      const std::span logits(answer + chosen * vocabulary, vocabulary);
      const std::size_t largest = options.kernels->argmax(logits.data(), vocabulary);
      if (largest == vocabulary)
        return error{errc::numeric, "sequence " + std::to_string(part.sequence) + " position " + std::to_string(position) +
                                        ": a logit is not finite. The model's numbers overflow here"};
      if (!wanted || selected[chosen] + 1 != end_row) continue;
      if (takes_argmax(seq.sampling)) {
        batch.sampled[i] = static_cast<token_id>(largest);
        continue;
      }
      seq.sampling_next = seq.sampling_now;
      auto token = draws.draw(logits, seq.sampling, seq.dropped_tokens + position, seq.log, seq.sampling_next);
      if (!token) return token.error().in("sequence " + std::to_string(part.sequence) + " position " + std::to_string(position));
      batch.sampled[i] = *token;
    }
  }
  return {};
}

LINGUALINKED_DECL result<void> cpu_executor::run(const stage_batch& batch) {
  state& s = *state_;
  if (auto fine = s.admit(batch); !fine) return fine;
  if (auto fine = s.check_rows(batch); !fine) return fine;
  if (!s.first) std::memcpy(s.code->input(), batch.inputs[0].rows.data(), batch.inputs[0].rows.size());

  float* answer = batch.logits.empty() ? s.own_logits.as<float>().data() : batch.logits.data();
  kernels::set_numeric_environment();
  s.code->run({batch.tokens, s.rows, s.blocks, s.selected, answer, s.team.get(), s.module_times != nullptr ? &s.clock : nullptr});
  if (s.module_times != nullptr)
    for (std::size_t m = 0; m + 1 < s.clock.began.size(); ++m) (*s.module_times)[m] = s.clock.began[m + 1] - s.clock.began[m];

  for (const stage_output& out : batch.outputs) std::memcpy(out.rows.data(), s.code->output(), out.rows.size());
  if (s.tail)
    if (auto drawn = s.draw(batch, answer); !drawn) return drawn;
  // Only now does anything count: rows that a failed batch left in the cache lie beyond every sequence's end.
  for (std::size_t i = 0; i < batch.segments.size(); ++i) {
    state::sequence& seq = s.open.find(batch.segments[i].sequence)->second;
    seq.position += batch.segments[i].tokens;
    if (!s.tail || batch.sampled[i] < 0) continue;
    seq.log.push_back(batch.sampled[i]);
    seq.sampling_now = seq.sampling_next;
    if (!batch.states.empty()) batch.states[i] = seq.sampling_now;
  }
  return {};
}

LINGUALINKED_DECL void cpu_executor::time_modules(std::vector<duration>* into) {
  state_->module_times = into;
  if (into != nullptr) into->assign(state_->clock.first_steps.size(), duration{});
}

LINGUALINKED_DECL std::size_t cpu_executor::vocabulary() const noexcept { return state_->tail ? state_->vocabulary : 0; }
LINGUALINKED_DECL std::size_t cpu_executor::output_width() const noexcept {
  return state_->tail ? 0 : state_->code->output_width();
}
LINGUALINKED_DECL std::uint64_t cpu_executor::memory_bytes() const noexcept {
  const state& s = *state_;
  return s.weights.bytes() + s.cache.bytes() + s.code->buffer_bytes() + s.own_logits.size();
}

LINGUALINKED_DECL std::vector<std::uint64_t> kv_bytes_of_modules(const operation_graph& graph, const module_graph& modules,
                                                                 const executor_options& options) {
  std::vector<std::uint64_t> bytes;
  for (const module& m : modules.modules()) {
    const auto shapes = kv_shapes(graph, m.first_operation, m.end_operation, options.rows);
    bytes.push_back(kv_cache::bytes_for(options.kv_type, shapes, options.context_tokens, 1).value_or(std::uint64_t{PTRDIFF_MAX}));
  }
  return bytes;
}

LINGUALINKED_DECL std::uint64_t buffer_bytes_estimate(const operation_graph& graph, const executor_options& options) {
  // Values keep their memory from one attention or mixture to the next; a norm's may be there once for each thread.
  std::uint64_t between = 0;
  std::uint64_t most_between = 0;
  std::uint64_t widest_norm = 0;
  std::uint64_t heads = 0;
  std::uint64_t head_size = 0;
  std::vector<const rope_operation*> ropes;  // each with a table of its own
  std::uint64_t mixture = 0;
  for (const operation& op : graph.operations) {
    if (&op != &graph.operations.back()) between += op.width;
    most_between = std::max(most_between, between);
    if (std::holds_alternative<attention_operation>(op.kind) || std::holds_alternative<mixture_operation>(op.kind)) between = 0;
    if (std::holds_alternative<rms_norm_operation>(op.kind) || std::holds_alternative<layer_norm_operation>(op.kind))
      widest_norm = std::max<std::uint64_t>(widest_norm, op.width);
    if (const auto* a = std::get_if<attention_operation>(&op.kind)) {
      heads = std::max<std::uint64_t>(heads, a->heads);
      head_size = std::max<std::uint64_t>(head_size, a->head_size);
    }
    if (const auto* m = std::get_if<mixture_operation>(&op.kind)) {
      const std::uint64_t pairs = options.rows * m->used;
      mixture =
          std::max<std::uint64_t>(mixture, pairs * (2 * op.width + 3 * m->gate[0].rows) * (sizeof(float) + 2) +
                                               options.threads * (query_block_rows * m->used * op.width * (sizeof(float) + 2) +
                                                                  pairs * 12 + (options.rows + 1) * m->gate.size() * 4));
    }
    const auto* r = std::get_if<rope_operation>(&op.kind);
    if (r != nullptr && std::ranges::none_of(ropes, [r](const rope_operation* o) { return same_rotation(*o, *r); }))
      ropes.push_back(r);
  }
  const std::uint64_t tiles = (options.context_tokens + kernels::attention_tile - 1) / kernels::attention_tile;
  const std::uint64_t sets = std::max<std::uint64_t>(1, options.threads);
  const program_limits limits{options.rows, options.context_tokens, options.threads};
  const std::uint64_t copies = options.threads * limits.copied_rows() * 3 * widest_norm;
  const std::uint64_t values = (options.rows * 2 * most_between + copies) * (sizeof(float) + 2);
  const std::uint64_t attention = tiles * query_block_rows * heads * (head_size + 2) * sizeof(float) * sets;
  std::uint64_t rope = 0;
  for (const rope_operation* r : ropes) rope += options.context_tokens * r->rotary * sizeof(float);
  const std::uint64_t logits = options.sequences * graph.operations.back().width * sizeof(float);
  return values + attention + mixture + rope + logits;
}

}  // namespace lingualinked::inline v0

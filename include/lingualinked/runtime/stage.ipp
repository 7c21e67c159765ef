// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/runtime/stage.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL void stage::fail(sequence_id sequence, error what, std::vector<worker_action>& out) {
  if (const auto found = sequences_.find(sequence); found != sequences_.end() && !found->second.over) {
    found->second.over = true;
    scheduler_.remove(sequence);
    out.emplace_back(send_control{coordinator_, control::failed{sequence, std::move(what)}});
  }
}

LINGUALINKED_CORE_DECL std::vector<std::byte> stage::payload() {
  if (spare_.empty()) return {};
  auto p = std::move(spare_.back());
  spare_.pop_back();
  return p;
}

LINGUALINKED_CORE_DECL stage::stage(control::deploy plan, peer_id coordinator, std::uint64_t session, std::size_t logits_width)
    : plan_(std::move(plan)),
      coordinator_(coordinator),
      session_(session),
      logits_width_(logits_width),
      scheduler_(plan_.chunk_tokens, plan_.micro_batch_sequences),
      join_(0, 0) {
  for (std::uint32_t i = 0; i < plan_.transmissions.size(); ++i) {
    if (plan_.transmissions[i].to_stage == plan_.stage) inputs_.push_back(i);
    if (plan_.transmissions[i].from_stage == plan_.stage) outputs_.push_back(i);
  }
  join_ = detail::step_join(inputs_.size(), limits::steps_in_flight(plan_.stages.size(), plan_.micro_batches()));
}

LINGUALINKED_CORE_DECL void stage::open(sequence_id sequence, sequence_options options, std::vector<worker_action>& out) {
  if (const auto found = sequences_.find(sequence); found != sequences_.end()) {
    if (!found->second.opening && !found->second.over) out.emplace_back(send_control{coordinator_, control::opened{sequence}});
    return;
  }
  if (sequence <= last_opened_) return;  // a replay: it has been closed since
  last_opened_ = sequence;
  const auto refuse = [&](error what) {
    out.emplace_back(send_control{coordinator_, control::failed{sequence, std::move(what)}});
  };
  if (sequences_.size() >= plan_.sequences)
    return refuse({errc::busy, "all " + std::to_string(plan_.sequences) + " sequences of the plan are open"});
  if (first() || tail()) {
    auto admitted = admit(std::move(options), plan_.context_tokens);
    if (!admitted) return refuse(std::move(admitted).error());
    options = *std::move(admitted);
    if (tail() && options.all_logits && logits_width_ == 0)
      return refuse({errc::unsupported, "the last stage has no logits to give"});
  }
  sequence_state& state = sequences_[sequence];
  state.prompt_tokens = static_cast<std::uint32_t>(options.prompt.size());
  state.report.sequence = sequence;
  state.options = options;
  if (!first()) state.options.prompt = {};
  out.emplace_back(open_sequence{session_, sequence, std::move(options)});
}

LINGUALINKED_CORE_DECL result<void> stage::opened(sequence_id sequence, const result<void>& outcome,
                                                  std::vector<worker_action>& out) {
  const auto found = sequences_.find(sequence);
  if (found == sequences_.end() || found->second.over) return {};
  if (!outcome) {
    fail(sequence, outcome.error(), out);
    return {};
  }
  found->second.opening = false;
  out.emplace_back(send_control{coordinator_, control::opened{sequence}});
  if (first()) scheduler_.add_prompt(sequence, std::exchange(found->second.options.prompt, {}));
  return start(out);
}

LINGUALINKED_CORE_DECL void stage::close(sequence_id sequence, std::uint64_t peak_memory_bytes, std::vector<worker_action>& out) {
  control::report report{.sequence = sequence};
  if (const auto found = sequences_.find(sequence); found != sequences_.end()) {
    report = found->second.report;
    scheduler_.remove(sequence);
    sequences_.erase(found);
    out.emplace_back(release_sequence{session_, sequence});
  }
  report.peak_memory_bytes = peak_memory_bytes;
  out.emplace_back(send_control{coordinator_, report});
}

LINGUALINKED_CORE_DECL result<void> stage::receive(message& m, std::vector<worker_action>& out) {
  if (m.header.epoch < plan_.epoch) return {};
  if (m.header.epoch > plan_.epoch)
    return error{errc::protocol, "a frame is of epoch " + std::to_string(m.header.epoch) + "; this stage is of epoch " +
                                     std::to_string(plan_.epoch)};
  if (m.header.kind == frame_kind::token) {
    if (auto taken = receive_token(m, out); !taken) return taken;
  } else if (m.header.kind == frame_kind::activation) {
    if (auto taken = receive_activation(m); !taken) return taken;
  } else {
    return error{errc::protocol, "a stage was sent a frame of kind " + std::string(name_of(m.header.kind))};
  }
  return start(out);
}

LINGUALINKED_CORE_DECL result<void> stage::receive_activation(message& m) {
  const auto input = std::find(inputs_.begin(), inputs_.end(), m.header.tensor);
  if (input == inputs_.end())
    return error{errc::protocol,
                 "tensor " + std::to_string(m.header.tensor) + " does not go to stage " + std::to_string(plan_.stage)};
  const transmission& t = plan_.transmissions[m.header.tensor];
  if (plan_.stages[t.from_stage].peer != m.from)
    return error{errc::protocol,
                 "tensor " + std::to_string(m.header.tensor) + " was not sent by stage " + std::to_string(t.from_stage)};
  const auto index = static_cast<std::size_t>(input - inputs_.begin());
  auto is_new = join_.check(index, m.header.step);
  if (!is_new) return std::move(is_new).error().in("from stage " + std::to_string(t.from_stage));
  if (!*is_new) return {};
  if (m.header.dtype != static_cast<std::uint8_t>(dtype::f32) ||
      std::uint64_t{m.header.width} * sizeof(float) != t.bytes_per_token)
    return error{errc::protocol, "tensor " + std::to_string(m.header.tensor) + " came with rows of " +
                                     std::to_string(m.header.width) + " numbers of dtype " + std::to_string(m.header.dtype) +
                                     "; the plan says " + std::to_string(t.bytes_per_token / sizeof(float)) + " of float32"};
  detail::step_input arrived;
  if (auto read = detail::read_segments(m, plan_.chunk_tokens, plan_.context_tokens, arrived.segments); !read)
    return std::move(read).error().in("from stage " + std::to_string(t.from_stage));
  count(&control::report::received_bytes, arrived.segments, t.bytes_per_token, 0);
  arrived.payload = std::exchange(m.payload, payload());
  join_.add(index, std::move(arrived));
  return {};
}

LINGUALINKED_CORE_DECL result<void> stage::receive_token(const message& m, std::vector<worker_action>& out) {
  if (!first() || tail() || m.from != plan_.stages.back().peer)
    return error{errc::protocol, "a token frame came that is not from the last stage to the first"};
  if (m.header.step < answered_steps_) return {};
  if (m.header.step > answered_steps_ || m.header.step >= next_step_)
    return error{errc::protocol, "the last stage answers step " + std::to_string(m.header.step) + " where step " +
                                     std::to_string(answered_steps_) + " of " + std::to_string(next_step_) + " was due"};
  if (auto read = detail::read_segments(m, plan_.chunk_tokens, plan_.context_tokens, segments_); !read)
    return std::move(read).error().in("from the last stage");
  ++answered_steps_;
  scheduler_.answered();
  count(&control::report::received_bytes, segments_, 0, sizeof(token_id));
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const segment& s = segments_[i];
    sequence_state* state = active(s.sequence);
    if (!state) continue;
    const token_id token = token_at(m.header, m.payload, i);
    const std::uint32_t end = s.position + s.tokens;
    if (end != state->next_position || end < state->prompt_tokens || end >= plan_.context_tokens || token < 0)
      fail(s.sequence,
           {errc::protocol, "the last stage gave token " + std::to_string(token) + " for position " + std::to_string(end) +
                                " where position " + std::to_string(state->next_position) + " was due"},
           out);
    else scheduler_.add_token(s.sequence, end, token);
  }
  return {};
}

LINGUALINKED_CORE_DECL result<void> stage::start(std::vector<worker_action>& out) {
  while (!running_) {
    const std::uint32_t most = limits::steps_in_flight(plan_.stages.size(), plan_.micro_batches());
    const bool window_full = !tail() && next_step_ - answered_steps_ >= most;
    if (first() ? !scheduler_.ready() || window_full : !join_.complete()) return {};
    stage_job job = std::exchange(spare_job_, {});
    job.session = session_;
    if (first()) {
      job.step = next_step_++;
      scheduler_.next(job.segments, job.tokens);
    } else {
      job.step = join_.next_step();
      if (auto joined = join_inputs(job, out); !joined) return joined;
    }
    for (const segment& s : job.segments) sequences_.find(s.sequence)->second.next_position += s.tokens;
    shape(job);
    if (job.segments.empty()) {
      finish(job, duration{}, out);
    } else {
      running_ = true;
      out.emplace_back(run_batch{std::move(job)});
    }
  }
  return {};
}

LINGUALINKED_CORE_DECL result<void> stage::join_inputs(stage_job& job, std::vector<worker_action>& out) {
  std::vector<detail::step_input> arrived = join_.take();
  job.segments = arrived.front().segments;
  for (std::size_t i = 1; i < arrived.size(); ++i) {
    if (arrived[i].segments == arrived.front().segments) continue;
    // A producer that has closed a sequence leaves it out before this stage hears of it; what both sent must agree.
    std::map<sequence_id, segment> others;
    for (const segment& s : arrived[i].segments) others.emplace(s.sequence, s);
    for (const segment& s : job.segments)
      if (const auto other = others.find(s.sequence); other != others.end() && other->second != s)
        return error{errc::protocol,
                     "the inputs of step " + std::to_string(job.step) + " disagree on sequence " + std::to_string(s.sequence)};
    std::erase_if(job.segments, [&](const segment& s) { return !others.contains(s.sequence); });
  }
  std::erase_if(job.segments, [&](const segment& s) {
    const sequence_state* state = active(s.sequence);
    if (state && state->next_position != s.position)
      fail(s.sequence,
           {errc::protocol, "position " + std::to_string(s.position) + " came where position " +
                                std::to_string(state->next_position) + " was due"},
           out);
    return !state || state->next_position != s.position;
  });
  const std::size_t rows = detail::row_count(job.segments);
  for (std::size_t i = 0; i < arrived.size(); ++i) {
    const std::size_t row_bytes = plan_.transmissions[inputs_[i]].bytes_per_token;
    const std::size_t offset = arrived[i].segments.size() * segment_bytes;
    if (!detail::keep_rows(arrived[i].payload, offset, row_bytes, arrived[i].segments, job.segments))
      return error{errc::protocol, "the inputs of step " + std::to_string(job.step) + " order their sequences differently"};
    job.inputs.push_back({inputs_[i], std::move(arrived[i].payload), offset, rows * row_bytes});
  }
  return {};
}

/// Gives a batch room for what it makes.
LINGUALINKED_CORE_DECL void stage::shape(stage_job& job) {
  const std::size_t rows = detail::row_count(job.segments);
  job.outputs.clear();
  for (const std::uint32_t t : outputs_) {
    stage_job::tensor_rows made{t, payload(), 0, rows * plan_.transmissions[t].bytes_per_token};
    made.offset = detail::begin_payload(made.payload, job.segments, made.bytes);
    job.outputs.push_back(std::move(made));
  }
  if (!tail()) return;
  job.sampled.assign(job.segments.size(), -1);
  job.states.assign(job.segments.size(), {});
  const bool wanted = std::any_of(job.segments.begin(), job.segments.end(), [&](const segment& s) {
    const sequence_state* state = active(s.sequence);
    return state && state->options.all_logits && s.position < state->prompt_tokens;
  });
  job.logits.resize(wanted ? rows * logits_width_ : 0);
}

LINGUALINKED_CORE_DECL result<void> stage::ran(stage_job job, const result<void>& outcome, duration busy,
                                               std::vector<worker_action>& out) {
  running_ = false;
  ++progress_;
  const std::uint64_t rows = detail::row_count(job.segments);
  for (const segment& s : job.segments)
    if (const auto found = sequences_.find(s.sequence); found != sequences_.end())
      found->second.report.busy_seconds += in_seconds(busy) * s.tokens / static_cast<double>(rows);
  if (!outcome) {
    // Nobody knows which sequence is to blame, so all of the batch fail; the step goes on without them.
    for (const segment& s : job.segments) fail(s.sequence, outcome.error(), out);
    for (stage_job::tensor_rows& made : job.outputs) recycle(std::move(made.payload));
    job.segments.clear();
    shape(job);
  }
  finish(job, busy, out);
  return start(out);
}

LINGUALINKED_CORE_DECL void stage::finish(stage_job& job, duration busy, std::vector<worker_action>& out) {
  for (stage_job::tensor_rows& made : job.outputs) {
    const transmission& t = plan_.transmissions[made.tensor];
    frame_header header = header_for(frame_kind::activation, job, busy);
    header.tensor = made.tensor;
    header.rows = job.rows();
    header.width = static_cast<std::uint32_t>(t.bytes_per_token / sizeof(float));
    header.segments = static_cast<std::uint32_t>(job.segments.size());
    header.payload_bytes = made.payload.size();
    count(&control::report::sent_bytes, job.segments, t.bytes_per_token, 0);
    out.emplace_back(send_frame{plan_.stages[t.to_stage].peer, header, std::move(made.payload)});
  }
  if (tail()) {
    send_logits(job, out);
    send_tokens(job, busy, out);
  }
  for (stage_job::tensor_rows& used : job.inputs) recycle(std::move(used.payload));
  job.segments.clear();
  job.tokens.clear();
  job.inputs.clear();
  job.outputs.clear();
  spare_job_ = std::move(job);
}

LINGUALINKED_CORE_DECL void stage::send_logits(const stage_job& job, std::vector<worker_action>& out) {
  const std::size_t row_bytes = logits_width_ * sizeof(float);
  const auto rows_at_once =
      static_cast<std::uint32_t>(std::max<std::size_t>(1, limits::logits_piece_bytes / std::max<std::size_t>(1, row_bytes)));
  std::size_t row = 0;
  for (const segment& s : job.segments) {
    const sequence_state* state = active(s.sequence);
    const std::uint32_t end = state && state->options.all_logits ? std::min(s.position + s.tokens, state->prompt_tokens) : 0;
    for (std::uint32_t at = s.position; at < end; at += rows_at_once) {
      const segment piece{s.sequence, at, std::min(rows_at_once, end - at)};
      auto bytes = payload();
      const std::size_t offset = detail::begin_payload(bytes, {&piece, 1}, piece.tokens * row_bytes);
      const auto values =
          std::as_bytes(std::span(job.logits).subspan((row + at - s.position) * logits_width_, piece.tokens * logits_width_));
      std::copy(values.begin(), values.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
      frame_header header = header_for(frame_kind::logits, job, duration{});
      header.request = s.sequence;
      header.rows = piece.tokens;
      header.width = static_cast<std::uint32_t>(logits_width_);
      header.segments = 1;
      header.payload_bytes = bytes.size();
      count(&control::report::sent_bytes, {&piece, 1}, row_bytes, 0);
      out.emplace_back(send_frame{coordinator_, header, std::move(bytes)});
    }
    row += s.tokens;
  }
}

LINGUALINKED_CORE_DECL void stage::send_tokens(const stage_job& job, duration busy, std::vector<worker_action>& out) {
  std::vector<segment> made;  // what the coordinator is told
  std::vector<token_id> made_tokens;
  std::vector<segment> next;  // what goes on
  std::vector<token_id> next_tokens;
  for (std::size_t i = 0; i < job.segments.size(); ++i) {
    const segment& s = job.segments[i];
    sequence_state* state = active(s.sequence);
    if (!state || s.position + s.tokens < state->prompt_tokens) continue;
    if (state->options.max_tokens == 0) {
      made.push_back(s);
      made_tokens.push_back(-1);
      state->over = true;
      continue;
    }
    const token_id token = job.sampled[i];
    if (token < 0) {
      fail(s.sequence, {errc::internal, "the executor of the last stage sampled nothing where a token was due"}, out);
      continue;
    }
    made.push_back(s);
    made_tokens.push_back(token);
    state->report.sampling = job.states[i];
    const auto& ends = state->options.end_tokens;
    state->over = ++state->generated == state->options.max_tokens || std::find(ends.begin(), ends.end(), token) != ends.end();
    if (state->over) continue;
    next.push_back(s);
    next_tokens.push_back(token);
  }
  if (!first()) {
    send_token_frame(plan_.stages.front().peer, header_for(frame_kind::token, job, busy), next, next_tokens, out);
  } else {
    scheduler_.answered();
    for (std::size_t i = 0; i < next.size(); ++i)
      scheduler_.add_token(next[i].sequence, next[i].position + next[i].tokens, next_tokens[i]);
  }
  if (!made.empty()) send_token_frame(coordinator_, header_for(frame_kind::token, job, busy), made, made_tokens, out);
}

LINGUALINKED_CORE_DECL void stage::send_token_frame(peer_id to, frame_header header, std::span<const segment> segments,
                                                    std::span<const token_id> tokens, std::vector<worker_action>& out) {
  auto bytes = payload();
  const std::size_t offset = detail::begin_payload(bytes, segments, tokens.size() * sizeof(token_id));
  store_tokens(tokens, std::span(bytes).subspan(offset));
  header.dtype = static_cast<std::uint8_t>(dtype::i32);
  header.rows = static_cast<std::uint32_t>(detail::row_count(segments));
  header.segments = static_cast<std::uint32_t>(segments.size());
  header.payload_bytes = bytes.size();
  count(&control::report::sent_bytes, segments, 0, sizeof(token_id));
  out.emplace_back(send_frame{to, header, std::move(bytes)});
}

LINGUALINKED_CORE_DECL frame_header stage::header_for(frame_kind kind, const stage_job& job, duration busy) const {
  frame_header header;
  header.kind = kind;
  header.epoch = plan_.epoch;
  header.step = job.step;
  header.request = job.segments.size() == 1 ? job.segments.front().sequence : 0;
  header.stage_nanoseconds = static_cast<std::uint64_t>(std::max<duration::rep>(0, busy.count()));
  return header;
}

/// Adds a frame to the reports of its sequences; the header counts for the first of them.
LINGUALINKED_CORE_DECL void stage::count(std::uint64_t control::report::*field, std::span<const segment> segments,
                                         std::uint64_t row_bytes, std::uint64_t bytes_per_segment) {
  std::uint64_t header_bytes = frame_header_bytes;
  for (const segment& s : segments) {
    if (const auto found = sequences_.find(s.sequence); found != sequences_.end())
      found->second.report.*field += header_bytes + segment_bytes + bytes_per_segment + s.tokens * row_bytes;
    header_bytes = 0;
  }
}

}  // namespace lingualinked::inline v0

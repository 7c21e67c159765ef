// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/runtime/coordinator.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL time_point coordinator::next_deadline() const noexcept {
  if (!active()) return time_point::max();
  time_point next = next_heartbeat_;
  if (state_ == state::connecting) next = std::min(next, connect_deadline_);
  for (const worker_state& w : workers_) {
    if (w.welcome) next = std::min(next, w.heard + options_.worker_silence);
    if (state_ == state::deploying && !w.ready) next = std::min(next, w.advanced + options_.progress_limit);
  }
  for (const auto& [sequence, r] : requests_) {
    if (r.now == request::state::closing) next = std::min(next, r.close_deadline);
    else next = std::min(next, advanced_ + options_.progress_limit);
  }
  return next;
}

LINGUALINKED_CORE_DECL void coordinator::start(time_point now, std::vector<coordinator_action>& out) {
  if (state_ != state::unborn) return;
  state_ = state::connecting;
  connect_deadline_ = now + options_.connect_limit;
  next_heartbeat_ = now + limits::heartbeat_interval;
  for (std::size_t i = 0; i < plan_.stages.size(); ++i) {
    out.emplace_back(connect_peer{plan_.self, plan_.stages[i].peer, plan_.stages[i].endpoint});
    tell(i, control::hello{control::protocol_version, control::contract_version, plan_.stages[i].peer}, out);
  }
}

LINGUALINKED_CORE_DECL result<sequence_id> coordinator::submit(sequence_options options, time_point now,
                                                               std::vector<coordinator_action>& out) {
  if (state_ == state::over) return why_over_;
  if (state_ != state::serving) return error{errc::invalid_argument, "the session is not ready for requests yet"};
  auto admitted = admit(std::move(options), plan_.context_tokens);
  if (!admitted) return std::move(admitted).error();
  const sequence_id sequence = ++last_sequence_;
  if (in_flight_ == 0) advanced_ = now;
  requests_.emplace(sequence, request(*std::move(admitted), plan_.stages.size()));
  queue_.push_back(sequence);
  open_queued(out);
  return sequence;
}

LINGUALINKED_CORE_DECL void coordinator::cancel(sequence_id sequence, time_point now, std::vector<coordinator_action>& out) {
  const auto found = requests_.find(sequence);
  if (found == requests_.end() || found->second.now == request::state::closing) return;
  found->second.reason = finish_reason::cancelled;
  close(sequence, found->second, now, out);
}

LINGUALINKED_CORE_DECL void coordinator::control(peer_id from, const control::message& what, time_point now,
                                                 std::vector<coordinator_action>& out) {
  const auto stage = stage_of(from);
  if (!stage) return;
  worker_state& w = workers_[*stage];
  w.heard = now;
  if (const auto* welcome = std::get_if<control::welcome>(&what)) return welcomed(*stage, *welcome, now, out);
  if (const auto* failure = std::get_if<control::failed>(&what)) return failed(*stage, *failure, now, out);
  if (const auto* beat = std::get_if<control::heartbeat>(&what)) {
    if (beat->progress <= w.progress) return;
    w.progress = beat->progress;
    w.advanced = now;
    advanced_ = now;
    out.emplace_back(stage_progress{*stage, beat->progress});
    return;
  }
  if (const auto* ready = std::get_if<control::ready>(&what)) {
    if (state_ == state::connecting || ready->epoch != plan_.epoch)
      return end(blame(*stage, {errc::protocol, "it says that it is ready for a plan that it was not given"}), out);
    return became_ready(*stage, *ready, now, out);
  }
  if (const auto* answer = std::get_if<control::opened>(&what)) return opened(*stage, answer->sequence, now, out);
  if (const auto* report = std::get_if<control::report>(&what)) {
    const auto found = requests_.find(report->sequence);
    if (found == requests_.end() || found->second.now != request::state::closing || !found->second.awaited[*stage]) return;
    found->second.reports[*stage] = *report;
    found->second.awaited[*stage] = false;
    if (found->second.waiting()) return;
    return conclude(report->sequence, out);
  }
  end(blame(*stage, {errc::protocol, "it sent a message that only coordinators send"}), out);
}

LINGUALINKED_CORE_DECL void coordinator::welcomed(std::size_t stage, const control::welcome& w, time_point now,
                                                  std::vector<coordinator_action>& out) {
  if (workers_[stage].welcome) return;
  if (w.protocol != control::protocol_version || w.contract != control::contract_version)
    return end(blame(stage, {errc::protocol,
                             "its worker speaks protocol " + std::to_string(w.protocol) + " and computes by contract " +
                                 std::to_string(w.contract) + "; here they are " + std::to_string(control::protocol_version) +
                                 " and " + std::to_string(control::contract_version) + ". Use the same release on all devices"}),
               out);
  if (w.model_fingerprint != plan_.model_fingerprint)
    return end(blame(stage, {errc::unsupported, "its worker has another model (" + w.model_fingerprint + ", not " +
                                                    plan_.model_fingerprint + "). Start it with the same model file"}),
               out);
  workers_[stage].welcome = true;
  workers_[stage].status.isa = w.isa;
  workers_[stage].status.threads = w.threads;
  if (!std::all_of(workers_.begin(), workers_.end(), [](const worker_state& s) { return s.welcome; })) return;
  state_ = state::deploying;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i].advanced = now;
    tell(i, deploy_for(plan_, i), out);
  }
}

LINGUALINKED_CORE_DECL void coordinator::became_ready(std::size_t stage, const control::ready& r, time_point now,
                                                      std::vector<coordinator_action>& out) {
  worker_state& w = workers_[stage];
  if (w.ready) return;
  w.ready = true;
  w.status.memory_bytes = r.memory_bytes;
  w.status.load_seconds = r.load_seconds;
  if (!std::all_of(workers_.begin(), workers_.end(), [](const worker_state& s) { return s.ready; })) return;
  state_ = state::serving;
  advanced_ = now;
  session_ready ready;
  for (const worker_state& s : workers_) ready.stages.push_back(s.status);
  out.emplace_back(std::move(ready));
}

LINGUALINKED_CORE_DECL void coordinator::failed(std::size_t stage, const control::failed& f, time_point now,
                                                std::vector<coordinator_action>& out) {
  if (f.sequence == 0) return end(blame(stage, f.what), out);
  const auto found = requests_.find(f.sequence);
  if (found == requests_.end() || found->second.now == request::state::closing) return;
  found->second.failure = blame(stage, f.what);
  close(f.sequence, found->second, now, out);
}

LINGUALINKED_CORE_DECL void coordinator::opened(std::size_t stage, sequence_id sequence, time_point now,
                                                std::vector<coordinator_action>& out) {
  const auto found = requests_.find(sequence);
  if (found == requests_.end()) return;
  request& r = found->second;
  if ((r.now != request::state::opening_later && r.now != request::state::opening_first) || !r.awaited[stage]) return;
  r.awaited[stage] = false;
  advanced_ = now;
  if (r.waiting()) return;
  if (r.now == request::state::opening_first) {
    r.now = request::state::running;
  } else {
    open_stages(sequence, r, true, out);
  }
}

LINGUALINKED_CORE_DECL void coordinator::frame(message& m, time_point now, std::vector<coordinator_action>& out) {
  const auto stage = stage_of(m.from);
  if (!stage || m.header.epoch < plan_.epoch) return;
  workers_[*stage].heard = now;
  result<void> outcome;
  if (state_ != state::serving || *stage != last() || m.header.epoch != plan_.epoch) {
    outcome = error{errc::protocol, "it sent a data frame that it should not send"};
  } else if (m.header.kind == frame_kind::token) {
    outcome = take_tokens(m, now, out);
  } else if (m.header.kind == frame_kind::logits) {
    outcome = take_logits(m, now, out);
  } else {
    outcome = error{errc::protocol, "it sent the coordinator a frame of kind " + std::string(name_of(m.header.kind))};
  }
  if (!outcome) end(blame(*stage, outcome.error()), out);
}

LINGUALINKED_CORE_DECL result<void> coordinator::take_tokens(const message& m, time_point now,
                                                             std::vector<coordinator_action>& out) {
  if (last_token_step_ && m.header.step <= *last_token_step_) return {};  // a replay
  if (auto read = detail::read_segments(m, plan_.chunk_tokens, plan_.context_tokens, segments_); !read) return read;
  last_token_step_ = m.header.step;
  advanced_ = now;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const segment& s = segments_[i];
    const auto found = requests_.find(s.sequence);
    if (found == requests_.end() || found->second.now == request::state::closing) continue;
    request& r = found->second;
    const token_id token = token_at(m.header, m.payload, i);
    const std::uint64_t position = std::uint64_t{s.position} + s.tokens;
    const bool started = r.now == request::state::running || r.now == request::state::opening_first;
    if (!started || position != r.next_position() || (token < 0) != (r.options.max_tokens == 0))
      return error{errc::protocol, "token " + std::to_string(token) + " of sequence " + std::to_string(s.sequence) +
                                       " came for position " + std::to_string(position) + " where position " +
                                       std::to_string(r.next_position()) + " was due"};
    if (r.options.all_logits && r.logits_position != r.options.prompt.size())
      return error{errc::protocol, "rows of logits are missing: " + std::to_string(r.logits_position) + " of " +
                                       std::to_string(r.options.prompt.size()) + " came"};
    bool complete = true;
    if (token >= 0) {
      complete = r.append(token);
      out.emplace_back(token_made{s.sequence, static_cast<std::uint32_t>(position), token});
    }
    if (complete) close(s.sequence, r, now, out);
  }
  return {};
}

LINGUALINKED_CORE_DECL result<void> coordinator::take_logits(message& m, time_point now, std::vector<coordinator_action>& out) {
  if (auto read = detail::read_segments(m, plan_.chunk_tokens, plan_.context_tokens, segments_); !read) return read;
  if (segments_.size() != 1 || m.header.width == 0) return error{errc::protocol, "logits came that are not of one sequence"};
  const segment s = segments_.front();
  const auto found = requests_.find(s.sequence);
  if (found == requests_.end() || found->second.now == request::state::closing) return {};
  request& r = found->second;
  if (s.position < r.logits_position) return {};  // a replay
  if (!r.options.all_logits || s.position != r.logits_position || s.position + s.tokens > r.options.prompt.size())
    return error{errc::protocol, "logits of positions " + std::to_string(s.position) + " to " +
                                     std::to_string(s.position + s.tokens - 1) + " came where position " +
                                     std::to_string(r.logits_position) + " was due"};
  r.logits_position += s.tokens;
  advanced_ = now;
  out.emplace_back(logits_made{s.sequence, s.position, s.tokens, m.header.width, std::exchange(m.payload, {}), segment_bytes});
  return {};
}

LINGUALINKED_CORE_DECL void coordinator::peer_lost(peer_id peer, std::vector<coordinator_action>& out, const std::string& why) {
  const auto stage = stage_of(peer);
  if (!stage) return;
  const std::string how = workers_[*stage].welcome ? "is gone: the connection to it was lost" : "cannot be reached";
  end(loss(*stage, how + (why.empty() ? "" : " (" + why + ")")), out);
}

LINGUALINKED_CORE_DECL void coordinator::tick(time_point now, std::vector<coordinator_action>& out) {
  if (!active()) return;
  // Time that this process slept through is nobody's silence: what the workers said meanwhile has still to be read.
  if (const duration late = now - next_heartbeat_; late > limits::own_delay)
    for (worker_state& w : workers_) w.heard += late;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const worker_state& w = workers_[i];
    if (!w.welcome && state_ == state::connecting && now >= connect_deadline_)
      return end(loss(i, "did not answer within " + seconds(options_.connect_limit)), out);
    if (w.welcome && now >= w.heard + options_.worker_silence)
      return end(loss(i, "is gone: it was silent for " + seconds(options_.worker_silence)), out);
    if (state_ == state::deploying && !w.ready && now >= w.advanced + options_.progress_limit)
      return end({errc::timeout, name(i) + " loaded nothing for " + seconds(options_.progress_limit) +
                                     ". See what keeps it busy, then try again"},
                 out);
  }
  const bool working =
      std::any_of(requests_.begin(), requests_.end(), [](const auto& r) { return r.second.now != request::state::closing; });
  if (working && now >= advanced_ + options_.progress_limit)
    return end({errc::timeout, "no stage finished anything for " + seconds(options_.progress_limit) +
                                   ". See what keeps the devices busy, then try again"},
               out);
  for (auto r = requests_.begin(); r != requests_.end();) {
    const auto current = r++;
    if (current->second.now == request::state::closing && now >= current->second.close_deadline) conclude(current->first, out);
  }
  if (now < next_heartbeat_) return;
  next_heartbeat_ = now + limits::heartbeat_interval;
  for (std::size_t i = 0; i < workers_.size(); ++i)
    if (workers_[i].welcome) tell(i, control::heartbeat{0}, out);
}

LINGUALINKED_CORE_DECL void coordinator::open_queued(std::vector<coordinator_action>& out) {
  while (state_ == state::serving && in_flight_ < plan_.sequences && !queue_.empty()) {
    const sequence_id sequence = queue_.front();
    queue_.pop_front();
    ++in_flight_;
    open_stages(sequence, requests_.find(sequence)->second, plan_.stages.size() == 1, out);
  }
}

/// Opens a sequence at the first stage, or at all others from the tail on: the first stage starts at once, and nothing may reach
/// a stage that does not know the sequence.
LINGUALINKED_CORE_DECL void coordinator::open_stages(sequence_id sequence, request& r, bool first,
                                                     std::vector<coordinator_action>& out) {
  r.now = first ? request::state::opening_first : request::state::opening_later;
  for (std::size_t i = plan_.stages.size(); i-- > 0;) {
    if ((i == 0) != first) continue;
    r.told[i] = r.awaited[i] = true;
    control::open open{sequence, r.options};
    // Only the ends need the prompt: to compute it, and to sample with regard to it.
    if (i != 0 && i != last()) open.options.prompt.clear();
    tell(i, std::move(open), out);
  }
}

/// The request has its outcome: the stages that know it let go of it and report.
LINGUALINKED_CORE_DECL void coordinator::close(sequence_id sequence, request& r, time_point now,
                                               std::vector<coordinator_action>& out) {
  if (r.now == request::state::queued) {
    std::erase(queue_, sequence);
    answer(sequence, r, out);
    requests_.erase(sequence);
    return;
  }
  r.now = request::state::closing;
  r.close_deadline = now + options_.close_limit;
  r.awaited = r.told;
  for (std::size_t i = 0; i < r.told.size(); ++i)
    if (r.told[i]) tell(i, control::close{sequence}, out);
}

LINGUALINKED_CORE_DECL void coordinator::answer(sequence_id sequence, request& r, std::vector<coordinator_action>& out) const {
  if (r.failure) out.emplace_back(request_failed{sequence, *std::move(r.failure)});
  else out.emplace_back(request_finished{sequence, r.reason, std::move(r.reports)});
}

LINGUALINKED_CORE_DECL void coordinator::conclude(sequence_id sequence, std::vector<coordinator_action>& out) {
  const auto found = requests_.find(sequence);
  answer(sequence, found->second, out);
  requests_.erase(found);
  --in_flight_;
  open_queued(out);
}

LINGUALINKED_CORE_DECL void coordinator::end(error why, std::vector<coordinator_action>& out) {
  if (!active()) return;
  state_ = state::over;
  why_over_ = why;
  for (auto& [sequence, r] : requests_) {
    if (r.now != request::state::closing) r.failure = why;
    answer(sequence, r, out);
  }
  requests_.clear();
  queue_.clear();
  in_flight_ = 0;
  for (std::size_t i = 0; i < plan_.stages.size(); ++i) {
    tell(i, control::bye{}, out);
    out.emplace_back(disconnect_peer{plan_.stages[i].peer});
  }
  out.emplace_back(session_over{std::move(why)});
}

}  // namespace lingualinked::inline v0

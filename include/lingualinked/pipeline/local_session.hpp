// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/executor.hpp>
#include <lingualinked/concepts/transport.hpp>
#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/control.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/pipeline/executor_factory.hpp>
#include <lingualinked/pipeline/frame_backlog.hpp>
#include <lingualinked/pipeline/generation.hpp>
#include <lingualinked/runtime/coordinator.hpp>
#include <lingualinked/runtime/worker.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lingualinked::inline v0 {

/// All stages of a plan inside the calling thread: the same machines as between devices. Frames from stage to stage go through
/// transports; control messages and what the tail tells the coordinator are handed over. Nothing happens outside the calls, so no
/// time passes for the machines either.
template <Transport T, Executor E>
class local_session {
 public:
  /// make_transport(self)            T or result<T> of a stage, connected to the other stages
  /// make_executor(plan, progress)   result<made_executor<E>>, see ExecutorFactory
  /// Requires  assign_peers was called on the plan
  /// Errors    those of the makers; protocol, limit for a plan that makes no sense
  template <class MakeTransport, class MakeExecutor>
  requires std::is_invocable_r_v<result<T>, MakeTransport&, peer_id> &&
           std::is_invocable_r_v<result<made_executor<E>>, MakeExecutor&, const control::deploy&, const load_progress&>
  [[nodiscard]] static result<local_session> start(session_plan plan, MakeTransport&& make_transport,
                                                   MakeExecutor&& make_executor) {
    local_session s(std::move(plan));
    const session_plan& p = s.coordinator_.plan();
    for (const planned_stage& planned : p.stages) {
      result<T> made = std::invoke(make_transport, planned.peer);
      if (!made) return std::move(made).error();
      s.stages_.emplace_back(planned.peer, p.model_fingerprint, *std::move(made));
    }
    const auto prepare = [&](stage_state& stage, prepare_stage& what) {
      const load_progress progress = [](std::uint64_t) { return true; };
      result<made_executor<E>> made = std::invoke(make_executor, std::as_const(what.plan), progress);
      if (!made) return stage.machine.prepared(what.session, made.error(), stage.out);
      const prepared_stage facts{made->memory_bytes, made->logits_width, made->load_seconds};
      stage.executor.emplace(std::move(made->executor));
      stage.machine.prepared(what.session, facts, stage.out);
    };
    s.coordinator_.start(time_point{}, s.out_);
    while (s.coordinator_.current() != coordinator::state::serving && !s.over_) {
      s.carry_out_coordinator();
      if (s.control_.empty()) return error{errc::internal, "the stages do not come to an agreement"};
      s.deliver_control(prepare);
    }
    s.carry_out_coordinator();
    if (s.over_) return *std::move(s.over_);
    return s;
  }

  /// One generation; returns when it is over. on_token(token), if it returns a bool, cancels with false.
  ///   `cancelled`, if given, may be set by another thread or a signal handler; it is looked at between batches.
  /// Errors    invalid_argument, limit; those of executors and transports. A session that failed as a whole stays failed
  template <class F>
  requires std::invocable<F&, token_id>
  [[nodiscard]] result<generation> generate(sequence_options options, F&& on_token,
                                            const std::atomic<bool>* cancelled = nullptr) {
    std::vector<sequence_options> one;
    one.push_back(std::move(options));
    const auto tell_one = [&](std::size_t, token_id token) { return on_token(token); };
    return std::move(generate_all(std::move(one), tell_one, cancelled).front());
  }
  [[nodiscard]] result<generation> generate(sequence_options options) {
    return generate(std::move(options), [](token_id) {});
  }
  /// Several generations at a time: a batch holds a token of each, so the weights are read once for all of them. The plan says
  /// for how many sequences there is room; the others wait.
  ///   on_token(index, token) as for generate
  /// Returns   the outcome of each request, in their order
  /// Errors    as generate, of each by itself
  template <class F>
  requires std::invocable<F&, std::size_t, token_id>
  [[nodiscard]] std::vector<result<generation>> generate_all(std::vector<sequence_options> requests, F&& on_token,
                                                             const std::atomic<bool>* cancelled = nullptr) {
    auto no_rows = [](std::uint32_t, std::uint32_t, std::span<const float>) {};
    return ask(std::move(requests), on_token, no_rows, cancelled);
  }
  /// A row of logits for each of `tokens`: on_rows(first_position, width, values [rows, width]), in order.
  template <class F>
  requires std::invocable<F&, std::uint32_t, std::uint32_t, std::span<const float>>
  [[nodiscard]] result<generation> logits(std::vector<token_id> tokens, F&& on_rows,
                                          const std::atomic<bool>* cancelled = nullptr) {
    std::vector<sequence_options> one(1);
    one.front().prompt = std::move(tokens);
    one.front().all_logits = true;
    auto no_tokens = [](std::size_t, token_id) {};
    return std::move(ask(std::move(one), no_tokens, on_rows, cancelled).front());
  }

 private:
  struct stage_state {
    stage_state(peer_id name, const std::string& fingerprint, T made)
        : self(name), machine(worker_identity{"", 0, fingerprint}), transport(std::move(made)) {}
    peer_id self = 0;
    worker machine;
    T transport;
    frame_backlog box;
    std::size_t coming = 0;  // frames sent to this stage and not received yet
    std::optional<E> executor;
    std::vector<worker_action> out;
  };
  struct letter {
    peer_id from = 0;
    peer_id to = 0;
    control::message what;
  };
  /// A request that is being answered.
  struct pending {
    sequence_id sequence = 0;
    generation made;
    std::optional<result<generation>> outcome;
    bool enough = false;
    std::exception_ptr thrown;
  };
  static constexpr duration frame_limit = std::chrono::seconds(30);

  explicit local_session(session_plan plan) : coordinator_(std::move(plan)) {}

  /// The stage called `peer`; null for the coordinator.
  [[nodiscard]] stage_state* find(peer_id peer) noexcept {
    const auto found = std::find_if(stages_.begin(), stages_.end(), [&](const stage_state& s) { return s.self == peer; });
    return found == stages_.end() ? nullptr : &*found;
  }

  template <class F, class R>
  [[nodiscard]] std::vector<result<generation>> ask(std::vector<sequence_options> requests, F& on_token, R& on_rows,
                                                    const std::atomic<bool>* cancelled) {
    std::vector<pending> all(requests.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (over_) {
        all[i].outcome.emplace(*over_);
        continue;
      }
      auto taken = coordinator_.submit(std::move(requests[i]), time_point{}, out_);
      if (taken) all[i].sequence = *taken;
      else all[i].outcome.emplace(std::move(taken).error());
    }
    for (;;) {
      report(all, on_token, on_rows);
      if (std::all_of(all.begin(), all.end(), [](const pending& p) { return p.outcome.has_value(); })) break;
      if (cancelled && *cancelled)
        for (pending& p : all)
          if (!p.outcome && !p.enough) cancel(p);
      if (!out_.empty()) continue;  // said first: there may be nothing else to move
      if (auto moved = move(); !moved) {
        over_ = moved.error();
        for (pending& p : all)
          if (!p.outcome) p.outcome.emplace(*over_);
      }
    }
    std::vector<result<generation>> outcomes;
    for (pending& p : all) {
      if (p.thrown) std::rethrow_exception(p.thrown);
      outcomes.push_back(*std::move(p.outcome));
    }
    return outcomes;
  }

  /// Tells what the coordinator has to tell.
  template <class F, class R>
  void report(std::vector<pending>& all, F& on_token, R& on_rows) {
    const auto asked_as = [&](sequence_id sequence) {
      return std::find_if(all.begin(), all.end(), [&](const pending& p) { return p.sequence == sequence && !p.outcome; });
    };
    for (std::size_t i = 0; i < out_.size(); ++i) {
      coordinator_action action = std::move(out_[i]);
      if (auto* token = std::get_if<token_made>(&action)) {
        const auto p = asked_as(token->sequence);
        if (p == all.end()) continue;
        p->made.tokens.push_back(token->token);
        const auto index = static_cast<std::size_t>(p - all.begin());
        tell(*p, [&] {
          if constexpr (std::is_same_v<std::invoke_result_t<F&, std::size_t, token_id>, bool>) {
            return on_token(index, token->token);
          } else {
            on_token(index, token->token);
            return true;
          }
        });
      } else if (auto* rows = std::get_if<logits_made>(&action)) {
        const auto p = asked_as(rows->sequence);
        if (p == all.end()) continue;
        tell(*p, [&] {
          on_rows(rows->first_position, rows->width, rows->values());
          return true;
        });
      } else if (auto* finished = std::get_if<request_finished>(&action)) {
        const auto p = asked_as(finished->sequence);
        if (p == all.end()) continue;
        p->made.reason = p->enough ? finish_reason::cancelled : finished->reason;
        p->made.stages = std::move(finished->stages);
        p->outcome.emplace(std::move(p->made));
      } else if (auto* failed = std::get_if<request_failed>(&action)) {
        if (const auto p = asked_as(failed->sequence); p != all.end()) p->outcome.emplace(std::move(failed->what));
      } else {
        carry_out(action);
      }
    }
    out_.clear();
  }
  /// Calls back unless the user has had enough. What a callback throws waits until all requests have come to their ends.
  template <class F>
  void tell(pending& p, F&& call) {
    if (p.enough) return;
    bool enough = true;
    try {
      enough = !call();
    } catch (...) {
      p.thrown = std::current_exception();
    }
    if (enough) cancel(p);
  }
  void cancel(pending& p) {
    p.enough = true;
    coordinator_.cancel(p.sequence, time_point{}, out_);
  }
  void carry_out_coordinator() {
    for (std::size_t i = 0; i < out_.size(); ++i) {
      coordinator_action action = std::move(out_[i]);
      carry_out(action);
    }
    out_.clear();
  }
  void carry_out(coordinator_action& action) {
    if (auto* letter = std::get_if<send_control>(&action))
      control_.push_back({coordinator_.plan().self, letter->to, std::move(letter->what)});
    else if (auto* over = std::get_if<session_over>(&action)) over_ = std::move(over->why);
  }

  template <class Prepare>
  void deliver_control(Prepare& prepare) {
    while (!control_.empty()) {
      const letter l = std::move(control_.front());
      control_.pop_front();
      if (stage_state* to = find(l.to)) {
        to->machine.control(l.from, l.what, time_point{}, to->out);
        carry_out_stage(*to, prepare);
      } else {
        coordinator_.control(l.from, l.what, time_point{}, out_);
      }
    }
  }

  /// Delivers control messages, or if there are none the next frame that is on its way.
  [[nodiscard]] result<void> move() {
    auto never = [](stage_state&, prepare_stage&) {};
    if (!control_.empty()) {
      deliver_control(never);
      return {};
    }
    for (stage_state& s : stages_)
      s.box.flush(s.transport, time_point{}, [&](peer_id peer) { s.machine.peer_lost(peer, s.out); });
    const auto next = std::find_if(stages_.begin(), stages_.end(), [](const stage_state& s) { return s.coming > 0; });
    if (next == stages_.end()) {
      const auto halted = std::find_if(stages_.begin(), stages_.end(), [](const stage_state& s) { return !s.out.empty(); });
      if (halted == stages_.end()) return error{errc::internal, "the stages wait for each other"};
      carry_out_stage(*halted, never);
      return {};
    }
    const auto event = next->transport.receive(message_, frame_limit);
    if (!event) return event.error();
    if (*event == receive_event::timeout)
      return error{errc::timeout, "a frame did not arrive within 30 s. See whether the transport lost it"};
    if (*event == receive_event::peer_lost) {
      next->machine.peer_lost(message_.from, next->out);
    } else if (*event == receive_event::message) {
      --next->coming;
      next->machine.frame(message_, next->out);
    }
    carry_out_stage(*next, never);
    return {};
  }

  /// Halts before a second batch: a lone stage feeds itself, and would write a whole answer before anybody hears of a token.
  template <class Prepare>
  void carry_out_stage(stage_state& s, Prepare& prepare) {
    bool ran = false;
    for (std::size_t k = 0; k < s.out.size(); ++k) {
      const bool runs = std::holds_alternative<run_batch>(s.out[k]);
      if (ran && runs) {
        s.out.erase(s.out.begin(), s.out.begin() + static_cast<std::ptrdiff_t>(k));
        return;
      }
      ran = ran || runs;
      worker_action action = std::move(s.out[k]);
      if (auto* letter = std::get_if<send_control>(&action)) {
        control_.push_back({s.self, letter->to, std::move(letter->what)});
      } else if (auto* frame = std::get_if<send_frame>(&action)) {
        send(s, *frame);
      } else if (auto* plan = std::get_if<prepare_stage>(&action)) {
        prepare(s, *plan);
      } else if (auto* open = std::get_if<open_sequence>(&action)) {
        s.machine.opened(open->session, open->sequence, s.executor->open(open->sequence, open->options), s.out);
      } else if (auto* release = std::get_if<release_sequence>(&action)) {
        s.executor->release(release->sequence);
      } else if (auto* batch = std::get_if<run_batch>(&action)) {
        const time_point begin = steady_now();
        const result<void> outcome = batch->job.run_on(*s.executor);
        s.machine.ran(std::move(batch->job), outcome, steady_now() - begin, s.out);
      }
    }
    s.out.clear();
  }
  void send(stage_state& s, send_frame& frame) {
    if (stage_state* to = find(frame.to)) {
      if (s.box.send(s.transport, frame.to, frame.header, frame.payload, time_point{})) ++to->coming;
      else s.machine.peer_lost(frame.to, s.out);
      return s.machine.recycle(std::move(frame.payload));
    }
    message direct{s.self, frame.header, std::move(frame.payload)};
    coordinator_.frame(direct, time_point{}, out_);
    s.machine.recycle(std::move(direct.payload));
  }

  coordinator coordinator_;
  std::vector<stage_state> stages_;
  std::deque<letter> control_;
  std::vector<coordinator_action> out_;
  std::optional<error> over_;
  message message_;
};

}  // namespace lingualinked::inline v0

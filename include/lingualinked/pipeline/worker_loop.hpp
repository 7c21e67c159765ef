// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/transport.hpp>
#include <lingualinked/core/log.hpp>
#include <lingualinked/pipeline/compute_thread.hpp>
#include <lingualinked/pipeline/control_codec.hpp>
#include <lingualinked/pipeline/executor_factory.hpp>
#include <lingualinked/pipeline/frame_backlog.hpp>
#include <lingualinked/runtime/worker.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lingualinked::inline v0 {

struct serve_options {
  worker_identity identity;                          // isa, threads, fingerprint of the model
  bool leave_after_session = false;                  // return when the first session is over, as locally started workers do
  std::function<std::uint64_t()> peak_memory_bytes;  // of the process, for reports; empty: unknown
  log_sink log;
};

namespace detail {

/// What the loops look at flags after, at the latest, and how soon they try again to send what a transport had no room for.
inline constexpr duration flag_interval = std::chrono::milliseconds(100);
inline constexpr duration retry_interval = std::chrono::milliseconds(2);

/// Joins a worker machine, a transport and an executor.
template <ControlCodec C, ConnectingTransport T, ExecutorFactory M>
class worker_driver {
 public:
  worker_driver(T& transport, M make, const serve_options& options)
      : transport_(transport),
        options_(options),
        machine_(options.identity, options.leave_after_session),
        compute_(std::move(make), [&transport] { transport.wake(); }) {}

  [[nodiscard]] result<void> run(const std::atomic<bool>& stop) {
    message m;
    while (!left_) {
      time_point now = steady_now();
      const auto event = transport_.receive(m, patience(now));
      if (!event) return event.error();
      now = steady_now();
      if (stop) machine_.leave(out_);
      if (*event == receive_event::peer_lost) machine_.peer_lost(m.from, out_);
      if (*event == receive_event::message) take(m, now);
      take_answers();
      machine_.tick(now, out_);
      carry_out(now);
      box_.flush(transport_, now, [&](peer_id peer) { machine_.peer_lost(peer, out_); });
      carry_out(now);
      if (stop) return {};
    }
    return {};
  }

 private:
  using compute = compute_thread<M>;

  [[nodiscard]] duration patience(time_point now) const {
    const duration longest = box_.empty() ? flag_interval : retry_interval;
    return std::clamp<duration>(machine_.next_deadline() - now, duration{}, longest);
  }
  void say(log_level level, const std::string& what) const {
    if (options_.log) options_.log(level, what);
  }

  void take(message& m, time_point now) {
    if (m.header.kind != frame_kind::control) return machine_.frame(m, out_);
    const auto what = C::decode(m.payload);
    if (!what) {
      say(log_level::warning, "a control message could not be read: " + what.error().message);
      return machine_.unreadable(m.from, what.error(), out_);
    }
    if (std::holds_alternative<control::close>(*what) && options_.peak_memory_bytes)
      machine_.note_peak_memory(options_.peak_memory_bytes());
    machine_.control(m.from, *what, now, out_);
  }

  void take_answers() {
    machine_.preparing(session_, compute_.loaded_bytes());
    compute_.take(answers_);
    for (auto& a : answers_) {
      if (auto* prepared = std::get_if<typename compute::prepared_answer>(&a))
        machine_.prepared(prepared->session, prepared->outcome, out_);
      else if (auto* opened = std::get_if<typename compute::opened_answer>(&a))
        machine_.opened(opened->session, opened->sequence, opened->outcome, out_);
      else if (auto* ran = std::get_if<typename compute::ran_answer>(&a))
        machine_.ran(std::move(ran->job), ran->outcome, ran->busy, out_);
    }
    answers_.clear();
  }

  /// Does what the machine asked for, also what it asks for meanwhile.
  void carry_out(time_point now) {
    for (std::size_t i = 0; i < out_.size(); ++i) {
      worker_action action = std::move(out_[i]);
      std::visit([&](auto& a) { this->perform(a, now); }, action);
    }
    out_.clear();
    // A batch makes frames; while there is no room for those of the last one, it waits, and what came after it too.
    while (!tasks_.empty() && (box_.empty() || !std::holds_alternative<run_batch>(tasks_.front()))) {
      compute_.give(std::move(tasks_.front()));
      tasks_.pop_front();
    }
  }

  void send(peer_id to, const frame_header& header, std::vector<std::byte>& payload, time_point now) {
    const auto sent = box_.send(transport_, to, header, payload, now);
    if (sent) return;
    say(log_level::warning, "cannot send to peer " + std::to_string(to) + ": " + sent.error().message);
    machine_.peer_lost(to, out_, sent.error().message);
  }
  void perform(send_control& a, time_point now) {
    // Partners that hear of a session's end first are gone before the coordinator's bye is here: no error while there is no work.
    if (const auto* failed = std::get_if<control::failed>(&a.what))
      say(failed->what.code == errc::peer_lost && machine_.empty() ? log_level::info : log_level::error, failed->what.message);
    auto payload = C::encode(a.what);
    frame_header header;
    header.payload_bytes = payload.size();
    send(a.to, header, payload, now);
  }
  void perform(send_frame& a, time_point now) {
    send(a.to, a.header, a.payload, now);
    machine_.recycle(std::move(a.payload));
  }
  void perform(connect_peer& a, time_point) {
    const auto connected = transport_.connect(a.self, a.peer, a.endpoint);
    if (connected) return;
    say(log_level::error, "cannot connect to " + a.endpoint + ": " + connected.error().message);
    machine_.peer_lost(a.peer, out_, connected.error().message);
  }
  void perform(disconnect_peer& a, time_point) {
    box_.forget(a.peer);
    transport_.disconnect(a.peer);
  }
  void perform(prepare_stage& a, time_point) {
    say(log_level::info, "preparing modules " + std::to_string(a.plan.stages[a.plan.stage].first_module) + " to " +
                             std::to_string(a.plan.stages[a.plan.stage].last_module));
    session_ = a.session;
    tasks_.push_back(std::move(a));
  }
  void perform(open_sequence& a, time_point) { tasks_.push_back(std::move(a)); }
  void perform(release_sequence& a, time_point) { tasks_.push_back(a); }
  void perform(run_batch& a, time_point) { tasks_.push_back(std::move(a)); }
  void perform(end_session& a, time_point) {
    say(log_level::info, "the session is over");
    tasks_.clear();
    compute_.abandon();
    tasks_.push_back(a);
    left_ = a.leave;
  }

  T& transport_;
  const serve_options& options_;
  worker machine_;
  compute compute_;
  frame_backlog box_;
  std::uint64_t session_ = 0;
  std::vector<worker_action> out_;
  std::vector<typename compute::answer> answers_;
  std::deque<typename compute::task> tasks_;  // not given to the compute thread yet
  bool left_ = false;
};

}  // namespace detail

/// Offers this process as a worker, one session after the other, until `stop` is set (looked at several times a second) or, when
/// so asked, the first session is over.
///   The calling thread moves messages; one other thread, started here and joined before the return, makes the executor and runs
///   batches with it.
/// Errors    what the transport gives when it cannot go on; never what a peer did wrong
template <ControlCodec C, ConnectingTransport T, ExecutorFactory M>
[[nodiscard]] result<void> serve(T& transport, M make_executor, const serve_options& options, const std::atomic<bool>& stop) {
  return detail::worker_driver<C, T, M>(transport, std::move(make_executor), options).run(stop);
}

}  // namespace lingualinked::inline v0

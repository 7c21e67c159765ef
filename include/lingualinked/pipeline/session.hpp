// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/transport.hpp>
#include <lingualinked/pipeline/control_codec.hpp>
#include <lingualinked/pipeline/frame_backlog.hpp>
#include <lingualinked/pipeline/generation.hpp>
#include <lingualinked/runtime/coordinator.hpp>
#include <lingualinked/runtime/session_plan.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace lingualinked::inline v0 {

/// Called for every token as it arrives, on the thread that asked; false: that is enough. The generation then ends with this
/// token and finish_reason::cancelled, also when the stages were already further.
using token_callback = std::function<bool(token_id)>;
/// Called with [rows, width] logits of consecutive prompt positions, in order, on the session's own thread: be quick.
using logits_callback = std::function<void(std::uint32_t first_position, std::uint32_t width, std::span<const float> values)>;

struct session_options {
  coordinator_options coordinator;
  std::function<void(const stage_progress&)> on_progress;  // while starting, on the thread that starts
};

namespace detail {

/// The thread behind a session: owns the transport and the coordinator machine, takes wishes, tells what happened.
template <ControlCodec C, ConnectingTransport T>
class session_thread {
 public:
  /// One request as the asking thread and the session's thread see it.
  struct ticket {
    sequence_options options;
    const logits_callback* on_rows = nullptr;
    std::optional<sequence_id> sequence;
    std::deque<token_id> tokens;  // not told yet
    std::optional<result<generation>> outcome;
    std::exception_ptr thrown;  // by on_rows
  };

  session_thread(T transport, session_plan plan, coordinator_options options)
      : transport_(std::move(transport)), machine_(std::move(plan), options), thread_([this] { work(); }) {}
  session_thread(const session_thread&) = delete;
  session_thread& operator=(const session_thread&) = delete;
  ~session_thread() {
    close();
    thread_.join();
  }

  [[nodiscard]] const session_plan& plan() const noexcept { return machine_.plan(); }

  /// Waits until the session serves or is over.
  [[nodiscard]] result<std::vector<stage_status>> wait_ready(const std::function<void(const stage_progress&)>& on_progress,
                                                             const std::atomic<bool>* cancelled) {
    std::unique_lock lock(mutex_);
    for (;;) {
      while (!progress_.empty()) {
        const stage_progress p = progress_.front();
        progress_.pop_front();
        if (!on_progress) continue;
        lock.unlock();
        on_progress(p);
        lock.lock();
      }
      if (over_) return *over_;
      if (ready_) return *ready_;
      if (cancelled && *cancelled) return error{errc::cancelled, "starting was cancelled"};
      wait(lock, cancelled != nullptr);
    }
  }

  [[nodiscard]] result<generation> ask(ticket& t, const token_callback& on_token, const std::atomic<bool>* cancelled) {
    std::unique_lock lock(mutex_);
    if (over_) return *over_;
    wishes_.push_back({&t, false});
    transport_.wake();
    bool cancelling = false;
    const auto cancel = [&] {
      if (!std::exchange(cancelling, true)) wishes_.push_back({&t, true});
      transport_.wake();
    };
    std::exception_ptr thrown;
    std::size_t told = 0;
    bool enough = false;
    for (;;) {
      while (!t.tokens.empty() && !cancelling && !enough) {
        const token_id token = t.tokens.front();
        t.tokens.pop_front();
        ++told;
        if (!on_token) continue;
        lock.unlock();
        bool go_on = false;
        try {
          go_on = on_token(token);
        } catch (...) {
          thrown = std::current_exception();
        }
        lock.lock();
        enough = !go_on;
        if (enough && !t.outcome) cancel();
      }
      if (t.outcome) break;
      if (cancelled && *cancelled && !cancelling) cancel();
      wait(lock, cancelled != nullptr);
    }
    if (!thrown) thrown = t.thrown;
    if (thrown) std::rethrow_exception(thrown);
    if (enough && *t.outcome) {  // tokens may have been made while the callback made up its mind: nobody wants them
      (*t.outcome)->tokens.resize(told);
      (*t.outcome)->reason = finish_reason::cancelled;
    }
    return *std::move(t.outcome);
  }

  void close() noexcept {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    transport_.wake();
  }

 private:
  struct wish {
    ticket* t = nullptr;
    bool cancel = false;
  };
  static constexpr duration flag_interval = std::chrono::milliseconds(50);
  static constexpr duration retry_interval = std::chrono::milliseconds(2);

  void wait(std::unique_lock<std::mutex>& lock, bool watch_flag) {
    if (watch_flag) changed_.wait_for(lock, flag_interval);
    else changed_.wait(lock);
  }

  void work() {
    message m;
    machine_.start(steady_now(), out_);
    for (;;) {
      carry_out(steady_now());
      if (machine_.current() == coordinator::state::over) return;
      time_point now = steady_now();
      const duration longest = box_.empty() ? std::chrono::seconds(1) : retry_interval;
      const auto event = transport_.receive(m, std::clamp<duration>(machine_.next_deadline() - now, duration{}, longest));
      now = steady_now();
      if (!event) {
        broken_ = event.error();
        machine_.shutdown(out_);
      } else if (*event == receive_event::peer_lost) {
        machine_.peer_lost(m.from, out_);
      } else if (*event == receive_event::message) {
        take(m, now);
      }
      take_wishes(now);
      machine_.tick(now, out_);
      carry_out(now);
      box_.flush(transport_, now, [&](peer_id peer) { machine_.peer_lost(peer, out_); });
    }
  }

  void take(message& m, time_point now) {
    if (m.header.kind != frame_kind::control) return machine_.frame(m, now, out_);
    const auto what = C::decode(m.payload);
    if (what) machine_.control(m.from, *what, now, out_);
    else machine_.unreadable(m.from, what.error(), out_);
  }

  void take_wishes(time_point now) {
    const std::lock_guard lock(mutex_);
    for (const wish& w : wishes_) {
      if (w.t->outcome) continue;
      if (w.cancel) {
        if (w.t->sequence) machine_.cancel(*w.t->sequence, now, out_);
        continue;
      }
      auto taken = machine_.submit(std::move(w.t->options), now, out_);
      if (taken) {
        w.t->sequence = *taken;
        tickets_.emplace(*taken, w.t);
      } else {
        w.t->outcome.emplace(taken.error());
        changed_.notify_all();
      }
    }
    wishes_.clear();
    if (closing_) machine_.shutdown(out_);
  }

  void carry_out(time_point now) {
    for (std::size_t i = 0; i < out_.size(); ++i) {
      coordinator_action action = std::move(out_[i]);
      std::visit([&](auto& a) { this->perform(a, now); }, action);
    }
    out_.clear();
  }
  void perform(send_control& a, time_point now) {
    auto payload = C::encode(a.what);
    frame_header header;
    header.payload_bytes = payload.size();
    const auto sent = box_.send(transport_, a.to, header, payload, now);
    if (!sent) machine_.peer_lost(a.to, out_, sent.error().message);
  }
  void perform(connect_peer& a, time_point) {
    const auto connected = transport_.connect(a.self, a.peer, a.endpoint);
    if (!connected) machine_.peer_lost(a.peer, out_, connected.error().message);
  }
  void perform(disconnect_peer& a, time_point) {
    box_.forget(a.peer);
    transport_.disconnect(a.peer);
  }
  void perform(session_ready& a, time_point) {
    const std::lock_guard lock(mutex_);
    ready_ = std::move(a.stages);
    changed_.notify_all();
  }
  void perform(stage_progress& a, time_point) {
    const std::lock_guard lock(mutex_);
    if (ready_) return;
    progress_.push_back(a);
    changed_.notify_all();
  }
  void perform(token_made& a, time_point) {
    const std::lock_guard lock(mutex_);
    const auto found = tickets_.find(a.sequence);
    if (found == tickets_.end()) return;
    found->second->tokens.push_back(a.token);
    made_[a.sequence].push_back(a.token);
    changed_.notify_all();
  }
  void perform(logits_made& a, time_point now) {
    const auto found = tickets_.find(a.sequence);  // only this thread changes the map
    if (found == tickets_.end() || !found->second->on_rows) return;
    try {
      (*found->second->on_rows)(a.first_position, a.width, a.values());
    } catch (...) {
      found->second->thrown = std::current_exception();
      found->second->on_rows = nullptr;
      machine_.cancel(a.sequence, now, out_);
    }
  }
  void perform(request_finished& a, time_point) {
    generation g;
    if (const auto made = made_.find(a.sequence); made != made_.end()) g.tokens = std::move(made->second);
    g.reason = a.reason;
    g.stages = std::move(a.stages);
    conclude(a.sequence, std::move(g));
  }
  void perform(request_failed& a, time_point) { conclude(a.sequence, std::move(a.what)); }
  void perform(session_over& a, time_point) {
    const std::lock_guard lock(mutex_);
    over_ = broken_ ? *broken_ : std::move(a.why);
    for (const wish& w : wishes_)
      if (!w.t->outcome) w.t->outcome.emplace(*over_);
    wishes_.clear();
    changed_.notify_all();
  }
  void conclude(sequence_id sequence, result<generation> outcome) {
    const std::lock_guard lock(mutex_);
    made_.erase(sequence);
    const auto found = tickets_.find(sequence);
    if (found == tickets_.end()) return;
    ticket* const t = found->second;
    std::erase_if(wishes_, [&](const wish& w) { return w.t == t; });  // it ends with its outcome
    t->outcome.emplace(std::move(outcome));
    tickets_.erase(found);
    changed_.notify_all();
  }

  // The session thread's own.
  T transport_;
  coordinator machine_;
  frame_backlog box_;
  std::vector<coordinator_action> out_;
  std::map<sequence_id, std::vector<token_id>> made_;
  std::optional<error> broken_;  // of the transport

  std::mutex mutex_;  // guards what follows, and the tickets
  std::condition_variable changed_;
  std::map<sequence_id, ticket*> tickets_;
  std::vector<wish> wishes_;
  std::deque<stage_progress> progress_;
  std::optional<std::vector<stage_status>> ready_;
  std::optional<error> over_;
  bool closing_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace detail

/// A plan brought to life over real workers. A thread of its own keeps in touch with them, so any thread may ask for any number
/// of generations at a time, and long silences between requests do no harm.
template <ControlCodec C, ConnectingTransport T>
class session {
 public:
  /// Connects, deploys, and returns when every stage is ready.
  ///   `cancelled`, if given, may be set by another thread or a signal handler; it is looked at several times a second.
  /// Requires  assign_peers was called on the plan
  /// Errors    peer_lost, timeout, busy, unsupported, protocol: the message names the device; cancelled
  [[nodiscard]] static result<session> start(T transport, session_plan plan, const session_options& options = {},
                                             const std::atomic<bool>* cancelled = nullptr) {
    session s;
    s.thread_ = std::make_unique<thread>(std::move(transport), std::move(plan), options.coordinator);
    auto ready = s.thread_->wait_ready(options.on_progress, cancelled);
    if (!ready) return std::move(ready).error();
    s.stages_ = *std::move(ready);
    return s;
  }

  [[nodiscard]] const session_plan& plan() const noexcept { return thread_->plan(); }
  /// What each stage said when it was ready.
  [[nodiscard]] const std::vector<stage_status>& stages() const noexcept { return stages_; }

  /// One generation; returns when it is over. Cancelling is no error: the tokens so far, finish_reason::cancelled.
  /// Errors    invalid_argument, limit for options that make no sense; what ended the request or the session
  [[nodiscard]] result<generation> generate(sequence_options options, const token_callback& on_token = {},
                                            const std::atomic<bool>* cancelled = nullptr) {
    typename thread::ticket t;
    t.options = std::move(options);
    return thread_->ask(t, on_token, cancelled);
  }
  /// A row of logits for each of `tokens`.
  [[nodiscard]] result<generation> logits(std::vector<token_id> tokens, const logits_callback& on_rows,
                                          const std::atomic<bool>* cancelled = nullptr) {
    typename thread::ticket t;
    t.options.prompt = std::move(tokens);
    t.options.all_logits = true;
    t.on_rows = &on_rows;
    return thread_->ask(t, {}, cancelled);
  }
  /// Says goodbye to the workers; running requests fail as cancelled. The destructor does the same.
  void close() noexcept {
    if (thread_) thread_->close();
  }

 private:
  using thread = detail::session_thread<C, T>;
  session() = default;

  std::unique_ptr<thread> thread_;
  std::vector<stage_status> stages_;
};

}  // namespace lingualinked::inline v0

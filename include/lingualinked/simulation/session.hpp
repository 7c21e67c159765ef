// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/executor.hpp>
#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/control.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/runtime/actions.hpp>
#include <lingualinked/runtime/coordinator.hpp>
#include <lingualinked/runtime/session_plan.hpp>
#include <lingualinked/runtime/worker.hpp>
#include <lingualinked/simulation/device.hpp>
#include <lingualinked/simulation/event_queue.hpp>
#include <lingualinked/simulation/link.hpp>
#include <lingualinked/simulation/wire_bytes.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lingualinked::inline v0 {

/// What a session runs on, in virtual time.
struct simulated_world {
  /// One for each stage; fewer: the others take no time at all.
  std::vector<device_behaviour> devices;
  /// From one stage to another, by index; the coordinator counts as the stage after the last. Empty: no time at all.
  std::function<link_behaviour(std::size_t from, std::size_t to)> links;
  coordinator_options coordinator;
  std::size_t logits_width = 0;  // of the tail
  std::uint64_t seed = 0;        // of residuals and repeats
  unsigned repeat_percent = 0;   // of frames that arrive a second time, up to 10 ms later
};

/// What became of one request, and when.
struct simulated_request {
  time_point asked;
  std::vector<token_id> tokens;
  std::vector<time_point> token_times;
  std::vector<float> logits;
  std::size_t answers = 0;  // request_finished and request_failed together: one, in the end
  time_point answered;
  std::optional<request_finished> finished;
  std::optional<request_failed> failed;
};

/// A coordinator and its workers in virtual time: the state machines of runtime/, driven by a clock that jumps from event to
/// event. Frames take the time of their links, batches that of their devices; what the batches compute is up to the executor.
///   One event at a time, so that a schedule can be cut after any of them, and what goes wrong can go wrong anywhere.
/// E  the executor of a stage; make(deploy) gives one
template <Executor E>
class simulated_session {
 public:
  using executor_maker = std::function<E(const control::deploy&)>;

  /// Requires  assign_peers was called on the plan
  simulated_session(session_plan plan, executor_maker make, simulated_world world)
      : make_(std::move(make)), world_(std::move(world)), coordinator_(plan, world_.coordinator), plan_(std::move(plan)) {
    const std::size_t stages = plan_.stages.size();
    for (std::size_t i = 0; i < stages; ++i) {
      worker_identity identity{"simulated", 1, plan_.model_fingerprint};
      device_behaviour how = i < world_.devices.size() ? world_.devices[i] : device_behaviour{};
      nodes_.push_back(std::make_unique<node>(worker(std::move(identity)), simulated_device(std::move(how), world_.seed, i)));
    }
    for (std::size_t from = 0; from <= stages; ++from)
      for (std::size_t to = 0; to <= stages; ++to)
        links_.emplace_back(world_.links ? world_.links(from, to) : link_behaviour{}, world_.seed, stages + links_.size());
    generations_.resize(links_.size());
    repeats_ = residual_stream({0, 1}, world_.seed, stages + links_.size());
    coordinator_.start(now(), out_);
    carry_out_coordinator();
  }

  [[nodiscard]] time_point now() const noexcept { return events_.now(); }

  /// The next event; false when nothing is left to happen.
  bool step() {
    const time_point due = next_deadline();
    if (events_.empty() && due == time_point::max()) return false;
    ++steps_;
    if (events_.empty() || due < events_.next()) tick(due);
    else events_.step();
    return true;
  }
  /// Goes on until `done`, at most for `limit`. False when it is not done by then.
  template <std::predicate F>
  bool run_until(F&& done, duration limit = std::chrono::minutes(5)) {
    const time_point end = now() + limit;
    while (!done())
      if (now() > end || !step()) return false;
    return true;
  }
  bool run_until_ready() {
    return run_until([&] { return ready_ || over_; }) && ready_;
  }
  bool run_until_answered(duration limit = std::chrono::minutes(5)) {
    return run_until([&] { return coordinator_.open_requests() == 0; }, limit);
  }

  // ---- the user

  /// Errors    those of coordinator::submit
  result<sequence_id> submit(const sequence_options& options) {
    auto taken = coordinator_.submit(options, now(), out_);
    if (taken) request_of(*taken).asked = now();
    carry_out_coordinator();
    return taken;
  }
  void cancel(sequence_id sequence) {
    coordinator_.cancel(sequence, now(), out_);
    carry_out_coordinator();
  }
  void shutdown() {
    coordinator_.shutdown(out_);
    carry_out_coordinator();
  }
  /// Something of the caller's happens at that time.
  void at(time_point when, event_queue::action what) { events_.at(when, std::move(what)); }

  // ---- what goes wrong

  /// The process of a worker ends; its peers hear of it, or see only silence.
  void kill(std::size_t stage, bool peers_are_told) {
    nodes_[stage]->alive = false;
    if (!peers_are_told) return;
    for (std::size_t other = 0; other <= nodes_.size(); ++other)
      if (other != stage) lose(other, stage);
  }
  /// The coordinator's process ends; its workers see only silence.
  void kill_coordinator() noexcept { coordinator_alive_ = false; }
  /// The executor of a worker never answers again.
  void hang(std::size_t stage) noexcept { nodes_[stage]->hangs = true; }
  void slow_down(std::size_t stage, double factor) noexcept { nodes_[stage]->device.slow_down(factor); }
  /// Nothing more leaves on this link for so long.
  void stall(std::size_t from, std::size_t to, duration how_long) { link_between(from, to).stall(now() + how_long); }
  /// The connection between two breaks: both are told, and what was on its way is gone.
  void disconnect(std::size_t a, std::size_t b) {
    ++generation_of(a, b);
    ++generation_of(b, a);
    lose(a, b);
    lose(b, a);
  }
  /// The next frame on this link is lost, and nobody is told.
  void lose_next_frame(std::size_t from, std::size_t to) { lossy_.push_back({from, to}); }

  // ---- to look at

  /// Requires  a sequence that submit gave
  [[nodiscard]] const simulated_request& request(sequence_id sequence) const { return requests_[sequence - 1]; }
  [[nodiscard]] const std::vector<simulated_request>& requests() const noexcept { return requests_; }
  [[nodiscard]] const session_plan& plan() const noexcept { return plan_; }
  [[nodiscard]] std::size_t steps() const noexcept { return steps_; }
  [[nodiscard]] bool ready() const noexcept { return ready_; }
  /// Why the session is over, once it is.
  [[nodiscard]] const std::optional<error>& over() const noexcept { return over_; }
  [[nodiscard]] bool alive(std::size_t stage) const noexcept { return nodes_[stage]->alive; }
  [[nodiscard]] worker& worker_at(std::size_t stage) noexcept { return nodes_[stage]->machine; }
  [[nodiscard]] coordinator& the_coordinator() noexcept { return coordinator_; }
  /// Called for every data frame that is sent.
  std::function<void(std::size_t from, std::size_t to, const frame_header&)> on_frame;

 private:
  struct node {
    node(worker m, simulated_device d) : machine(std::move(m)), device(std::move(d)) {}
    worker machine;
    simulated_device device;
    std::optional<E> executor;
    std::vector<worker_action> out;
    bool alive = true;
    bool hangs = false;
  };
  static constexpr duration longest_repeat_delay = std::chrono::milliseconds(10);

  [[nodiscard]] simulated_request& request_of(sequence_id sequence) {
    if (requests_.size() < sequence) requests_.resize(sequence);  // sequences are numbered from 1
    return requests_[sequence - 1];
  }
  [[nodiscard]] std::size_t index_of(peer_id peer) const noexcept {
    std::size_t i = 0;
    while (i < plan_.stages.size() && plan_.stages[i].peer != peer) ++i;
    return i;
  }
  [[nodiscard]] peer_id peer_at(std::size_t i) const noexcept {
    return i < plan_.stages.size() ? plan_.stages[i].peer : plan_.self;
  }
  [[nodiscard]] std::size_t pair_index(std::size_t from, std::size_t to) const noexcept {
    return from * (nodes_.size() + 1) + to;
  }
  [[nodiscard]] simulated_link& link_between(std::size_t from, std::size_t to) { return links_[pair_index(from, to)]; }
  [[nodiscard]] std::uint32_t& generation_of(std::size_t from, std::size_t to) { return generations_[pair_index(from, to)]; }

  // ---- time

  [[nodiscard]] time_point next_deadline() const noexcept {
    time_point next = coordinator_alive_ ? coordinator_.next_deadline() : time_point::max();
    for (const auto& n : nodes_)
      if (n->alive) next = std::min(next, n->machine.next_deadline());
    return next;
  }
  void tick(time_point when) {
    events_.advance(when);
    if (coordinator_alive_ && coordinator_.next_deadline() <= now()) {
      coordinator_.tick(now(), out_);
      carry_out_coordinator();
    }
    for (const auto& n : nodes_) {
      if (!n->alive || n->machine.next_deadline() > now()) continue;
      n->machine.tick(now(), n->out);
      carry_out(*n);
    }
  }

  // ---- the network

  /// Lets `what` arrive once, or sometimes twice, behind what was sent before between these two.
  template <class F>
  void deliver(std::size_t from, std::size_t to, std::uint64_t bytes, F what) {
    const auto lost = std::find(lossy_.begin(), lossy_.end(), std::pair(from, to));
    if (lost != lossy_.end()) {
      lossy_.erase(lost);
      return;
    }
    const time_point arrival = link_between(from, to).send(now(), bytes);
    auto arrive = [this, from, to, connection = generation_of(from, to), what = std::move(what)]() mutable {
      if (connection == generation_of(from, to)) what();
    };
    if (world_.repeat_percent > 0 && repeats_.next() * 100 < world_.repeat_percent)
      events_.at(arrival + from_seconds(in_seconds(longest_repeat_delay) * repeats_.next()), arrive);
    events_.at(arrival, std::move(arrive));
  }
  void deliver_control(std::size_t from, peer_id to_peer, const control::message& what) {
    const std::size_t to = index_of(to_peer);
    deliver(from, to, wire_bytes(what), [this, from, to, what] {
      if (to == nodes_.size()) {
        if (!coordinator_alive_) return;
        coordinator_.control(peer_at(from), what, now(), out_);
        return carry_out_coordinator();
      }
      node& n = *nodes_[to];
      if (!n.alive) return;
      n.machine.control(peer_at(from), what, now(), n.out);
      carry_out(n);
    });
  }
  void deliver_frame(std::size_t from, send_frame& f) {
    const std::size_t to = index_of(f.to);
    if (on_frame) on_frame(from, to, f.header);
    const std::uint64_t bytes = frame_header_bytes + f.payload.size();
    deliver(from, to, bytes, [this, to, m = message{peer_at(from), f.header, std::move(f.payload)}]() mutable {
      if (to == nodes_.size()) {
        if (!coordinator_alive_) return;
        coordinator_.frame(m, now(), out_);
        return carry_out_coordinator();
      }
      node& n = *nodes_[to];
      if (!n.alive) return;
      n.machine.frame(m, n.out);
      carry_out(n);
    });
  }
  /// `who` is told that it has lost `other`, as soon as word of it can be there.
  void lose(std::size_t who, std::size_t other) {
    events_.at(link_between(other, who).send(now(), 0), [this, who, other] {
      if (who == nodes_.size()) {
        if (!coordinator_alive_) return;
        coordinator_.peer_lost(peer_at(other), out_);
        return carry_out_coordinator();
      }
      node& n = *nodes_[who];
      if (!n.alive) return;
      n.machine.peer_lost(peer_at(other), n.out);
      carry_out(n);
    });
  }

  // ---- what the machines ask for

  /// What an executor does, one thing after the other.
  template <class F>
  void compute(node& n, duration takes, F what) {
    events_.at(n.device.serve(now(), takes), [this, &n, what = std::move(what)]() mutable {
      if (!n.alive || n.hangs) return;
      what(n);
      carry_out(n);
    });
  }
  void carry_out(node& n) {
    const auto self = static_cast<std::size_t>(
        std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& other) { return other.get() == &n; }) - nodes_.begin());
    for (std::size_t i = 0; i < n.out.size(); ++i) {
      worker_action action = std::move(n.out[i]);
      if (auto* c = std::get_if<send_control>(&action)) deliver_control(self, c->to, c->what);
      else if (auto* f = std::get_if<send_frame>(&action)) deliver_frame(self, *f);
      else if (auto* p = std::get_if<prepare_stage>(&action)) prepare(n, std::move(*p));
      else if (auto* o = std::get_if<open_sequence>(&action)) open(n, std::move(*o));
      else if (auto* r = std::get_if<release_sequence>(&action)) release(n, *r);
      else if (auto* b = std::get_if<run_batch>(&action)) run(n, std::move(b->job));
    }
    n.out.clear();
  }
  void prepare(node& n, prepare_stage p) {
    const duration takes = n.device.prepare_time();
    compute(n, takes, [this, takes, p = std::move(p)](node& me) {
      me.executor.emplace(make_(p.plan));
      me.machine.prepared(p.session, prepared_stage{1, world_.logits_width, in_seconds(takes)}, me.out);
    });
  }
  void open(node& n, open_sequence o) {
    compute(n, n.device.open_time(), [o = std::move(o)](node& me) {
      me.machine.opened(o.session, o.sequence, me.executor->open(o.sequence, o.options), me.out);
    });
  }
  void release(node& n, const release_sequence& r) {
    compute(n, duration{}, [r](node& me) { me.executor->release(r.sequence); });
  }
  void run(node& n, stage_job job) {
    const duration busy = n.device.batch_time(job);
    compute(n, busy + n.device.overhead_time(), [busy, job = std::move(job)](node& me) mutable {
      const auto outcome = job.run_on(*me.executor);
      me.machine.ran(std::move(job), outcome, busy, me.out);
    });
  }

  void carry_out_coordinator() {
    for (std::size_t i = 0; i < out_.size(); ++i) {
      coordinator_action action = std::move(out_[i]);
      if (auto* c = std::get_if<send_control>(&action)) {
        deliver_control(nodes_.size(), c->to, c->what);
      } else if (std::holds_alternative<session_ready>(action)) {
        ready_ = true;
      } else if (auto* t = std::get_if<token_made>(&action)) {
        request_of(t->sequence).tokens.push_back(t->token);
        request_of(t->sequence).token_times.push_back(now());
      } else if (auto* l = std::get_if<logits_made>(&action)) {
        auto& rows = request_of(l->sequence).logits;
        rows.insert(rows.end(), l->values().begin(), l->values().end());
      } else if (auto* done = std::get_if<request_finished>(&action)) {
        answered(done->sequence).finished = std::move(*done);
      } else if (auto* failed = std::get_if<request_failed>(&action)) {
        answered(failed->sequence).failed = std::move(*failed);
      } else if (auto* end = std::get_if<session_over>(&action)) {
        over_ = std::move(end->why);
      }
    }
    out_.clear();
  }
  simulated_request& answered(sequence_id sequence) {
    simulated_request& r = request_of(sequence);
    ++r.answers;
    r.answered = now();
    return r;
  }

  executor_maker make_;
  simulated_world world_;
  coordinator coordinator_;
  session_plan plan_;
  event_queue events_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::vector<simulated_link> links_;
  std::vector<std::uint32_t> generations_;  // of connections, by link
  std::vector<std::pair<std::size_t, std::size_t>> lossy_;
  residual_stream repeats_{{}, 0, 0};
  std::vector<coordinator_action> out_;
  std::vector<simulated_request> requests_;  // by sequence
  std::size_t steps_ = 0;
  bool ready_ = false;
  bool coordinator_alive_ = true;
  std::optional<error> over_;
};

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "fake_model.hpp"

#include <lingualinked/runtime/coordinator.hpp>
#include <lingualinked/runtime/worker.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace fake {

/// A coordinator and its workers in virtual time, on a network that delays, interleaves and replays by seed but keeps the order
/// between two peers. One event at a time, so that a schedule can be cut after any of them.
class network {
 public:
  struct outcome {
    std::optional<ll::request_finished> finished;
    std::optional<ll::request_failed> failed;
    std::size_t answers = 0;
    std::vector<ll::token_id> tokens;
    std::vector<float> logits;
  };

  network(const model& m, ll::session_plan plan, std::uint64_t seed, unsigned replay_percent = 0)
      : model_(&m), random_(seed), replay_percent_(replay_percent), coordinator_(plan), plan_(std::move(plan)) {
    for (std::size_t i = 0; i < plan_.stages.size(); ++i)
      nodes_.push_back(
          std::make_unique<node>(plan_.stages[i].peer, ll::worker(ll::worker_identity{"fake", 1, plan_.model_fingerprint})));
    coordinator_.start(now, out_);
    carry_out_coordinator();
  }

  /// The next event; false when nothing is left to happen.
  bool step() {
    if (events_.empty()) return tick_next();
    ll::time_point deadline = next_deadline();
    if (deadline < events_.begin()->first.first) return tick_next();
    const auto first = events_.begin();
    now = std::max(now, first->first.first);
    auto happen = std::move(first->second);
    events_.erase(first);
    ++steps;
    happen();
    return true;
  }
  /// Goes on until `done`, at most to `limit`.
  template <class F>
  bool run_until(F&& done, ll::duration limit = std::chrono::minutes(5)) {
    const ll::time_point end = now + limit;
    while (!done()) {
      if (now > end || !step()) return false;
    }
    return true;
  }
  bool run_until_ready() {
    return run_until([&] { return ready || over; }) && ready;
  }
  bool run_until_answered() {
    return run_until([&] { return coordinator_.open_requests() == 0; });
  }

  std::optional<ll::sequence_id> submit(const ll::sequence_options& options) {
    auto taken = coordinator_.submit(options, now, out_);
    if (taken) outcomes[*taken];
    carry_out_coordinator();
    return taken ? std::optional(*taken) : std::nullopt;
  }
  void cancel(ll::sequence_id sequence) {
    coordinator_.cancel(sequence, now, out_);
    carry_out_coordinator();
  }
  void shutdown() {
    coordinator_.shutdown(out_);
    carry_out_coordinator();
  }

  /// The process of a worker dies; its peers hear of it, or see only silence.
  void kill(std::size_t stage, bool peers_are_told) {
    nodes_[stage]->alive = false;
    if (!peers_are_told) return;
    const ll::peer_id dead = nodes_[stage]->peer;
    for (const auto& other : nodes_)
      if (other->peer != dead)
        later(0, [this, n = other.get(), dead] {
          if (!n->alive) return;
          n->machine.peer_lost(dead, n->out);
          carry_out(*n);
        });
    later(0, [this, dead] {
      if (!coordinator_alive) return;
      coordinator_.peer_lost(dead, out_);
      carry_out_coordinator();
    });
  }
  /// The executor of a worker never answers again.
  void hang(std::size_t stage) { nodes_[stage]->hangs = true; }
  void kill_coordinator() { coordinator_alive = false; }

  [[nodiscard]] ll::worker& worker_at(std::size_t stage) { return nodes_[stage]->machine; }
  [[nodiscard]] bool alive(std::size_t stage) const { return nodes_[stage]->alive; }
  [[nodiscard]] ll::coordinator& the_coordinator() { return coordinator_; }
  /// Frames from stage to stage, and of which tensors.
  std::map<std::pair<ll::peer_id, ll::peer_id>, std::set<std::uint32_t>> tensors_between;

  ll::time_point now{};
  std::size_t steps = 0;
  bool ready = false;
  bool coordinator_alive = true;
  std::optional<ll::error> over;
  std::map<ll::sequence_id, outcome> outcomes;

 private:
  struct node {
    node(ll::peer_id p, ll::worker m) : peer(p), machine(std::move(m)) {}
    ll::peer_id peer = 0;
    ll::worker machine;
    std::optional<executor> stage_executor;
    std::vector<ll::worker_action> out;
    ll::time_point compute_free{};
    bool alive = true;
    bool hangs = false;
  };

  void later(std::uint64_t least_microseconds, std::function<void()> what) {
    at(now + std::chrono::microseconds(least_microseconds + random_() % 2000), std::move(what));
  }
  void at(ll::time_point when, std::function<void()> what) { events_.emplace(std::pair(when, next_event_++), std::move(what)); }

  [[nodiscard]] ll::time_point next_deadline() const {
    ll::time_point next = coordinator_alive ? coordinator_.next_deadline() : ll::time_point::max();
    for (const auto& n : nodes_)
      if (n->alive) next = std::min(next, n->machine.next_deadline());
    return next;
  }
  bool tick_next() {
    const ll::time_point next = next_deadline();
    if (next == ll::time_point::max()) return false;
    now = std::max(now, next);
    ++steps;
    if (coordinator_alive && coordinator_.next_deadline() <= now) {
      coordinator_.tick(now, out_);
      carry_out_coordinator();
    }
    for (const auto& n : nodes_) {
      if (!n->alive || n->machine.next_deadline() > now) continue;
      n->machine.tick(now, n->out);
      carry_out(*n);
    }
    return true;
  }

  /// Calls deliver once, or sometimes twice, in the order of the sends between these two.
  void deliver(ll::peer_id from, ll::peer_id to, const std::function<void()>& what) {
    ll::time_point& last = last_arrival_[{from, to}];
    last = std::max(last, now + std::chrono::microseconds(random_() % 3000));
    at(last, what);
    if (random_() % 100 < replay_percent_) at(last + std::chrono::microseconds(random_() % 10000), what);
  }
  void deliver_control(ll::peer_id from, ll::peer_id to, const ll::control::message& what) {
    deliver(from, to, [this, from, to, what] {
      if (to == plan_.self) {
        if (!coordinator_alive) return;
        coordinator_.control(from, what, now, out_);
        return carry_out_coordinator();
      }
      node& n = node_of(to);
      if (!n.alive) return;
      n.machine.control(from, what, now, n.out);
      carry_out(n);
    });
  }
  void deliver_frame(ll::peer_id from, ll::peer_id to, const ll::frame_header& header, std::vector<std::byte> payload) {
    if (header.kind == ll::frame_kind::activation) tensors_between[{from, to}].insert(header.tensor);
    deliver(from, to, [this, from, to, header, payload = std::move(payload)] {
      ll::message m{from, header, payload};
      if (to == plan_.self) {
        if (!coordinator_alive) return;
        coordinator_.frame(m, now, out_);
        return carry_out_coordinator();
      }
      node& n = node_of(to);
      if (!n.alive) return;
      n.machine.frame(m, n.out);
      carry_out(n);
    });
  }
  [[nodiscard]] node& node_of(ll::peer_id peer) {
    return **std::find_if(nodes_.begin(), nodes_.end(), [&](const auto& n) { return n->peer == peer; });
  }

  /// What an executor does, one thing after the other, each after a while.
  void compute(node& n, std::function<void(node&)> what) {
    n.compute_free = std::max(n.compute_free, now) + std::chrono::microseconds(random_() % 3000);
    at(n.compute_free, [this, &n, what = std::move(what)] {
      if (!n.alive || n.hangs) return;
      what(n);
      carry_out(n);
    });
  }
  void carry_out(node& n) {
    for (std::size_t i = 0; i < n.out.size(); ++i) {
      ll::worker_action action = std::move(n.out[i]);
      if (auto* c = std::get_if<ll::send_control>(&action)) {
        deliver_control(n.peer, c->to, c->what);
      } else if (auto* f = std::get_if<ll::send_frame>(&action)) {
        deliver_frame(n.peer, f->to, f->header, std::move(f->payload));
      } else if (auto* p = std::get_if<ll::prepare_stage>(&action)) {
        compute(n, [this, p = *p](node& me) {
          me.stage_executor.emplace(*model_, p.plan);
          me.machine.prepared(p.session, ll::prepared_stage{1, vocabulary, 0.5}, me.out);
        });
      } else if (auto* o = std::get_if<ll::open_sequence>(&action)) {
        compute(n, [o = *o](node& me) {
          me.machine.opened(o.session, o.sequence, me.stage_executor->open(o.sequence, o.options), me.out);
        });
      } else if (auto* r = std::get_if<ll::release_sequence>(&action)) {
        compute(n, [r = *r](node& me) { me.stage_executor->release(r.sequence); });
      } else if (auto* b = std::get_if<ll::run_batch>(&action)) {
        compute(n, [job = b->job](node& me) mutable {
          const auto ran = job.run_on(*me.stage_executor);
          me.machine.ran(std::move(job), ran, std::chrono::milliseconds(1), me.out);
        });
      }
    }
    n.out.clear();
  }
  void carry_out_coordinator() {
    for (std::size_t i = 0; i < out_.size(); ++i) {
      ll::coordinator_action action = std::move(out_[i]);
      if (auto* c = std::get_if<ll::send_control>(&action)) {
        deliver_control(plan_.self, c->to, c->what);
      } else if (std::holds_alternative<ll::session_ready>(action)) {
        ready = true;
      } else if (auto* t = std::get_if<ll::token_made>(&action)) {
        outcomes[t->sequence].tokens.push_back(t->token);
      } else if (auto* l = std::get_if<ll::logits_made>(&action)) {
        auto& rows = outcomes[l->sequence].logits;
        rows.insert(rows.end(), l->values().begin(), l->values().end());
      } else if (auto* done = std::get_if<ll::request_finished>(&action)) {
        ++outcomes[done->sequence].answers;
        outcomes[done->sequence].finished = *done;
      } else if (auto* failed = std::get_if<ll::request_failed>(&action)) {
        ++outcomes[failed->sequence].answers;
        outcomes[failed->sequence].failed = *failed;
      } else if (auto* end = std::get_if<ll::session_over>(&action)) {
        over = end->why;
      }
    }
    out_.clear();
  }

  const model* model_;
  std::mt19937_64 random_;
  unsigned replay_percent_;
  ll::coordinator coordinator_;
  ll::session_plan plan_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::vector<ll::coordinator_action> out_;
  std::map<std::pair<ll::time_point, std::uint64_t>, std::function<void()>> events_;
  std::uint64_t next_event_ = 0;
  std::map<std::pair<ll::peer_id, ll::peer_id>, ll::time_point> last_arrival_;
};

}  // namespace fake

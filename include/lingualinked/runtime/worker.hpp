// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/core/control.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/runtime/actions.hpp>
#include <lingualinked/runtime/checks.hpp>
#include <lingualinked/runtime/echo.hpp>
#include <lingualinked/runtime/limits.hpp>
#include <lingualinked/runtime/stage.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// What a worker says of itself.
struct worker_identity {
  std::string isa;
  std::uint32_t threads = 0;
  std::string model_fingerprint;
};

/// What the executor's maker found out.
struct prepared_stage {
  std::uint64_t memory_bytes = 0;
  std::size_t logits_width = 0;
  double load_seconds = 0;
};

/// One worker as a state machine without I/O: it is told what happened and at what time, and appends to `out` what is to be done.
///   idle: nobody's. greeted: has a coordinator. preparing: an executor is being built. serving: has a stage.
/// It serves one coordinator at a time and survives it: after bye, loss or long silence it is idle again, and the next may come.
/// What belongs to a past session (see actions.hpp) is recognised by its number and ignored.
class worker {
 public:
  enum class state : unsigned char { idle, greeted, preparing, serving };

  explicit worker(worker_identity identity, bool leave_after_session = false)
      : identity_(std::move(identity)), leave_after_session_(leave_after_session) {}

  [[nodiscard]] state current() const noexcept { return state_; }
  /// True when nothing is held for any sequence.
  [[nodiscard]] bool empty() const noexcept { return !stage_ || stage_->idle(); }
  /// When tick() wants to be called; time_point::max() for never.
  [[nodiscard]] time_point next_deadline() const noexcept {
    return state_ == state::idle ? time_point::max() : std::min(next_heartbeat_, silence_deadline_);
  }

  // ---- from peers

  void control(peer_id from, const control::message& what, time_point now, std::vector<worker_action>& out);
  /// A control frame that could not be read.
  void unreadable(peer_id from, const error& why, std::vector<worker_action>& out) {
    if (state_ != state::idle && from == coordinator_) fail(why.in("a control message"), out);
  }
  /// A data frame; its payload may be taken away. Frames of strangers and frames that nobody waits for are dropped; those of a
  /// coordinator that has no plan yet are echoed.
  void frame(message& m, std::vector<worker_action>& out) {
    if (state_ == state::greeted && !broken_ && m.from == coordinator_) return check(echo_.answer(m, coordinator_, out), out);
    if (state_ != state::serving || broken_ || !is_stage(m.from)) return;
    check(stage_->receive(m, out), out);
  }
  /// The transport says that a peer is gone, or that it cannot be sent to, and perhaps why.
  void peer_lost(peer_id peer, std::vector<worker_action>& out, const std::string& why = {});

  /// The process is told to stop: says so to the coordinator and ends the session.
  void leave(std::vector<worker_action>& out) {
    if (state_ == state::idle) return;
    fail({errc::peer_lost, "its worker was stopped. Start it again, then try again"}, out);
    end(out);
  }

  // ---- from the executor's side

  /// Bytes loaded so far.
  void preparing(std::uint64_t session, std::uint64_t bytes) noexcept {
    if (session == session_ && state_ == state::preparing) load_progress_ = bytes;
  }
  void prepared(std::uint64_t session, const result<prepared_stage>& outcome, std::vector<worker_action>& out);
  void opened(std::uint64_t session, sequence_id sequence, const result<void>& outcome, std::vector<worker_action>& out) {
    if (session != session_ || state_ != state::serving || broken_) return;
    check(stage_->opened(sequence, outcome, out), out);
  }
  void ran(stage_job job, const result<void>& outcome, duration busy, std::vector<worker_action>& out) {
    if (job.session != session_ || state_ != state::serving || broken_) return;
    check(stage_->ran(std::move(job), outcome, busy, out), out);
  }
  void recycle(std::vector<std::byte> payload) {
    if (stage_) stage_->recycle(std::move(payload));
  }
  /// Of the process, for reports.
  void note_peak_memory(std::uint64_t bytes) noexcept { peak_memory_bytes_ = bytes; }

  // ---- from the clock

  void tick(time_point now, std::vector<worker_action>& out);

 private:
  void heard(time_point now) noexcept { silence_deadline_ = now + limits::coordinator_silence; }
  [[nodiscard]] bool is_stage(peer_id peer) const noexcept {
    return std::any_of(plan_.stages.begin(), plan_.stages.end(), [&](const auto& s) { return s.peer == peer; });
  }

  void greet(peer_id from, const control::hello& hello, time_point now, std::vector<worker_action>& out);

  void take_plan(const control::deploy& plan, std::vector<worker_action>& out);

  /// Reports the end of the session's usefulness, once; what comes after is dropped until the coordinator says bye.
  void fail(error what, std::vector<worker_action>& out) {
    if (std::exchange(broken_, true)) return;
    out.emplace_back(send_control{coordinator_, control::failed{0, std::move(what)}});
  }
  void check(const result<void>& outcome, std::vector<worker_action>& out) {
    if (!outcome) fail(outcome.error(), out);
  }

  void end(std::vector<worker_action>& out);

  worker_identity identity_;
  bool leave_after_session_ = false;
  state state_ = state::idle;
  bool broken_ = false;  // failed{0} was sent
  std::uint64_t session_ = 0;
  peer_id coordinator_ = 0;
  peer_id self_ = 0;
  control::deploy plan_;
  std::set<peer_id> partners_;  // stages that frames go to or come from
  control::ready ready_;
  std::optional<stage> stage_;
  link_echo echo_;
  std::uint64_t load_progress_ = 0;
  std::uint64_t peak_memory_bytes_ = 0;
  time_point next_heartbeat_;
  time_point silence_deadline_;
};

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/runtime/worker.ipp>
#endif

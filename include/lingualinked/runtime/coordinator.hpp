// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/core/control.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/runtime/actions.hpp>
#include <lingualinked/runtime/checks.hpp>
#include <lingualinked/runtime/frames.hpp>
#include <lingualinked/runtime/limits.hpp>
#include <lingualinked/runtime/request.hpp>
#include <lingualinked/runtime/session_plan.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// How long a coordinator waits for what.
struct coordinator_options {
  duration connect_limit = limits::connect_limit;    // for the first answer of a worker
  duration worker_silence = limits::worker_silence;  // then a worker counts as lost
  duration progress_limit = limits::progress_limit;  // loading or generating without any progress
  duration close_limit = limits::close_limit;        // for the reports of a finished sequence
};

/// Brings a plan to life and serves requests with it, as a state machine without I/O: it is told what happened and at what time,
/// and appends to `out` what is to be done and what there is to tell.
///   connecting (until every welcome), deploying (until every ready), serving, over. Every request that submit() took ends in
///   exactly one request_finished or request_failed; every wait has a deadline, and next_deadline() is the nearest.
class coordinator {
 public:
  enum class state : unsigned char { unborn, connecting, deploying, serving, over };

  /// Requires  assign_peers was called on the plan
  explicit coordinator(session_plan plan, coordinator_options options = {})
      : plan_(std::move(plan)), options_(options), workers_(plan_.stages.size()) {}

  [[nodiscard]] state current() const noexcept { return state_; }
  [[nodiscard]] const session_plan& plan() const noexcept { return plan_; }
  /// Requests that have not been answered.
  [[nodiscard]] std::size_t open_requests() const noexcept { return requests_.size(); }
  [[nodiscard]] time_point next_deadline() const noexcept;

  // ---- from the user

  void start(time_point now, std::vector<coordinator_action>& out);
  /// Errors    as admit(); what ended the session; invalid_argument before it serves
  [[nodiscard]] result<sequence_id> submit(sequence_options options, time_point now, std::vector<coordinator_action>& out);
  /// Ends a request with finish_reason::cancelled. None for one that is not known or has its outcome.
  void cancel(sequence_id sequence, time_point now, std::vector<coordinator_action>& out);
  /// Ends the session; unfinished requests fail as cancelled.
  void shutdown(std::vector<coordinator_action>& out) { end({errc::cancelled, "the session was closed"}, out); }

  // ---- from the workers

  void control(peer_id from, const control::message& what, time_point now, std::vector<coordinator_action>& out);
  /// A control frame that could not be read.
  void unreadable(peer_id from, const error& why, std::vector<coordinator_action>& out) {
    if (const auto stage = stage_of(from)) end(blame(*stage, why.in("a control message")), out);
  }
  /// A data frame; its payload may be taken away.
  void frame(message& m, time_point now, std::vector<coordinator_action>& out);
  void peer_lost(peer_id peer, std::vector<coordinator_action>& out, const std::string& why = {});

  // ---- from the clock

  void tick(time_point now, std::vector<coordinator_action>& out);

 private:
  struct worker_state {
    bool welcome = false;
    bool ready = false;
    time_point heard;
    time_point advanced;
    std::uint64_t progress = 0;
    stage_status status;
  };

  [[nodiscard]] bool active() const noexcept { return state_ != state::unborn && state_ != state::over; }
  [[nodiscard]] std::optional<std::size_t> stage_of(peer_id peer) const noexcept {
    for (std::size_t i = 0; active() && i < plan_.stages.size(); ++i)
      if (plan_.stages[i].peer == peer) return i;
    return std::nullopt;
  }
  [[nodiscard]] std::string name(std::size_t stage) const {
    return "device " + plan_.stages[stage].device + " (" + plan_.stages[stage].endpoint + ")";
  }
  [[nodiscard]] error blame(std::size_t stage, const error& what) const { return what.in(name(stage)); }
  [[nodiscard]] error loss(std::size_t stage, const std::string& how) const {
    return {errc::peer_lost, name(stage) + " " + how + ". See that its worker runs and can be reached, then try again"};
  }
  [[nodiscard]] static std::string seconds(duration d) {
    std::string text = std::to_string(in_seconds(d));
    text.resize(text.find('.') + 2);
    return text + " s";
  }
  [[nodiscard]] std::size_t last() const noexcept { return plan_.stages.size() - 1; }
  void tell(std::size_t stage, control::message what, std::vector<coordinator_action>& out) const {
    out.emplace_back(send_control{plan_.stages[stage].peer, std::move(what)});
  }

  void welcomed(std::size_t stage, const control::welcome& w, time_point now, std::vector<coordinator_action>& out);
  void became_ready(std::size_t stage, const control::ready& r, time_point now, std::vector<coordinator_action>& out);
  void failed(std::size_t stage, const control::failed& f, time_point now, std::vector<coordinator_action>& out);
  void opened(std::size_t stage, sequence_id sequence, time_point now, std::vector<coordinator_action>& out);
  [[nodiscard]] result<void> take_tokens(const message& m, time_point now, std::vector<coordinator_action>& out);
  [[nodiscard]] result<void> take_logits(message& m, time_point now, std::vector<coordinator_action>& out);

  void open_queued(std::vector<coordinator_action>& out);
  void open_stages(sequence_id sequence, request& r, bool first, std::vector<coordinator_action>& out);
  void close(sequence_id sequence, request& r, time_point now, std::vector<coordinator_action>& out);
  void answer(sequence_id sequence, request& r, std::vector<coordinator_action>& out) const;
  /// Answers a closing request and gives its place to the next.
  void conclude(sequence_id sequence, std::vector<coordinator_action>& out);
  void end(error why, std::vector<coordinator_action>& out);

  session_plan plan_;
  coordinator_options options_;
  state state_ = state::unborn;
  std::vector<worker_state> workers_;
  std::map<sequence_id, request> requests_;
  std::deque<sequence_id> queue_;
  sequence_id last_sequence_ = 0;
  std::uint32_t in_flight_ = 0;  // requests that hold a sequence
  std::optional<std::uint32_t> last_token_step_;
  time_point connect_deadline_;
  time_point next_heartbeat_;
  time_point advanced_;  // last sign of progress of the running requests
  error why_over_{errc::closed, "the session is over"};
  std::vector<segment> segments_;  // scratch
};

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/runtime/coordinator.ipp>
#endif

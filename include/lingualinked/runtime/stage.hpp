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
#include <lingualinked/runtime/scheduler.hpp>
#include <lingualinked/runtime/step_join.hpp>
#include <lingualinked/tensor/dtype.hpp>
#include <lingualinked/transport/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// The data plane of one deployed stage, as a state machine: joins what comes in, has it run, sends on what comes out.
///   Batches are numbered by the first stage; every stage sees every step, in order, if only as an empty table of segments, so a
///   frame is new, a replay or out of turn by its number alone. The tail answers each step to the first stage, with the tokens
///   that go on; the first stage keeps at most limits::steps_in_flight steps under way.
///   A segment whose sequence is not known here (closed, or failed) is left out and not sent on.
class stage {
 public:
  /// Requires  check_deploy(plan, ...) holds
  stage(control::deploy plan, peer_id coordinator, std::uint64_t session, std::size_t logits_width);

  [[nodiscard]] bool first() const noexcept { return plan_.stage == 0; }
  [[nodiscard]] bool tail() const noexcept { return plan_.stage + 1 == plan_.stages.size(); }
  /// Batches run.
  [[nodiscard]] std::uint64_t progress() const noexcept { return progress_; }
  /// True when no sequence, no step and no batch is held.
  [[nodiscard]] bool idle() const noexcept { return sequences_.empty() && join_.empty() && scheduler_.empty() && !running_; }

  // The coordinator's wishes.
  void open(sequence_id sequence, sequence_options options, std::vector<worker_action>& out);
  void close(sequence_id sequence, std::uint64_t peak_memory_bytes, std::vector<worker_action>& out);

  /// A data frame of a peer of the plan; its payload is taken away. Replays and frames of older epochs change nothing.
  /// Errors    protocol, limit, malformed: the peer broke the rules, the session cannot go on
  [[nodiscard]] result<void> receive(message& m, std::vector<worker_action>& out);

  // The executor's answers. Errors as for receive: another step that waited for this one.
  [[nodiscard]] result<void> opened(sequence_id sequence, const result<void>& outcome, std::vector<worker_action>& out);
  [[nodiscard]] result<void> ran(stage_job job, const result<void>& outcome, duration busy, std::vector<worker_action>& out);

  /// Takes a payload back for later use.
  void recycle(std::vector<std::byte> payload) {
    if (spare_.size() < max_spare_payloads) spare_.push_back(std::move(payload));
  }

 private:
  static constexpr std::size_t max_spare_payloads = 16;

  struct sequence_state {
    sequence_options options;  // the prompt only while it is needed
    std::uint32_t prompt_tokens = 0;
    std::uint32_t next_position = 0;  // of the next batch
    std::uint32_t generated = 0;      // tail
    bool opening = true;
    bool over = false;  // failed, or at the tail: complete. Waits for close
    control::report report;
  };

  [[nodiscard]] sequence_state* active(sequence_id sequence) {
    const auto found = sequences_.find(sequence);
    return found == sequences_.end() || found->second.opening || found->second.over ? nullptr : &found->second;
  }
  void fail(sequence_id sequence, error what, std::vector<worker_action>& out);
  [[nodiscard]] std::vector<std::byte> payload();

  [[nodiscard]] result<void> receive_activation(message& m);
  [[nodiscard]] result<void> receive_token(const message& m, std::vector<worker_action>& out);
  [[nodiscard]] result<void> start(std::vector<worker_action>& out);
  [[nodiscard]] result<void> join_inputs(stage_job& job, std::vector<worker_action>& out);
  void shape(stage_job& job);
  void finish(stage_job& job, duration busy, std::vector<worker_action>& out);
  void send_logits(const stage_job& job, std::vector<worker_action>& out);
  void send_tokens(const stage_job& job, duration busy, std::vector<worker_action>& out);
  void send_token_frame(peer_id to, frame_header header, std::span<const segment> segments, std::span<const token_id> tokens,
                        std::vector<worker_action>& out);
  [[nodiscard]] frame_header header_for(frame_kind kind, const stage_job& job, duration busy) const;
  void count(std::uint64_t control::report::*field, std::span<const segment> segments, std::uint64_t row_bytes,
             std::uint64_t bytes_per_segment);

  control::deploy plan_;
  peer_id coordinator_ = 0;
  std::uint64_t session_ = 0;
  std::size_t logits_width_ = 0;
  std::vector<std::uint32_t> inputs_;   // transmissions that end here
  std::vector<std::uint32_t> outputs_;  // transmissions that start here
  std::map<sequence_id, sequence_state> sequences_;
  scheduler scheduler_;     // first stage
  detail::step_join join_;  // other stages
  sequence_id last_opened_ = 0;
  std::uint32_t next_step_ = 0;       // first stage: of the next batch
  std::uint32_t answered_steps_ = 0;  // first stage: steps that the tail has answered
  bool running_ = false;
  std::uint64_t progress_ = 0;
  std::vector<std::vector<std::byte>> spare_;
  stage_job spare_job_;
  std::vector<segment> segments_;  // scratch
};

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/runtime/stage.ipp>
#endif

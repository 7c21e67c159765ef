// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/control.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/runtime/stage_job.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

/// What the state machines ask the world to do. A driver carries actions out in the order in which they were given.
namespace lingualinked::inline v0 {

// ---- both machines

struct send_control {
  peer_id to = 0;
  control::message what;
};
/// Open a way to `peer`, introducing this side as `self`.
struct connect_peer {
  peer_id self = 0;
  peer_id peer = 0;
  std::string endpoint;
};
struct disconnect_peer {
  peer_id peer = 0;
};

// ---- worker; what concerns the executor goes to it in order, one at a time, and carries the session it belongs to

struct send_frame {
  peer_id to = 0;
  frame_header header;
  std::vector<std::byte> payload;  // give it back with recycle()
};
/// Build the executor; answer with prepared().
struct prepare_stage {
  std::uint64_t session = 0;
  control::deploy plan;
};
/// Executor::open; answer with opened().
struct open_sequence {
  std::uint64_t session = 0;
  sequence_id sequence = 0;
  sequence_options options;
};
/// Executor::release.
struct release_sequence {
  std::uint64_t session = 0;
  sequence_id sequence = 0;
};
/// stage_job::run_on; answer with ran().
struct run_batch {
  stage_job job;
};
/// Forget the executor, and leave when asked to.
struct end_session {
  bool leave = false;
};

using worker_action = std::variant<send_control, send_frame, connect_peer, disconnect_peer, prepare_stage, open_sequence,
                                   release_sequence, run_batch, end_session>;

// ---- coordinator: what it has to tell whoever uses it

/// How a generation came to its end.
enum class finish_reason : unsigned char {
  stop,       // an end token; it is the last token
  length,     // max_tokens, or the context is full
  cancelled,  // the user asked
};

/// What a stage says of itself once it can serve.
struct stage_status {
  std::string isa;
  std::uint32_t threads = 0;
  std::uint64_t memory_bytes = 0;
  double load_seconds = 0;
};

/// Every stage is ready; requests are welcome.
struct session_ready {
  std::vector<stage_status> stages;
};
/// A stage has come this far (bytes loaded, then batches run).
struct stage_progress {
  std::size_t stage = 0;
  std::uint64_t progress = 0;
};
struct token_made {
  sequence_id sequence = 0;
  std::uint32_t position = 0;  // where it stands in the sequence, prompt included
  token_id token = 0;
};
/// Rows of logits of consecutive prompt positions.
struct logits_made {
  sequence_id sequence = 0;
  std::uint32_t first_position = 0;
  std::uint32_t rows = 0;
  std::uint32_t width = 0;
  std::vector<std::byte> payload;
  std::size_t values_offset = 0;

  /// [rows, width]
  [[nodiscard]] std::span<const float> values() const noexcept {
    return {reinterpret_cast<const float*>(payload.data() + values_offset), std::size_t{rows} * width};
  }
};
struct request_finished {
  sequence_id sequence = 0;
  finish_reason reason = finish_reason::length;
  std::vector<control::report> stages;  // one for each stage
};
struct request_failed {
  sequence_id sequence = 0;
  error what;
};
/// Nothing more comes of this session; every request has been answered before.
struct session_over {
  error why;
};

using coordinator_action = std::variant<send_control, connect_peer, disconnect_peer, session_ready, stage_progress, token_made,
                                        logits_made, request_finished, request_failed, session_over>;

}  // namespace lingualinked::inline v0

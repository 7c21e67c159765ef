// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/error.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/sequence.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// The control plane: what coordinator and workers tell each other, as plain structs. documents/control.hpp writes and reads them
/// as JSON. One coordinator serves one session; the order is hello, welcome, deploy, ready, then open and close for each
/// sequence.
namespace lingualinked::inline v0::control {

/// Version of these messages and of the frames. Both sides must have the same.
inline constexpr std::uint32_t protocol_version = 1;
/// Version of the bit contract (kernels/reference/).
inline constexpr std::uint32_t contract_version = 1;

// ---- coordinator -> worker

struct hello {
  std::uint32_t protocol = protocol_version;
  std::uint32_t contract = contract_version;
  peer_id you = 0;  // what the worker is called in this session
  friend bool operator==(const hello&, const hello&) = default;
};

/// One stage of the plan as its peers see it.
struct stage_peer {
  peer_id peer = 0;
  std::string endpoint;  // where it listens
  std::uint32_t first_module = 0;
  std::uint32_t last_module = 0;
  friend bool operator==(const stage_peer&, const stage_peer&) = default;
};

/// The whole plan and which part of it is the receiver's.
struct deploy {
  std::uint32_t epoch = 0;
  std::string model_fingerprint;  // of the coordinator's model; the worker refuses to serve another
  std::uint32_t module_count = 0;
  std::uint32_t stage = 0;  // the receiver's index in stages
  std::vector<stage_peer> stages;
  std::vector<transmission> transmissions;
  std::uint8_t kv_dtype = 0;  // code of tensor/dtype.hpp: f32 or f16
  std::uint32_t context_tokens = 0;
  std::uint32_t sequences = 1;
  std::uint32_t chunk_tokens = 0;           // longest piece of a prompt in one batch
  std::uint32_t micro_batch_sequences = 0;  // most sequences whose next tokens share a batch; 0: all that wait
  std::uint32_t threads = 0;                // 0: the worker's own default

  /// Batches that the tokens of all sequences are cut into; 0: however it comes.
  [[nodiscard]] std::uint32_t micro_batches() const noexcept {
    return micro_batch_sequences == 0 ? 0 : (sequences - 1) / micro_batch_sequences + 1;
  }
  friend bool operator==(const deploy&, const deploy&) = default;
};

struct open {
  sequence_id sequence = 0;
  sequence_options options;
  friend bool operator==(const open&, const open&) = default;
};

struct close {
  sequence_id sequence = 0;
  friend bool operator==(const close&, const close&) = default;
};

/// The session is over; the worker forgets everything of it.
struct bye {
  friend bool operator==(const bye&, const bye&) = default;
};

// ---- worker -> coordinator

struct welcome {
  std::uint32_t protocol = protocol_version;
  std::uint32_t contract = contract_version;
  std::string isa;
  std::uint32_t threads = 0;
  std::string model_fingerprint;
  friend bool operator==(const welcome&, const welcome&) = default;
};

struct ready {
  std::uint32_t epoch = 0;
  std::uint64_t memory_bytes = 0;  // weights, cache and buffers of the stage
  double load_seconds = 0;
  friend bool operator==(const ready&, const ready&) = default;
};

struct opened {
  sequence_id sequence = 0;
  friend bool operator==(const opened&, const opened&) = default;
};

/// Answer to close: what this stage did for the sequence.
struct report {
  sequence_id sequence = 0;
  double busy_seconds = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t peak_memory_bytes = 0;  // of the process; 0: unknown
  sampler_state sampling{};             // tail: as the last token left it
  friend bool operator==(const report&, const report&) = default;
};

/// The stage cannot go on. sequence 0: with nothing at all.
struct failed {
  sequence_id sequence = 0;
  error what;
  friend bool operator==(const failed&, const failed&) = default;
};

// ---- both ways

/// "I am alive, and this is how far I am." progress counts finished work: bytes loaded, batches run.
struct heartbeat {
  std::uint64_t progress = 0;
  friend bool operator==(const heartbeat&, const heartbeat&) = default;
};

using message = std::variant<hello, deploy, open, close, bye, welcome, ready, opened, report, failed, heartbeat>;

}  // namespace lingualinked::inline v0::control

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/control.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/plan.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

/// One stage of a plan with the worker that is to run it.
struct planned_stage {
  std::string device;    // its name in messages to people
  std::string endpoint;  // where its worker listens
  std::uint32_t first_module = 0;
  std::uint32_t last_module = 0;
  std::uint32_t threads = 0;  // 0: the worker's own default
  peer_id peer = 0;           // assign_peers fills it in
};

/// All that a coordinator needs to know to bring a plan to life.
struct session_plan {
  peer_id self = 0;  // what the coordinator calls itself; assign_peers fills it in
  std::uint32_t epoch = 1;
  std::string model_fingerprint;
  std::uint32_t module_count = 0;
  std::vector<planned_stage> stages;  // in order of execution
  std::vector<transmission> transmissions;
  std::uint8_t kv_dtype = 0;
  std::uint32_t context_tokens = 0;
  std::uint32_t sequences = 1;
  std::uint32_t chunk_tokens = 32;
  std::uint32_t micro_batch_sequences = 0;  // tokens of so many sequences share a batch; 0: of all that wait
};

/// Names everybody for one session. Two sessions with different nonces share no name, so a frame that a past session left on
/// its way is from a stranger.
/// Requires  nonce below 2^56, fresh for each session; at most limits::max_stages stages
inline void assign_peers(session_plan& plan, std::uint64_t nonce) {
  plan.self = (nonce << 8) | 0xFF;
  for (std::size_t i = 0; i < plan.stages.size(); ++i) plan.stages[i].peer = (nonce << 8) | (i + 1);
}

/// The message that tells stage `stage` its part.
[[nodiscard]] inline control::deploy deploy_for(const session_plan& plan, std::size_t stage) {
  control::deploy d;
  d.epoch = plan.epoch;
  d.model_fingerprint = plan.model_fingerprint;
  d.module_count = plan.module_count;
  d.stage = static_cast<std::uint32_t>(stage);
  for (const planned_stage& s : plan.stages) d.stages.push_back({s.peer, s.endpoint, s.first_module, s.last_module});
  d.transmissions = plan.transmissions;
  d.kv_dtype = plan.kv_dtype;
  d.context_tokens = plan.context_tokens;
  d.sequences = plan.sequences;
  d.chunk_tokens = plan.chunk_tokens;
  d.micro_batch_sequences = plan.micro_batch_sequences;
  d.threads = plan.stages[stage].threads;
  return d;
}

}  // namespace lingualinked::inline v0

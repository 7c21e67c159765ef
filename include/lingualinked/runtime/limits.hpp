// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/plan.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

/// What a session may ask of a process, and how long anybody waits. A peer that asks for more is told so.
namespace lingualinked::inline v0::limits {

inline constexpr std::size_t max_stages = 64;
inline constexpr std::uint32_t max_modules = 65536;
inline constexpr std::size_t max_transmissions = 4096;
inline constexpr std::uint32_t max_sequences = 4096;
inline constexpr std::uint32_t max_chunk_tokens = 65536;
inline constexpr std::uint32_t max_context_tokens = std::uint32_t{1} << 24;
inline constexpr std::uint64_t max_frame_rows_bytes = std::uint64_t{48} << 20;  // rows of one frame, below the transports' limit
inline constexpr std::uint64_t logits_piece_bytes = std::uint64_t{4} << 20;     // logits travel in pieces of about this size

inline constexpr std::uint64_t echo_frame_bytes = std::uint64_t{4} << 20;  // of one frame that only measures a link
inline constexpr std::uint64_t echo_frames = 4096;                         // in one session
inline constexpr std::uint64_t echo_bytes = std::uint64_t{1} << 30;        // in one session, both ways together

inline constexpr duration heartbeat_interval = std::chrono::milliseconds(500);
inline constexpr duration own_delay = std::chrono::seconds(1);             // a machine called later than this has slept itself
inline constexpr duration coordinator_silence = std::chrono::seconds(10);  // then a worker gives the session up
inline constexpr duration worker_silence = std::chrono::milliseconds(2500);
inline constexpr duration connect_limit = std::chrono::seconds(10);
inline constexpr duration progress_limit = std::chrono::seconds(60);
inline constexpr duration close_limit = std::chrono::seconds(5);

/// Steps that may be under way between the first stage and the tail: two for each stage keep all of them busy, and on slow ways
/// as many as the plan has micro-batches; no stage ever holds more. What bounds every queue between workers.
[[nodiscard]] constexpr std::uint32_t steps_in_flight(std::size_t stages, std::uint32_t micro_batches = 0) noexcept {
  return std::max({std::uint32_t{4}, static_cast<std::uint32_t>(2 * stages), std::min(micro_batches, most_micro_batches)});
}

}  // namespace lingualinked::inline v0::limits

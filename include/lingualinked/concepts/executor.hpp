// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lingualinked::inline v0 {

/// The rows of one tensor that came in, or are to go out: all segments' tokens in order, as sent on the wire.
struct stage_input {
  std::uint32_t tensor = 0;  // index into the plan's transmission map
  std::span<const std::byte> rows;
};
struct stage_output {
  std::uint32_t tensor = 0;
  std::span<std::byte> rows;
};

/// One step of a stage. Which of the parts are filled depends on where the stage stands.
struct stage_batch {
  std::span<const segment> segments;
  std::span<const token_id> tokens;       // first stage: the token of every row; else empty
  std::span<const stage_input> inputs;    // one for each transmission that ends here
  std::span<const stage_output> outputs;  // one for each transmission that starts here
  std::span<token_id> sampled;            // tail: one for each segment, the token after its last row; -1 where none is due
  std::span<float> logits;                // tail, when asked: [rows, vocabulary]; else empty
  std::span<sampler_state> states{};      // tail, when asked: one for each segment, as its token leaves it; else empty
};

/// Runs the modules of one stage.
/// Meaning   open gives a sequence its cache; run computes one batch and advances each of its sequences by its segment's tokens;
///           release forgets a sequence and is no error for an unknown one. A segment starts where its sequence ends, else
///           errc::invalid_argument. On an error no cache has changed. Results do not depend on what else is in the batch.
/// Models    cpu_executor, archetypes::executor
/// Not asked threads, devices, weights: an executor is built by whoever knows them
template <class E>
concept Executor =
    std::movable<E> && requires(E& e, sequence_id sequence, const sequence_options& options, const stage_batch& batch) {
      { e.open(sequence, options) } -> std::same_as<result<void>>;
      { e.run(batch) } -> std::same_as<result<void>>;
      { e.release(sequence) } noexcept -> std::same_as<void>;
    };

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/executor.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/sequence.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lingualinked::inline v0 {

/// One batch with all the memory it touches, so that it can be handed to another thread and back without sharing anything.
struct stage_job {
  /// The rows of one tensor, inside the payload of the frame that brought or will carry them.
  struct tensor_rows {
    std::uint32_t tensor = 0;
    std::vector<std::byte> payload;
    std::size_t offset = 0;
    std::size_t bytes = 0;
  };

  std::uint64_t session = 0;
  std::uint32_t step = 0;
  std::vector<segment> segments;
  std::vector<token_id> tokens;
  std::vector<tensor_rows> inputs;
  std::vector<tensor_rows> outputs;
  std::vector<token_id> sampled;
  std::vector<float> logits;
  std::vector<sampler_state> states;

  [[nodiscard]] std::uint32_t rows() const noexcept {
    std::uint32_t n = 0;
    for (const segment& s : segments) n += s.tokens;
    return n;
  }

  /// Runs the batch.
  /// Requires  the executor of the stage the job was made for
  template <Executor E>
  [[nodiscard]] result<void> run_on(E& executor) {
    input_views_.clear();
    output_views_.clear();
    for (const tensor_rows& t : inputs) input_views_.push_back({t.tensor, std::span(t.payload).subspan(t.offset, t.bytes)});
    for (tensor_rows& t : outputs) output_views_.push_back({t.tensor, std::span(t.payload).subspan(t.offset, t.bytes)});
    return executor.run({segments, tokens, input_views_, output_views_, sampled, logits, states});
  }

 private:
  std::vector<stage_input> input_views_;
  std::vector<stage_output> output_views_;
};

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/executor.hpp>
#include <lingualinked/core/control.hpp>
#include <lingualinked/core/random.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace lingualinked::inline v0 {

/// An executor that computes nothing: for what only asks how long things take. Models Executor.
///   Rows that go out are as they came; the tail samples token uniform_draw(sequence, position) of `vocabulary`, so a stream does
///   not depend on when or where it was made.
class simulated_executor {
 public:
  explicit simulated_executor(token_id vocabulary = 1000) : vocabulary_(vocabulary) {}

  [[nodiscard]] static token_id token(sequence_id sequence, std::uint32_t position, token_id vocabulary) noexcept {
    return static_cast<token_id>(uniform_draw(sequence, position) * vocabulary);
  }

  result<void> open(sequence_id sequence, const sequence_options& options) {
    sequences_[sequence] = {0, static_cast<std::uint32_t>(options.prompt.size()), options.max_tokens};
    return {};
  }
  void release(sequence_id sequence) noexcept { sequences_.erase(sequence); }

  /// Errors    invalid_argument for a segment that does not continue an open sequence
  result<void> run(const stage_batch& batch) {
    for (const segment& s : batch.segments) {
      const auto found = sequences_.find(s.sequence);
      if (found == sequences_.end() || found->second.position != s.position)
        return error{errc::invalid_argument, "position " + std::to_string(s.position) + " of sequence " +
                                                 std::to_string(s.sequence) + " does not continue it"};
    }
    for (std::size_t i = 0; i < batch.segments.size(); ++i) {
      const segment& s = batch.segments[i];
      state& now = sequences_[s.sequence];
      now.position += s.tokens;
      if (!batch.sampled.empty() && now.max_tokens > 0 && now.position >= now.prompt_tokens)
        batch.sampled[i] = token(s.sequence, now.position, vocabulary_);
    }
    return {};
  }

 private:
  struct state {
    std::uint32_t position = 0;
    std::uint32_t prompt_tokens = 0;
    std::uint32_t max_tokens = 0;
  };
  std::map<sequence_id, state> sequences_;
  token_id vocabulary_;
};

static_assert(Executor<simulated_executor>);

}  // namespace lingualinked::inline v0

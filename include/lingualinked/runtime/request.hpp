// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/control.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/runtime/actions.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// One generation as its coordinator sees it. The token log is the truth: what is in it was told to the user and never changes.
struct request {
  enum class state : unsigned char {
    queued,         // waits for a free sequence
    opening_later,  // stages after the first are being told
    opening_first,  // they are ready; the first, which starts at once, is being told
    running,
    closing,  // has its outcome; waits for the reports of the stages
  };

  request() = default;
  request(sequence_options wanted, std::size_t stage_count)
      : options(std::move(wanted)), awaited(stage_count, false), told(stage_count, false), reports(stage_count) {}

  sequence_options options;
  state now = state::queued;
  std::vector<bool> awaited;             // stages whose answer is due
  std::vector<bool> told;                // stages that were sent open
  std::vector<control::report> reports;  // by stage
  std::vector<token_id> log;
  std::uint32_t logits_position = 0;  // of the next row of logits
  finish_reason reason = finish_reason::length;
  std::optional<error> failure;
  time_point close_deadline;

  [[nodiscard]] bool waiting() const noexcept { return std::find(awaited.begin(), awaited.end(), true) != awaited.end(); }
  /// Where the next token goes.
  [[nodiscard]] std::uint64_t next_position() const noexcept { return options.prompt.size() + log.size(); }

  /// Appends a token. Whether it was the last, and why, is in `reason` then.
  [[nodiscard]] bool append(token_id token) {
    log.push_back(token);
    const bool ended = std::find(options.end_tokens.begin(), options.end_tokens.end(), token) != options.end_tokens.end();
    reason = ended ? finish_reason::stop : finish_reason::length;
    return ended || log.size() == options.max_tokens;
  }
};

}  // namespace lingualinked::inline v0

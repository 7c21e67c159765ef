// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/sequence.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <numeric>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Decides what the first stage runs next: the sequences that have their next token, and one piece of one prompt. Answers do not
/// depend on the batch they were computed in (the bit contract), so the policy is free: tokens first, prompts in order of
/// arrival.
///   With micro-batches of b sequences, a batch has at most b tokens, and fewer than b wait for others to come back as long as
///   the tokens that are waiting or expected need no more batches than are under way: L of them ceil(L / b).
class scheduler {
 public:
  /// chunk_tokens: most rows of a batch, at least 1; micro_batch_sequences: b, 0 for all that wait
  explicit scheduler(std::uint32_t chunk_tokens, std::uint32_t micro_batch_sequences = 0)
      : chunk_tokens_(std::max<std::uint32_t>(1, chunk_tokens)),
        most_tokens_(micro_batch_sequences == 0 ? chunk_tokens_ : std::min(micro_batch_sequences, chunk_tokens_)),
        may_wait_(micro_batch_sequences != 0) {}

  void add_prompt(sequence_id sequence, std::vector<token_id> prompt) { prompts_.push_back({sequence, std::move(prompt), 0}); }
  void add_token(sequence_id sequence, std::uint32_t position, token_id token) { tokens_.push_back({sequence, position, token}); }
  void remove(sequence_id sequence) {
    std::erase_if(prompts_, [&](const pending_prompt& p) { return p.sequence == sequence; });
    std::erase_if(tokens_, [&](const pending_token& t) { return t.sequence == sequence; });
  }
  [[nodiscard]] bool empty() const noexcept { return prompts_.empty() && tokens_.empty(); }

  /// True when the next batch is to be run now.
  [[nodiscard]] bool ready() const noexcept {
    if (!prompts_.empty() || tokens_.empty()) return !prompts_.empty();
    if (!may_wait_ || tokens_.size() >= most_tokens_) return true;
    // Few batches are under way (limits::steps_in_flight), so both are counted when asked for.
    const auto under_way = static_cast<std::size_t>(std::ranges::count_if(expected_, [](std::uint32_t n) { return n > 0; }));
    const std::size_t coming = std::accumulate(expected_.begin(), expected_.end(), std::size_t{0});
    return under_way < (tokens_.size() + coming - 1) / most_tokens_ + 1;
  }
  /// The oldest of the batches that next() gave has been answered; what goes on of it is added after this.
  void answered() {
    if (!expected_.empty()) expected_.pop_front();
  }

  /// Appends the next batch to `segments` and `tokens`. Requires  !empty()
  void next(std::vector<segment>& segments, std::vector<token_id>& tokens) {
    // A waiting prompt is owed a row of every batch, or of every second batch where a batch is one row.
    std::uint32_t room = chunk_tokens_;
    std::uint32_t reserved = prompts_.empty() ? 0 : 1;
    if (chunk_tokens_ == 1 && reserved == 1 && !tokens_.empty()) {
      reserved = prompts_turn_ ? 1 : 0;
      prompts_turn_ = !prompts_turn_;
    }
    std::uint32_t expected = 0;
    for (; room > reserved && expected < most_tokens_ && !tokens_.empty(); --room, ++expected) {
      const pending_token& t = tokens_.front();
      segments.push_back({t.sequence, t.position, 1});
      tokens.push_back(t.token);
      tokens_.pop_front();
    }
    if (room > 0 && !prompts_.empty()) {
      pending_prompt& p = prompts_.front();
      const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(room, p.tokens.size() - p.done));
      segments.push_back({p.sequence, p.done, count});
      tokens.insert(tokens.end(), p.tokens.begin() + p.done, p.tokens.begin() + p.done + count);
      p.done += count;
      if (p.done == p.tokens.size()) {
        prompts_.pop_front();
        ++expected;
      }
    }
    expected_.push_back(expected);
  }

 private:
  struct pending_prompt {
    sequence_id sequence = 0;
    std::vector<token_id> tokens;
    std::uint32_t done = 0;
  };
  struct pending_token {
    sequence_id sequence = 0;
    std::uint32_t position = 0;
    token_id token = 0;
  };
  std::deque<pending_prompt> prompts_;
  std::deque<pending_token> tokens_;
  std::deque<std::uint32_t> expected_;  // tokens that each batch under way brings back, at most
  std::uint32_t chunk_tokens_;
  std::uint32_t most_tokens_;
  bool may_wait_;
  bool prompts_turn_ = false;
};

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lingualinked::inline v0::detail {

/// Pieces of prompts whose time is measured.
inline constexpr std::array<std::uint32_t, 5> probe_chunk_sizes{32, 64, 128, 256, 512};

/// Sequences whose tokens are measured together.
inline constexpr std::array<std::uint32_t, 3> probe_batch_sizes{2, 4, 8};

/// One sequence of a measurement: pieces of a prompt in this order, then tokens one by one.
struct probe_sequence {
  std::vector<std::uint32_t> chunks;
  std::uint32_t decode_tokens = 0;
  std::size_t decode_group = 0;  // which of the contexts these tokens count for

  [[nodiscard]] std::uint32_t prompt_tokens() const noexcept {
    std::uint32_t sum = 0;
    for (const std::uint32_t c : chunks) sum += c;
    return sum;
  }
};

/// What is run in one round. Every piece size up to a quarter of `context` comes at position 0, and again behind half of it;
/// tokens are decoded at the start, in the middle and near the end.
/// Requires  context >= 64
[[nodiscard]] inline std::vector<probe_sequence> probe_round(std::uint32_t context, std::uint32_t decode_tokens) {
  std::vector<std::uint32_t> sizes;
  for (const std::uint32_t s : probe_chunk_sizes)
    if (s <= std::max<std::uint32_t>(context / 4, 16)) sizes.push_back(s);
  if (sizes.empty()) sizes.push_back(16);
  std::vector<probe_sequence> round;
  // Decoding first: the others then find the machine as busy as it will be.
  round.push_back({{sizes.front()}, decode_tokens, 0});
  for (const std::uint32_t s : sizes)
    if (s != sizes.front()) round.push_back({{s}, 0, 0});
  const auto up_to = [&](std::uint32_t start, std::uint32_t end, std::vector<std::uint32_t> chunks) {
    while (start + sizes.front() <= end) {
      std::uint32_t next = sizes.front();
      for (const std::uint32_t s : sizes)
        if (start + s <= end) next = s;
      chunks.push_back(next);
      start += next;
    }
    return chunks;
  };
  const std::uint32_t middle = context / 2;
  round.push_back({up_to(0, context * 3 / 8, {}), decode_tokens, 1});
  probe_sequence far{up_to(0, middle, {}), decode_tokens, 2};
  std::uint32_t reached = far.prompt_tokens();
  for (const std::uint32_t s : sizes) {
    if (reached + s + decode_tokens > context) break;
    far.chunks.push_back(s);
    reached += s;
  }
  round.push_back(far);
  return round;
}

/// How much is measured.
struct probe_effort {
  std::uint32_t context = 0;
  std::uint32_t rounds = 1;
};

/// Batches of each size in a round where `decode_tokens` are decoded one by one.
[[nodiscard]] inline std::uint32_t batch_repeats(std::uint32_t decode_tokens) {
  return std::clamp<std::uint32_t>(decode_tokens / 2, 1, 32);
}
/// What they take, in the time of one token: about twice as long each, whatever their size.
[[nodiscard]] inline double batch_work(std::uint32_t decode_tokens) {
  return 2.0 * static_cast<double>(probe_batch_sizes.size() * batch_repeats(decode_tokens));
}

/// The most that fits into `budget_seconds`; when nothing does, the least.
[[nodiscard]] inline probe_effort probe_effort_for(std::uint32_t longest_context, std::uint32_t decode_repeats,
                                                   double chunk_token_seconds, double decode_seconds, double budget_seconds) {
  probe_effort effort{std::max<std::uint32_t>(longest_context, 64), 3};
  const auto seconds = [&] {
    double sum = 0;
    const std::uint32_t decode_tokens = (decode_repeats + effort.rounds - 1) / effort.rounds;
    for (const probe_sequence& s : probe_round(effort.context, decode_tokens))
      sum += s.prompt_tokens() * chunk_token_seconds + s.decode_tokens * decode_seconds;
    return (sum + batch_work(decode_tokens) * decode_seconds) * effort.rounds;
  };
  while (seconds() > budget_seconds) {
    if (effort.rounds > 1) --effort.rounds;
    else if (effort.context >= 256) effort.context /= 2;
    else break;
  }
  return effort;
}

}  // namespace lingualinked::inline v0::detail

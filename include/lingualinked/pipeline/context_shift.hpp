// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/pipeline/generation.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// How a text goes on when its context is full.
struct context_shift {
  std::uint32_t context_tokens = 0;  // of the session
  std::uint32_t keep_tokens = 0;     // first tokens of the text that always stay

  /// Errors    limit, with the numbers, when what stays leaves no room to shift
  [[nodiscard]] result<void> check() const {
    if (std::uint64_t{keep_tokens} + 2 <= context_tokens) return {};
    return error{errc::limit, "a context of " + std::to_string(context_tokens) + " tokens that keeps its first " +
                                  std::to_string(keep_tokens) + " cannot shift. Keep at most " +
                                  std::to_string(context_tokens < 2 ? 0 : context_tokens - 2)};
  }

  /// What stays of a text that leaves no room for another token: its first keep_tokens, and as many of its last as fill half
  /// (rounded up) of the rest of the context.
  /// Requires  check(), and text.size() >= context_tokens
  [[nodiscard]] std::vector<token_id> apply(std::span<const token_id> text) const {
    const std::size_t last = (context_tokens - keep_tokens + 1) / 2;
    std::vector<token_id> kept(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(keep_tokens));
    kept.insert(kept.end(), text.end() - static_cast<std::ptrdiff_t>(last), text.end());
    return kept;
  }
};

/// What a generation without end was made of.
struct shifted_generation {
  /// One context's worth: what it began with, and how many tokens were written in it.
  struct window {
    std::vector<token_id> prompt;
    std::size_t tokens = 0;
  };
  generation made;  // all tokens; the reports of all windows, added up
  std::vector<window> windows;
};

namespace detail {

inline void add_reports(std::vector<control::report>& sum, const std::vector<control::report>& more) {
  sum.resize(std::max(sum.size(), more.size()));
  for (std::size_t i = 0; i < more.size(); ++i) {
    sum[i].sequence = more[i].sequence;
    sum[i].busy_seconds += more[i].busy_seconds;
    sum[i].sent_bytes += more[i].sent_bytes;
    sum[i].received_bytes += more[i].received_bytes;
    sum[i].peak_memory_bytes = std::max(sum[i].peak_memory_bytes, more[i].peak_memory_bytes);
    sum[i].sampling = more[i].sampling;
  }
}

}  // namespace detail

/// Generates beyond the end of the context: whenever it is full, what context_shift::apply leaves becomes the prompt of a new
/// sequence. Nothing of the old cache is kept or moved, so the tokens are, bit for bit, those of fresh prompts; draws, penalties
/// and mirostat go on as over the whole text. A prompt that is too long is shifted as well.
///   generate(options, on_token) -> result<generation>, as the sessions have it
///   options.max_tokens          in all; 0: until an end token, or until on_token has had enough
///   on_token(token) -> bool     false ends it as cancelled
/// Errors    those of shift.check() and of generate; protocol when mirostat's state did not arrive
/// Cost      for every half context written, the prefill of the other half
template <class Generate, class F>
[[nodiscard]] result<shifted_generation> generate_shifting(Generate&& generate, sequence_options options,
                                                           const context_shift& shift, F&& on_token) {
  if (auto fine = shift.check(); !fine) return std::move(fine).error();
  const sampling_parameters& sampling = options.sampling;
  const bool penalises = sampling.repeat_penalty != 1 || sampling.frequency_penalty != 0 || sampling.presence_penalty != 0;
  std::vector<token_id> text = options.prompt;  // what is left of it
  std::vector<token_id> recent = options.past.recent.empty() ? options.prompt : options.past.recent;
  std::uint64_t left = options.max_tokens;
  const bool endless = left == 0;
  shifted_generation all;
  for (;;) {
    if (text.size() >= shift.context_tokens) {
      auto kept = shift.apply(text);
      options.past.dropped_tokens += text.size() - kept.size();
      text = std::move(kept);
      recent.erase(recent.begin(), recent.end() - static_cast<std::ptrdiff_t>(
                                                      std::min<std::size_t>(recent.size(), sampling.repeat_window_tokens)));
      if (penalises) options.past.recent = recent;
    }
    const std::uint64_t room = shift.context_tokens - text.size();
    options.prompt = text;
    options.max_tokens = static_cast<std::uint32_t>(endless ? room : std::min(left, room));
    result<generation> made = generate(options, on_token);
    if (!made) return std::move(made).error();
    left -= std::min<std::uint64_t>(left, made->tokens.size());
    all.windows.push_back({std::move(options.prompt), made->tokens.size()});
    for (auto* list : {&all.made.tokens, &text, &recent}) list->insert(list->end(), made->tokens.begin(), made->tokens.end());
    all.made.reason = made->reason;
    detail::add_reports(all.made.stages, made->stages);
    if (made->reason != finish_reason::length || (!endless && left == 0)) return all;
    if (text.size() < shift.context_tokens)
      return error{errc::internal, "a generation ended before its context of " + std::to_string(shift.context_tokens) +
                                       " tokens was full, at " + std::to_string(text.size())};
    if (sampling.mirostat == mirostat_version::off) continue;
    options.past.sampling = made->stages.empty() ? sampler_state{} : made->stages.back().sampling;
    if (!options.past.sampling.mirostat_mu && sampling.temperature > 0)
      return error{errc::protocol, "the last stage did not say where mirostat stands, so the text cannot go on. Try again"};
  }
}

}  // namespace lingualinked::inline v0

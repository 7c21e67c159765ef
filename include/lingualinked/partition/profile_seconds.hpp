// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/device.hpp>
#include <lingualinked/core/profile.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace lingualinked::inline v0 {

/// The profile that a device has of a model with a KV cache of this type; of several the one for its own number of threads, else
/// the first. Null when there is none.
[[nodiscard]] inline const device_profile* profile_of(const device& where, std::string_view model_sha256,
                                                      std::string_view kv_dtype) {
  const device_profile* found = nullptr;
  for (const device_profile& p : where.profiles) {
    if (p.model_sha256 != model_sha256 || p.kv_dtype != kv_dtype) continue;
    if (where.threads && p.threads == *where.threads) return &p;
    if (found == nullptr) found = &p;
  }
  return found;
}

/// Seconds of one token behind `context` others.
[[nodiscard]] inline double decode_seconds(const module_profile& kind, double context) noexcept {
  return kind.decode_seconds + kind.decode_seconds_per_context_token * context;
}

/// Seconds of a batch of `rows` at the start of their texts, of whatever sequences: straight lines between one token, the
/// measured batches of decoding and, above these, the measured pieces of prompts; beyond the largest as long for each row as
/// there.
/// Requires  rows >= 1
[[nodiscard]] inline double row_seconds(const module_profile& kind, double rows) noexcept {
  double below_rows = 1;
  double below_seconds = kind.decode_seconds;
  const auto reaches = [&](double measured_rows, double seconds) {
    if (measured_rows <= below_rows) return rows <= measured_rows;
    if (rows <= measured_rows) {
      below_seconds += (seconds - below_seconds) * (rows - below_rows) / (measured_rows - below_rows);
      below_rows = rows;
      return true;
    }
    below_rows = measured_rows;
    below_seconds = seconds;
    return false;
  };
  if (rows <= 1) return below_seconds;
  for (const batch_profile& b : kind.batches)
    if (reaches(b.sequences, b.seconds)) return below_seconds;
  for (const prefill_profile& p : kind.prefill)
    if (reaches(p.tokens, p.seconds)) return below_seconds;
  return below_seconds * rows / below_rows;
}

/// Seconds of the next tokens of `sequences`, each behind `context` others.
/// Requires  sequences >= 1
[[nodiscard]] inline double batch_seconds(const module_profile& kind, double sequences, double context) noexcept {
  return row_seconds(kind, sequences) + kind.decode_seconds_per_context_token * context * sequences;
}

/// Seconds of a piece of `tokens` of a prompt behind `context` others: straight lines between the measured sizes, of which one
/// token of decoding is the smallest; beyond the largest as long for each token as there.
/// Requires  tokens >= 1
[[nodiscard]] inline double prefill_seconds(const module_profile& kind, double tokens, double context) noexcept {
  double below_tokens = 1;
  double below_seconds = decode_seconds(kind, context);
  for (const prefill_profile& p : kind.prefill) {
    const double seconds = p.seconds + p.seconds_per_context_token * context;
    if (tokens <= p.tokens) {
      if (p.tokens <= below_tokens) return seconds;
      return below_seconds + (seconds - below_seconds) * (tokens - below_tokens) / (p.tokens - below_tokens);
    }
    below_tokens = p.tokens;
    below_seconds = seconds;
  }
  return below_seconds * tokens / below_tokens;
}

}  // namespace lingualinked::inline v0

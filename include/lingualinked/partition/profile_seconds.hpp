// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/device.hpp>
#include <lingualinked/core/profile.hpp>

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

namespace detail {

/// Straight lines from one token through measured sizes, given by rising size; beyond the largest as long for each row as there.
/// A size that is not above those before it is passed over.
/// Requires  wanted >= 1
class measured_lines {
 public:
  measured_lines(double wanted, double seconds_of_one) : wanted_(wanted), seconds_(seconds_of_one) {}

  void through(double rows, double seconds) noexcept {
    if (there_ || rows <= rows_) return;
    there_ = wanted_ <= rows;
    if (there_) seconds_ += (seconds - seconds_) * (wanted_ - rows_) / (rows - rows_);
    else seconds_ = seconds;
    rows_ = rows;
  }
  [[nodiscard]] double seconds() const noexcept { return there_ ? seconds_ : seconds_ * wanted_ / rows_; }

 private:
  double wanted_;
  double rows_ = 1;
  double seconds_;
  bool there_ = false;
};

}  // namespace detail

/// Seconds of a batch of `rows` at the start of their texts, of whatever sequences: on straight lines through the measured
/// batches of decoding and, above these, the measured pieces of prompts.
/// Requires  rows >= 1
[[nodiscard]] inline double row_seconds(const module_profile& kind, double rows) noexcept {
  detail::measured_lines lines(rows, kind.decode_seconds);
  for (const batch_profile& b : kind.batches) lines.through(b.sequences, b.seconds);
  for (const prefill_profile& p : kind.prefill) lines.through(p.tokens, p.seconds);
  return lines.seconds();
}

/// Seconds of the next tokens of `sequences`, each behind `context` others.
/// Requires  sequences >= 1
[[nodiscard]] inline double batch_seconds(const module_profile& kind, double sequences, double context) noexcept {
  return row_seconds(kind, sequences) + kind.decode_seconds_per_context_token * context * sequences;
}

/// Seconds of a piece of `tokens` of a prompt behind `context` others: on straight lines through the measured pieces.
/// Requires  tokens >= 1
[[nodiscard]] inline double prefill_seconds(const module_profile& kind, double tokens, double context) noexcept {
  detail::measured_lines lines(tokens, decode_seconds(kind, context));
  for (const prefill_profile& p : kind.prefill) lines.through(p.tokens, p.seconds + p.seconds_per_context_token * context);
  return lines.seconds();
}

}  // namespace lingualinked::inline v0

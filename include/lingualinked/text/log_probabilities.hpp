// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/elementary.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/text/check_logits.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

/// A token and the natural logarithm of its probability.
struct token_log_probability {
  token_id id = -1;
  double log_probability = 0;

  friend bool operator==(const token_log_probability&, const token_log_probability&) = default;
};

inline constexpr std::size_t top_log_probabilities_max = 100;

LINGUALINKED_STRICT_FLOAT_BEGIN

/// How likely the model found a token, and its likeliest ones: x - log(sum of exp(x)) over the logits as the model gave them,
/// whatever was sampled how.
/// logits    [V]
/// out       first the chosen token, then `top` (at most V) by falling probability, lower ids first on ties; its memory is reused
/// Errors    errc::invalid_argument for a token outside the logits, errc::limit for top, errc::numeric for a logit that is not
///           finite
/// Cost      linear in V, plus top for each new token among the likeliest
[[nodiscard]] inline result<void> log_probabilities(std::span<const float> logits, token_id chosen, std::size_t top,
                                                    std::vector<token_log_probability>& out) {
  if (chosen < 0 || static_cast<std::size_t>(chosen) >= logits.size())
    return error{errc::invalid_argument,
                 "token " + std::to_string(chosen) + " is none of the " + std::to_string(logits.size()) + " with a logit"};
  if (top > top_log_probabilities_max)
    return error{errc::limit, "the " + std::to_string(top) + " likeliest tokens are wanted; at most " +
                                  std::to_string(top_log_probabilities_max) + " are given"};
  if (auto finite = check_logits(logits); !finite) return finite;
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float x : logits) sum += elementary::exp(double{x} - largest);
  const double log_sum = elementary::log(sum);
  out.assign(1, {chosen, double{logits[static_cast<std::size_t>(chosen)]} - largest - log_sum});
  top = std::min(top, logits.size());
  const auto logit_of = [&](const token_log_probability& t) { return logits[static_cast<std::size_t>(t.id)]; };
  for (std::size_t i = 0; i < logits.size() && top > 0; ++i) {
    const bool full = out.size() == top + 1;
    if (full && logits[i] <= logit_of(out.back())) continue;
    if (full) out.pop_back();
    auto place = out.end();
    while (place != out.begin() + 1 && logit_of(*(place - 1)) < logits[i]) --place;
    out.insert(place, {static_cast<token_id>(i), double{logits[i]} - largest - log_sum});
  }
  return {};
}

LINGUALINKED_STRICT_FLOAT_END

}  // namespace lingualinked::inline v0

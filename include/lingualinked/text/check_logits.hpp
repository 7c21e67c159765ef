// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

namespace lingualinked::inline v0 {

/// Whether a row of logits can be drawn from.
/// Errors    errc::numeric naming the first token whose logit is not finite
/// Cost      linear in the row
[[nodiscard]] inline result<void> check_logits(std::span<const float> logits) {
  const auto bad = std::find_if(logits.begin(), logits.end(), [](float x) { return !std::isfinite(x); });
  if (bad == logits.end()) return {};
  return error{errc::numeric, "the logit of token " + std::to_string(bad - logits.begin()) + " is not a finite number"};
}

}  // namespace lingualinked::inline v0

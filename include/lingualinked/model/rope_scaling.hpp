// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/elementary.hpp>
#include <lingualinked/core/strict_float.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace lingualinked::inline v0 {

/// How yarn stretches a context: frequencies that turn more than beta_fast times in the original context stay, those that turn
/// less than beta_slow times are divided by factor, those in between by a mixture.
struct yarn_scaling {
  double factor = 1;
  double original_context = 0;
  double beta_fast = 32;
  double beta_slow = 1;
  bool rounds = true;  // the bounds of the mixture to whole frequencies
};

LINGUALINKED_STRICT_FLOAT_BEGIN

/// What each of rotary/2 frequencies is divided by.
///   c(b) = rotary ln(original_context / (2 pi b)) / (2 ln base), low = c(beta_fast), high = c(beta_slow), rounded outwards
///   r_i = clamp((i - low) / (high - low), 0, 1); divisor_i = 1 / (r_i / factor + 1 - r_i)
/// Requires  rotary >= 2, base > 1, all of `how` positive, factor >= 1
/// Source    Peng et al. 2023, YaRN, arXiv 2309.00071 (3.2), with the bounds rounded as its authors' code does
[[nodiscard]] inline std::vector<double> yarn_divisors(const yarn_scaling& how, std::size_t rotary, double base) {
  constexpr double two_pi = 0x1.921fb54442d18p+2;
  const auto size = static_cast<double>(rotary);
  const auto dimension = [&](double turns) {
    return size * elementary::log(how.original_context / (two_pi * turns)) / (2 * elementary::log(base));
  };
  const double fast = dimension(how.beta_fast);
  const double slow = dimension(how.beta_slow);
  const double low = std::max(how.rounds ? std::floor(fast) : fast, 0.0);
  const double high = std::min(how.rounds ? std::ceil(slow) : slow, size - 1);
  std::vector<double> divisors(rotary / 2);
  for (std::size_t i = 0; i < divisors.size(); ++i) {
    const double r = std::clamp((static_cast<double>(i) - low) / (high == low ? 0.001 : high - low), 0.0, 1.0);
    divisors[i] = 1 / (r / how.factor + (1 - r));
  }
  return divisors;
}

/// What yarn multiplies cosines and sines by: 1 + weight ln(factor) / 10.
[[nodiscard]] inline double yarn_amplitude(double factor, double weight = 1) {
  return factor <= 1 ? 1 : 1 + 0.1 * weight * elementary::log(factor);
}

/// The same of longrope: sqrt(1 + ln(factor) / ln(original_context)).
/// Source    Ding et al. 2024, LongRoPE, arXiv 2402.13753
[[nodiscard]] inline double longrope_amplitude(double factor, double original_context) {
  return factor <= 1 ? 1 : std::sqrt(1 + elementary::log(factor) / elementary::log(original_context));
}

LINGUALINKED_STRICT_FLOAT_END

}  // namespace lingualinked::inline v0

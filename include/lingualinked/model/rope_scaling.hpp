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
};

LINGUALINKED_STRICT_FLOAT_BEGIN

/// What each of rotary/2 frequencies is divided by.
///   c(b) = rotary ln(original_context / (2 pi b)) / (2 ln base), low = floor c(beta_fast), high = ceil c(beta_slow)
///   r_i = clamp((i - low) / (high - low), 0, 1); divisor_i = 1 / (r_i / factor + 1 - r_i)
/// Requires  rotary >= 2, base > 1, all of `how` positive, factor >= 1
/// Source    Peng et al. 2023, YaRN, arXiv 2309.00071 (3.2), with the bounds rounded as its authors' code does
[[nodiscard]] inline std::vector<double> yarn_divisors(const yarn_scaling& how, std::size_t rotary, double base) {
  constexpr double two_pi = 0x1.921fb54442d18p+2;
  const auto size = static_cast<double>(rotary);
  const auto dimension = [&](double turns) {
    return size * elementary::log(how.original_context / (two_pi * turns)) / (2 * elementary::log(base));
  };
  const double low = std::max(std::floor(dimension(how.beta_fast)), 0.0);
  const double high = std::min(std::ceil(dimension(how.beta_slow)), size - 1);
  std::vector<double> divisors(rotary / 2);
  for (std::size_t i = 0; i < divisors.size(); ++i) {
    const double r = std::clamp((static_cast<double>(i) - low) / std::max(high - low, 0.001), 0.0, 1.0);
    divisors[i] = 1 / (r / how.factor + (1 - r));
  }
  return divisors;
}

/// What yarn multiplies cosines and sines by: 1 + ln(factor) / 10.
[[nodiscard]] inline double yarn_amplitude(double factor) { return 1 + 0.1 * elementary::log(factor); }

LINGUALINKED_STRICT_FLOAT_END

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/profile.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// The value below which a share of the values lies, by straight lines between their ranks; 0 for no values.
/// Requires  0 <= share <= 1
[[nodiscard]] inline double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const double rank = share * static_cast<double>(values.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(rank), values.size() - 1);
  const auto above = std::min(below + 1, values.size() - 1);
  return values[below] + (rank - static_cast<double>(below)) * (values[above] - values[below]);
}

[[nodiscard]] inline double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

/// What was measured at about one place: several times for the same work.
struct measured_group {
  double at = 0;  // context in tokens, or bytes of a message
  std::vector<double> seconds;
};

/// y = offset + slope * x, neither below 0.
struct fitted_line {
  double offset = 0;
  double slope = 0;
};

/// The line through the groups' medians with the least squares of relative errors; a slope or an offset that would be below 0 is
/// 0. Medians make it deaf to a program that interrupts once in a while; relative errors make a short time count as much as a
/// long one.
[[nodiscard]] inline fitted_line fit_line(std::span<const measured_group> groups) {
  double w = 0;
  double wx = 0;
  double wy = 0;
  double wxx = 0;
  double wxy = 0;
  for (const measured_group& g : groups) {
    const double y = median(g.seconds);
    if (!(y > 0)) continue;
    const double weight = 1 / (y * y);
    w += weight;
    wx += weight * g.at;
    wy += weight * y;
    wxx += weight * g.at * g.at;
    wxy += weight * g.at * y;
  }
  if (!(w > 0)) return {};
  const double spread = w * wxx - wx * wx;
  const double slope = spread > 1e-12 * w * wxx ? (w * wxy - wx * wy) / spread : 0;
  if (!(slope > 0)) return {wy / w, 0};
  const double offset = (wy - slope * wx) / w;
  if (offset < 0) return {0, wxy / wxx};
  return {offset, slope};
}

/// Evenly spaced quantiles of factors, divided by their median: at most profile_limits::residuals, and none for none.
[[nodiscard]] inline std::vector<double> residual_quantiles(const std::vector<double>& factors, std::size_t count = 33) {
  std::vector<double> made;
  const double middle = median(factors);
  if (!(middle > 0)) return made;
  count = std::clamp<std::size_t>(count, 2, profile_limits::residuals);
  for (std::size_t i = 0; i < count; ++i)
    made.push_back(std::max(quantile(factors, static_cast<double>(i) / static_cast<double>(count - 1)) / middle, 1e-9));
  return made;
}

}  // namespace lingualinked::inline v0

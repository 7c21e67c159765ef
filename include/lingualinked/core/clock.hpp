// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <chrono>

namespace lingualinked::inline v0 {

/// Time as the state machines see it: nanoseconds since some start, never wall-clock time. Drivers read a steady clock,
/// simulations count their own.
using time_point = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
using duration = std::chrono::nanoseconds;

/// The steady clock, for drivers and measurements.
[[nodiscard]] inline time_point steady_now() noexcept {
  return std::chrono::time_point_cast<duration>(std::chrono::steady_clock::now());
}

/// Seconds as a number, for files and reports.
[[nodiscard]] constexpr double in_seconds(duration d) noexcept { return static_cast<double>(d.count()) * 1e-9; }

}  // namespace lingualinked::inline v0

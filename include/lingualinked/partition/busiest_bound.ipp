// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/busiest_bound.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL double busiest_bound::seconds(std::chrono::steady_clock::time_point deadline) {
  if (t_.devices > busiest_bound_devices) return 0;
  far_.resize(std::size_t{1} << t_.devices);
  if (!covers(never)) return never;
  double low = 0;
  double high = 0;
  for (std::size_t d = 0; d < t_.devices; ++d)
    for (std::size_t a = 0; a < t_.modules; ++a) high = std::max(high, t_.seconds(d, a, t_.fits_to[d * t_.modules + a]));
  constexpr double precision = 1e-7;
  constexpr int most_steps = 60;
  for (int step = 0; step < most_steps && high > low * (1 + precision); ++step) {
    if (std::chrono::steady_clock::now() >= deadline) break;
    const double middle = low > 0 ? low + (high - low) / 2 : high / 4;
    (covers(middle) ? high : low) = middle;
  }
  return exact(low, high);
}

LINGUALINKED_CORE_DECL double busiest_bound::exact(double low, double high) {
  constexpr std::size_t few = 64;  // more are left only when time ran out
  constexpr std::size_t plenty = 4096;
  std::vector<double> times;
  const auto too_many = [&times] {
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
    return times.size() > few;
  };
  for (std::size_t d = 0; d < t_.devices; ++d) {
    for (std::size_t a = 0; a < t_.modules; ++a) {
      const double* begin = &t_.times[t_.row[d * t_.modules + a]];
      const double* end = begin + (t_.fits_to[d * t_.modules + a] - a) + 1;
      times.insert(times.end(), std::upper_bound(begin, end, low), std::upper_bound(begin, end, high));
      if (times.size() > plenty && too_many()) return low;
    }
  }
  if (too_many()) return low;
  const auto first = std::partition_point(times.begin(), times.end(), [this](double t) { return !covers(t); });
  return first == times.end() ? low : *first;
}

LINGUALINKED_CORE_DECL bool busiest_bound::covers(double busiest_seconds) {
  const std::size_t width = t_.modules + 1;
  for (std::size_t d = 0; d < t_.devices; ++d) {
    for (std::size_t a = 0; a < t_.modules; ++a) {
      const double* times = &t_.times[t_.row[d * t_.modules + a]];
      const std::size_t most = t_.fits_to[d * t_.modules + a] - a;
      end_[d * width + a] = static_cast<std::uint32_t>(
          a + static_cast<std::size_t>(std::upper_bound(times, times + most + 1, busiest_seconds) - times) - 1);
    }
    end_[d * width + t_.modules] = static_cast<std::uint32_t>(t_.modules);
  }
  const std::size_t most_stages = t_.instance->max_stages.value_or(UINT32_MAX);
  for (std::uint32_t used = 1; used < far_.size(); ++used) {
    std::uint32_t far = 0;
    if (static_cast<std::size_t>(std::popcount(used)) <= most_stages)
      for (std::uint32_t left = used; left != 0; left &= left - 1) {
        const auto d = static_cast<std::size_t>(std::countr_zero(left));
        far = std::max(far, end_[d * width + far_[used & ~(std::uint32_t{1} << d)]]);
      }
    if (far == t_.modules) return true;
    far_[used] = far;
  }
  return false;
}

}  // namespace lingualinked::inline v0::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/partition/cost_model.hpp>
#include <lingualinked/partition/given_plan.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

/// Exactly `stages` stages on the first devices of the fleet, in its order, so that the busiest stage takes the least time;
/// ties go to the most even module counts (least sum of squares). Meant for devices that are alike: processes on one
/// machine.
/// Cost      stages * L^2, twice
struct balanced_partitioner {
  static constexpr std::string_view name = "balanced";
  std::size_t stages = 1;

  [[nodiscard]] result<placement> solve(const placement_instance& instance, double time_limit_seconds) const;

  template <Graph G>
  [[nodiscard]] result<placement> partition(const problem<G>& what) const {
    return detail::solve_graph(*this, what);
  }

 private:
  static constexpr double impossible = std::numeric_limits<double>::infinity();

  struct table {
    std::vector<double> best;        // [s * (L + 1) + b]: of s stages that hold the modules before cut b
    std::vector<std::size_t> start;  // the first module of the last of them
  };

  /// best(s, b) = min over a of join(best(s - 1, a), cost of [a, b) on device s - 1), where [a, b) fits.
  template <class Cost, class Join>
  [[nodiscard]] table fill(const placement_instance& instance, const Cost& cost, const Join& join) const {
    const std::size_t width = instance.modules.size() + 1;
    table t{std::vector<double>((stages + 1) * width, impossible), std::vector<std::size_t>((stages + 1) * width, 0)};
    t.best[0] = 0;
    for (std::size_t s = 1; s <= stages; ++s) {
      const auto& device = instance.devices[s - 1];
      for (std::size_t b = s; b < width; ++b) {
        double seconds = device.stage_seconds;
        std::uint64_t bytes = 0;
        for (std::size_t a = b; a-- > s - 1;) {
          seconds += device.module_seconds[a];
          bytes += resident_bytes(instance, a).value_or(0);
          const bool whole = a == 0 && b + 1 == width;
          if (bytes - (whole ? std::min(bytes, instance.tied_bytes) : 0) > device.memory_bytes) continue;
          if (first_forbidden(device, a, b) < b) break;
          const double value = join(t.best[(s - 1) * width + a], cost(seconds, b - a));
          if (value < t.best[s * width + b]) {
            t.best[s * width + b] = value;
            t.start[s * width + b] = a;
          }
        }
      }
    }
    return t;
  }

  /// Why there are no such stages: memory is all that was asked.
  [[nodiscard]] result<placement> shortfall(const placement_instance& instance) const;
};

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/balanced.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/partition/tables.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lingualinked::inline v0::detail {

/// Devices up to which the bound below is worth its 2^D steps.
inline constexpr std::size_t busiest_bound_devices = 16;

/// How soon a fleet could be through with its busiest stage if links cost nothing and the lap did not matter.
///   least P such that intervals of at most P seconds, one for each device, in some order hold all modules
/// A longer prefix is never worse for who comes next (what fits from a cut on fits from a later one), so each subset of
/// devices needs to remember only how far it gets.
class busiest_bound {
 public:
  explicit busiest_bound(const placement_tables& tables) : t_(tables), end_(t_.devices * (t_.modules + 1)) {}

  /// No plan of two stages or more has all its stages at most that short; never when none can hold the modules; 0 for too many
  /// devices.
  [[nodiscard]] double seconds(std::chrono::steady_clock::time_point deadline);

 private:
  /// The answer lies above low and not above high, and some interval takes exactly that long.
  [[nodiscard]] double exact(double low, double high);
  [[nodiscard]] bool covers(double busiest_seconds);

  const placement_tables& t_;
  std::vector<std::uint32_t> end_;  // [d * (L + 1) + a]: the largest b for which [a, b) fits and is not too busy
  std::vector<std::uint32_t> far_;  // [used]: modules that they hold
};

}  // namespace lingualinked::inline v0::detail

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/busiest_bound.ipp>
#endif

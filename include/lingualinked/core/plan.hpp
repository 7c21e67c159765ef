// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

/// One device's contiguous interval of modules, both ends inclusive.
struct stage_interval {
  std::size_t device = 0;
  std::size_t first_module = 0;
  std::size_t last_module = 0;

  friend bool operator==(const stage_interval&, const stage_interval&) = default;
};

/// Batches that K sequences may be cut into, at most: as many may be on their way at once.
inline constexpr std::uint32_t most_micro_batches = 64;

/// How much a solver proved. infeasible and unknown leave the stages empty.
enum class solve_status : unsigned char {
  optimal,     // no better plan exists, relative gap <= 1e-6
  feasible,    // best found; bound and gap say how much better one could be
  infeasible,  // proved that none exists; reason names the limit
  unknown,     // none found within the time limit
};

inline constexpr std::array<std::string_view, 4> solve_status_names = {"optimal", "feasible", "infeasible", "unknown"};

[[nodiscard]] constexpr std::string_view name_of(solve_status status) noexcept {
  return solve_status_names[static_cast<std::size_t>(status)];
}

/// The answer of a partitioner: who runs what, and what was proved about it.
struct placement {
  std::string solver;
  solve_status status = solve_status::unknown;
  std::vector<stage_interval> stages;  // in order of execution
  double objective_seconds = 0;        // tau of stages
  double bound_seconds = 0;            // no plan is better than this; 0 where something else than tau is minimised
  double objective_value = 0;          // where something else than tau is minimised: that, in its unit
  double bound_value = 0;              // likewise: no plan is better than this
  double solve_seconds = 0;
  std::string reason;  // why there is no plan; empty when there is one

  friend bool operator==(const placement&, const placement&) = default;
};

/// A tensor that crosses devices. Sequential: to the next stage; residual: straight to a later, non-adjacent stage.
struct transmission {
  std::size_t producer_module = 0;
  std::size_t consumer_module = 0;  // the first module of the receiving stage that reads it
  std::size_t from_stage = 0;
  std::size_t to_stage = 0;
  std::uint64_t bytes_per_token = 0;

  [[nodiscard]] bool sequential() const noexcept { return to_stage == from_stage + 1; }
  friend bool operator==(const transmission&, const transmission&) = default;
};

}  // namespace lingualinked::inline v0

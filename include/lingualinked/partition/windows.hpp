// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/partition/window_problem.hpp>
#include <lingualinked/partition/window_shift.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lingualinked::inline v0 {

/// Which neighbouring modules each stage holds besides its own, and what that is worth.
struct overlap_windows {
  std::vector<module_window> stages;
  double expected_seconds = 0;    // of a round, over the scenarios, when boundaries move inside the windows
  double without_seconds = 0;     // the same with no windows
  double bound_seconds = 0;       // no windows that fit have a smaller expectation
  std::uint64_t extra_bytes = 0;  // weights held twice, and KV mirrors in the tier hot

  /// No windows that fit do better.
  [[nodiscard]] bool proven() const noexcept { return expected_seconds <= bound_seconds * (1 + 1e-9); }
};

namespace detail {

/// A search that cannot afford so many expectations is not worth starting.
inline constexpr std::size_t least_expectations = 20;

[[nodiscard]] inline held_windows own_modules(const window_tables& t) {
  held_windows held;
  for (std::size_t s = 0; s < t.stages; ++s) held.push_back(t.own(s));
  return held;
}

/// Chooses windows by expectation: all combinations where they are few, else the best of several descents that change one stage
/// or two neighbours at a time. Equal input gives equal output on every machine.
class window_search {
 public:
  window_search(const window_tables& tables, std::size_t most_steps);

  [[nodiscard]] bool exhaustive() const noexcept { return exhaustive_; }

  /// Requires  starts is not empty; it is used only where there are too many combinations
  [[nodiscard]] held_windows run(const std::vector<held_windows>& starts);

 private:
  void try_all(std::size_t s, held_windows& held);

  /// Whether it is the best so far.
  bool offer(const held_windows& held);

  void descend(held_windows held);

  static constexpr double closeness = 1e-12;

  const window_tables& t_;
  window_shift shift_;
  std::vector<std::vector<held_modules>> options_;
  bool exhaustive_ = false;
  std::size_t evaluations_left_ = 0;
  held_windows best_;
  double best_seconds_ = window_tables::never;
};

[[nodiscard]] overlap_windows report_windows(const window_tables& t, const held_windows& held, double bound_seconds);

}  // namespace detail

/// Chooses the windows with the least expected round:
///   min over windows that fit of  sum of weight * tau(scenario) / sum of weight
/// where tau(scenario) is that of the best boundaries inside the windows: max(lap, sequences * busiest) by the definition of
/// plans, under the scenario. A stage never gives away its last module, and holds modules of its neighbours in the pipeline only.
/// Windows that no scenario uses are not held. Exact where combinations are few (bound_seconds says), else a local search.
/// Requires  stages that are a plan of the instance
/// Errors    those of evaluate; invalid_argument for scenarios that make no sense; unsupported with edges; limit
/// Cost      at most options.most_steps steps of a dynamic program over cuts
[[nodiscard]] result<overlap_windows> expected_windows(const placement_instance& instance, std::span<const stage_interval> stages,
                                                       std::span<const window_scenario> scenarios,
                                                       const window_options& options = {});

/// Windows by the LinguaLinked paper's second optimiser, to compare with: the most bytes held twice, whatever they are worth.
/// Errors    as expected_windows
[[nodiscard]] result<overlap_windows> max_bytes_windows(const placement_instance& instance,
                                                        std::span<const stage_interval> stages,
                                                        std::span<const window_scenario> scenarios,
                                                        const window_options& options = {});

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/windows.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/partition/window_problem.hpp>

#include <cstddef>
#include <vector>

namespace lingualinked::inline v0::detail {

struct window_message {
  double seconds = 0;
  double busy = 0;  // of the link
};

/// A message between stages, or with the header (index `stages`), over a link that is `factor` times worse.
[[nodiscard]] window_message price_message(const window_tables& t, std::size_t from, std::size_t to, double bytes, double factor);

/// The best that a plan can do in one scenario by moving the boundaries between its stages inside their windows: the order of the
/// stages stays, and each that is still there runs at least one module.
///   dynamic program from cut to cut; a state keeps those pairs of (lap, busiest so far) that no other beats in both
class window_shift {
 public:
  explicit window_shift(const window_tables& tables) : t_(tables) {}

  /// Seconds of a round; never when the windows leave no plan.
  /// Cost      for each boundary the product of its positions and those of the next, times the pairs kept
  [[nodiscard]] double least_tau(const held_windows& held, const window_scenario& what);

  /// What each stage runs in the answer of the last least_tau that was not never; empty for a stage whose device left.
  [[nodiscard]] held_windows runs() const {
    held_windows all(t_.stages);
    for (std::size_t i = 0; i < alive_.size(); ++i) all[alive_[i]] = runs_[i];
    return all;
  }

 private:
  static constexpr double never = window_tables::never;

  struct label {
    double lap = 0;
    double busy = 0;
    std::size_t from_cut = 0;
    std::size_t from_label = 0;
  };
  struct position {
    std::size_t cut = 0;
    std::vector<label> labels;
  };
  /// With one sequence only the lap counts: it is never shorter than a part of it.
  void keep(std::vector<label>& labels, label l) const;

  [[nodiscard]] double finish();

  const window_tables& t_;
  std::vector<std::size_t> alive_;
  std::vector<std::vector<position>> boundaries_;
  held_windows runs_;  // [index into alive_]
};

/// Expected seconds of a round over the scenarios; a plan that stops, or had better, counts as the options say.
[[nodiscard]] double expected_seconds(const window_tables& t, window_shift& shift, const held_windows& held);

/// Steps of one expectation, about.
[[nodiscard]] double steps_of_expectation(const window_tables& t);

[[nodiscard]] inline std::size_t affordable_expectations(const window_tables& t, std::size_t most_steps) {
  return static_cast<std::size_t>(static_cast<double>(most_steps) / steps_of_expectation(t));
}

/// Only what some scenario's best plan runs, and the stage's own modules; and of that no more than the same expectation takes, as
/// far as most_steps allow to tell.
/// Cost      an expectation for each module that is let go
[[nodiscard]] held_windows trimmed(const window_tables& t, window_shift& shift, const held_windows& held, std::size_t most_steps);

}  // namespace lingualinked::inline v0::detail

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/window_shift.ipp>
#endif

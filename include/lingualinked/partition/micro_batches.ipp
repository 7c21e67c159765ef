// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/micro_batches.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL std::vector<std::uint32_t> micro_batch_choices(const planning_options& options) {
  const std::uint32_t all = options.sequences;
  const auto& pieces = options.chunk_tokens;
  const std::uint32_t room = pieces.empty() ? all : *std::ranges::min_element(pieces);
  std::vector<std::uint32_t> choices;
  for (std::uint32_t b = 1; b <= std::min(all, room); ++b) {
    if (all % b == 0 && all / b <= most_micro_batches) choices.push_back(b);
  }
  if (choices.empty()) choices.push_back(1);
  return choices;
}

}  // namespace lingualinked::inline v0

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL comparable_cost comparable(const micro_batched_placement& m) {
  if (minimises_tau(m.instance.goal)) return {m.placed.objective_seconds, m.placed.bound_seconds};
  // A micro-batch spends the joules of all of its tokens; seconds of a request are those of every sequence.
  const double tokens = m.instance.goal == objective::energy ? m.instance.micro_batch_sequences : 1;
  return {m.placed.objective_value / tokens, m.placed.bound_value / tokens};
}

LINGUALINKED_CORE_DECL micro_batched_placement best_of(std::vector<micro_batched_placement> all) {
  constexpr double equal = 1e-12;
  constexpr double proven = 1e-6;
  std::size_t best = 0;
  double bound = std::numeric_limits<double>::infinity();
  double seconds = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const placement& now = all[i].placed;
    seconds += now.solve_seconds;
    if (now.status != solve_status::infeasible) bound = std::min(bound, comparable(all[i]).bound);
    const placement& before = all[best].placed;
    const bool better =
        before.stages.empty()
            ? !now.stages.empty() || (before.status == solve_status::infeasible && now.status == solve_status::unknown)
            : !now.stages.empty() && comparable(all[i]).value < comparable(all[best]).value * (1 - equal);
    if (better) best = i;
  }
  micro_batched_placement chosen = std::move(all[best]);
  chosen.placed.solve_seconds = seconds;
  if (chosen.placed.stages.empty()) return chosen;
  const comparable_cost cost = comparable(chosen);
  if (bound < cost.bound) {
    const double share = cost.bound > 0 ? bound / cost.bound : 0;
    chosen.placed.bound_seconds *= share;
    chosen.placed.bound_value *= share;
    if (cost.value - bound > proven * cost.value && chosen.placed.status == solve_status::optimal)
      chosen.placed.status = solve_status::feasible;
  }
  return chosen;
}

}  // namespace lingualinked::inline v0::detail

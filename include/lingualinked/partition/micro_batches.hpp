// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/partition/cost_model.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// The micro-batches that are worth trying, rising: the divisors of the sequences that leave at most most_micro_batches and are
/// no longer than the shortest piece of a prompt, which is all that a batch has room for.
[[nodiscard]] std::vector<std::uint32_t> micro_batch_choices(const planning_options& options);

/// A problem of micro-batches and its answer.
struct micro_batched_placement {
  placement_instance instance;
  placement placed;
};

namespace detail {

/// What of a placement is minimised, for one token of each sequence or one token, so that other micro-batches compare.
struct comparable_cost {
  double value = 0;
  double bound = 0;
};
[[nodiscard]] comparable_cost comparable(const micro_batched_placement& m);

/// The best of the answers for several micro-batches, which rise: the shortest of equal ones. Its bound is that of them all, and
/// it is optimal if that is within 1e-6.
/// Requires  !all.empty()
[[nodiscard]] micro_batched_placement best_of(std::vector<micro_batched_placement> all);

}  // namespace detail

/// The best plan over all micro_batch_choices: b sequences share a batch, of which there are m = K / b, and
///   tau = max(T(b), m * P(b)).
///   solve(instance, seconds) -> result<placement> is asked for one after the other, each with its share of the time that is
///   left. what.options.micro_batch_sequences is not looked at.
/// Errors    those of make_instance and solve
template <Graph G, class Solve>
requires std::invocable<Solve&, const placement_instance&, double>
[[nodiscard]] result<micro_batched_placement> solve_micro_batches(problem<G> what, const cost_options& costs, Solve&& solve) {
  std::vector<micro_batched_placement> all;
  const std::vector<std::uint32_t> choices = micro_batch_choices(what.options);
  double left = what.options.time_limit_seconds;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    what.options.micro_batch_sequences = choices[i];
    auto instance = make_instance(what, costs);
    if (!instance) return std::move(instance).error();
    auto placed = std::invoke(solve, *instance, left / static_cast<double>(choices.size() - i));
    if (!placed) return std::move(placed).error();
    left = std::max(0.0, left - placed->solve_seconds);
    all.push_back({*std::move(instance), *std::move(placed)});
  }
  return detail::best_of(std::move(all));
}

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/micro_batches.ipp>
#endif

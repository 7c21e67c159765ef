// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/partition/link_ledger.hpp>
#include <lingualinked/partition/validate.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lingualinked::inline v0 {

/// What a plan costs.
struct evaluation {
  double lap_seconds = 0;         // T: one token, once around
  double bottleneck_seconds = 0;  // P: the busiest stage or link, for one token
  double tau_seconds = 0;         // max(T, sequences * P): one token of every sequence
  std::vector<double> stage_seconds;
  std::vector<std::uint64_t> stage_memory_bytes;
  std::optional<double> joules_per_token;    // empty: a device of the plan does not state its powers
  std::vector<double> stage_joules;          // in one round, as far as powers are known; else 0
  std::optional<double> prompt_seconds;      // until the first token, with the best chunk; empty: nothing is known of prompts
  std::uint32_t prompt_chunk_tokens = 0;     // that chunk
  std::optional<double> completion_seconds;  // prompt_seconds + generate_tokens * tau
  double objective_value = 0;                // what the instance asks to be least

  friend bool operator==(const evaluation&, const evaluation&) = default;
};

/// Memory of the modules [first, end) on one device: what each keeps, less tied_bytes when first and last module are both there.
/// Requires  a validated instance, first < end <= modules
[[nodiscard]] std::uint64_t interval_memory_bytes(const placement_instance& instance, std::size_t first,
                                                  std::size_t end) noexcept;

/// The first module of [first, end) that is not allowed on the device, or end.
[[nodiscard]] inline std::size_t first_forbidden(const placement_instance::device& device, std::size_t first, std::size_t end) {
  const auto& forbidden = device.forbidden_modules;
  const auto found = std::lower_bound(forbidden.begin(), forbidden.end(), first);
  return found == forbidden.end() ? end : std::min(*found, end);
}

/// Whether a device may run the modules [first, end): they are allowed there, and fit into its memory.
/// Requires  as interval_memory_bytes
[[nodiscard]] inline bool interval_fits(const placement_instance& instance, std::size_t device, std::size_t first,
                                        std::size_t end) {
  const auto& where = instance.devices[device];
  return first_forbidden(where, first, end) == end && interval_memory_bytes(instance, first, end) <= where.memory_bytes;
}

namespace detail {

/// Seconds until the first token: pieces of the prompt follow each other through the stages.
///   lap of one piece + (pieces - 1) * its busiest stage or link, for the chunk with which that is least
result<void> add_prompt(const placement_instance& instance, std::span<const stage_interval> stages,
                        std::span<const std::size_t> device_of, link_ledger& ledger, evaluation& found);

/// Budgets count as kept when they are exceeded by less than rounding.
inline constexpr double battery_slack = 1 + 1e-9;

/// Joules: of each device of the plan, active while its stage works on the K sequences of a round and idle else; and of links.
result<void> add_energy(const placement_instance& instance, std::span<const stage_interval> stages, double link_joules,
                        evaluation& found);

/// evaluate() for many plans of one instance.
/// Requires  a validated instance, the one that the ledger is of
[[nodiscard]] result<evaluation> evaluate_with(const placement_instance& instance, std::span<const stage_interval> stages,
                                               link_ledger& ledger);

}  // namespace detail

/// What a plan costs by the definition alone; it shares no code with the solvers, which are checked against it.
///   T = modules + hops + edges between devices + header to first stage and last stage to header
///   P = max(each stage's seconds, each link's bytes / bandwidth),  tau = max(T, sequences * P)
///   and energy, the time of the prompt and the objective as README.md, "Planning", has them
/// Errors    malformed from validate_instance; invalid_argument for stages that are no plan; infeasible naming the bytes or the
///           missing link
/// Cost      linear in the instance, times the logarithm of its links
[[nodiscard]] result<evaluation> evaluate(const placement_instance& instance, std::span<const stage_interval> stages);

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/evaluate.ipp>
#endif

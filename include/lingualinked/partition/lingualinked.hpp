// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/partition/chain.hpp>
#include <lingualinked/partition/given_plan.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace lingualinked::inline v0 {

namespace detail {

/// The instance in which tau is the objective of the LinguaLinked paper, but for the sum of all latencies, which it adds to every
/// plan alike: one sequence, no KV cache, no saving of tied weights, no time beside modules, links without latency, module 0 on
/// the header's device. Elsewhere module 0 takes longer than any whole plan, `beyond_seconds`.
[[nodiscard]] inline placement_instance lingualinked_problem(placement_instance instance, double& beyond_seconds) {
  instance.goal = objective::latency;
  instance.sequences = 1;
  instance.context_tokens = 0;
  instance.tied_bytes = 0;
  for (auto& d : instance.devices) {
    d.stage_seconds = 0;
    d.battery_joules.reset();
  }
  for (link& l : instance.links) l.quality.latency_seconds = 0;
  beyond_seconds = never;
  if (!instance.header) return instance;
  const double ceiling = tau_ceiling(instance);
  beyond_seconds = ceiling > 0 ? 2 * ceiling : 1;
  for (std::size_t d = 0; d < instance.devices.size(); ++d)
    if (d != *instance.header) instance.devices[d].module_seconds[0] = beyond_seconds;
  return instance;
}

}  // namespace detail

/// The plan that is best by the objective of the LinguaLinked paper, to compare others with:
///   least sum of module_seconds + sum over tensors between devices of bytes / bandwidth
/// where each device's modules are consecutive, their weights fit its memory, and the header (if one is named) holds module 0.
/// Latency is the same for all plans, the KV cache needs no memory, and nothing is said of several sequences. What it costs is
/// tau as for every plan; where the plan breaks a limit that the objective does not know, the status is unknown. Links count in
/// bytes per second and the tail returns a token id: the published code mistakes units and returns all logits.
/// Errors    as chain; unsupported above the sizes below, and for more than eight open producers of edges
/// Cost      as chain with one sequence
/// Source    Zhao et al. 2023, LinguaLinked, arXiv 2312.00388, by the published code of its optimiser
struct lingualinked_partitioner {
  static constexpr std::string_view name = "lingualinked";
  static constexpr std::size_t most_devices = 16;
  static constexpr std::size_t most_modules = 512;

  [[nodiscard]] result<placement> solve(const placement_instance& instance, double time_limit_seconds) const {
    if (auto valid = validate_instance(instance); !valid) return valid.error();
    if (instance.devices.size() > most_devices || instance.modules.size() > most_modules)
      return error{errc::unsupported, "lingualinked plans up to " + std::to_string(most_modules) + " modules on up to " +
                                          std::to_string(most_devices) + " devices, and there are " +
                                          std::to_string(instance.modules.size()) + " on " +
                                          std::to_string(instance.devices.size()) + ": use chain"};
    double beyond_seconds = 0;
    const placement_instance theirs = detail::lingualinked_problem(instance, beyond_seconds);
    auto best = chain_partitioner{detail::most_open_producers}.solve(theirs, time_limit_seconds);
    if (!best && best.error().code == errc::unsupported)
      return error{errc::unsupported, "lingualinked solves by chain, and " + best.error().message};
    if (!best) return best.error();
    if (best->status == solve_status::optimal && best->objective_seconds < beyond_seconds)
      return detail::price_given_plan(instance, std::move(best->stages), name);
    placement none;
    none.solver = name;
    const auto shortage = detail::obvious_shortage(instance);
    none.status = shortage ? solve_status::infeasible : solve_status::unknown;
    if (shortage) none.reason = *shortage;
    else if (best->status == solve_status::optimal)
      none.reason = "no plan that fits has module 0 on the header, as lingualinked asks";
    else if (best->status == solve_status::infeasible) none.reason = best->reason;
    else none.reason = "not proved within " + detail::number_text(time_limit_seconds) + " s";
    return none;
  }

  template <Graph G>
  [[nodiscard]] result<placement> partition(const problem<G>& what) const {
    return detail::solve_graph(*this, what);
  }
};

}  // namespace lingualinked::inline v0

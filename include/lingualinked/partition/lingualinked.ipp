// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/lingualinked.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace lingualinked::inline v0::detail {

/// The instance in which tau is the objective of the LinguaLinked paper, but for the sum of all latencies, which it adds to every
/// plan alike: one sequence, no KV cache, no saving of tied weights, no time beside modules, links without latency, module 0 on
/// the header's device. Elsewhere module 0 takes longer than any whole plan, `beyond_seconds`.
inline placement_instance lingualinked_problem(placement_instance instance, double& beyond_seconds) {
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

}  // namespace lingualinked::inline v0::detail

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<placement> lingualinked_partitioner::solve(const placement_instance& instance,
                                                                         double time_limit_seconds) const {
  if (auto valid = validate_instance(instance); !valid) return valid.error();
  if (instance.devices.size() > most_devices || instance.modules.size() > most_modules)
    return error{errc::unsupported, "lingualinked plans up to " + std::to_string(most_modules) + " modules on up to " +
                                        std::to_string(most_devices) + " devices, and there are " +
                                        std::to_string(instance.modules.size()) + " on " +
                                        std::to_string(instance.devices.size()) + ": use chain"};
  const auto start = std::chrono::steady_clock::now();
  double beyond_seconds = 0;
  const placement_instance theirs = detail::lingualinked_problem(instance, beyond_seconds);
  auto best = chain_partitioner{detail::most_open_producers}.solve(theirs, time_limit_seconds);
  if (!best && best.error().code == errc::unsupported)
    return error{errc::unsupported, "lingualinked solves by chain, and " + best.error().message};
  if (!best) return best.error();
  if (best->status == solve_status::optimal && best->objective_seconds < beyond_seconds) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    return detail::price_given_plan(instance, std::move(best->stages), name, time_limit_seconds - taken.count());
  }
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

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/bounds.hpp>
#include <lingualinked/partition/label_search.hpp>
#include <lingualinked/partition/quick_plan.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace lingualinked::inline v0::detail {

/// Whether an instance asks for more than the least tau.
[[nodiscard]] inline bool weighs_more_than_tau(const placement_instance& instance) {
  return !minimises_tau(instance.goal) || has_batteries(instance);
}

/// The same problem with tau as all that counts: what is least there is a bound on tau here.
[[nodiscard]] inline placement_instance tau_alone(placement_instance instance) {
  instance.goal = objective::latency;
  for (auto& d : instance.devices) d.battery_joules.reset();
  return instance;
}

/// What label searches find over all first devices and all sizes of chunks.
struct label_answer {
  valued_plan best;
  double bound = 0;  // no plan is better
  search_end end = search_end::complete;
};

/// Offers stages as a plan to better.
inline void offer_plan(const placement_instance& instance, std::vector<stage_interval> stages, valued_plan& best) {
  const auto cost = evaluate(instance, stages);
  if (cost && cost->objective_value < best.value) best = {std::move(stages), cost->objective_value};
}

/// No plan is better at what the instance asks for, edges left out of account.
/// least_tau  no plan has a smaller one
[[nodiscard]] inline double least_value(const placement_tables& t, double least_tau) {
  valued_plan alone;
  for (std::size_t d = 0; d < t.devices; ++d) offer_plan(*t.instance, {{d, 0, t.modules - 1}}, alone);
  double bound = alone.value;
  const std::size_t chunks = t.instance->goal == objective::completion ? t.instance->chunk_tokens.size() : 1;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const label_costs costs(t, chunk);
    for (const auto& first : first_devices(t)) bound = std::min(bound, label_search(costs, first, least_tau).bound());
  }
  return bound == never ? 0 : bound;
}

/// The best plan for what the instance asks for.
/// least_tau  no plan has a smaller one
/// known      a plan to better, or none
[[nodiscard]] inline label_answer best_by_labels(const placement_tables& t, double least_tau, std::vector<stage_interval> known,
                                                 label_search::time_point deadline) {
  const placement_instance& p = *t.instance;
  label_answer answer;
  offer_plan(p, quick_plan(p), answer.best);  // every device alone is among what that compares
  if (!known.empty()) offer_plan(p, std::move(known), answer.best);
  const std::size_t chunks = p.goal == objective::completion ? p.chunk_tokens.size() : 1;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const label_costs costs(t, chunk);
    for (const auto& first : first_devices(t)) {
      if (answer.end == search_end::complete) answer.end = label_search(costs, first, least_tau).run(answer.best, deadline);
    }
  }
  answer.bound = answer.end == search_end::complete ? answer.best.value : std::min(least_value(t, least_tau), answer.best.value);
  return answer;
}

}  // namespace lingualinked::inline v0::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/chain.hpp>
#include <lingualinked/partition/fewer_devices.hpp>
#include <lingualinked/partition/quick_plan.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL void chain_search::run() {
  for (std::size_t d = 0; d < t_.devices; ++d)
    if (const auto plan = single_stage(t_, d)) offer(*plan);
  std::vector<stage_interval> quick = quick_plan(*t_.instance);
  if (const auto cost = evaluate(*t_.instance, quick))
    offer({std::move(quick), cost->lap_seconds, cost->bottleneck_seconds, cost->tau_seconds});
  bound_ = std::min(bounds_.least_tau(), best_.tau_seconds);
  if (bound_ < best_.tau_seconds && t_.sequences > 1 && meets_bound()) return;
  if (bound_ < best_.tau_seconds && t_.devices > few_devices) guess();
  // Bounds are near the truth as a rule: looking just above them first keeps the searches small.
  constexpr double growth[] = {1.001, 1.02, 1.1, 1.5};
  constexpr int bisections = 8;
  int probes = 0;
  while (best_.tau_seconds > bound_ * (1 + 2 * closeness) && end_ == search_end::complete) {
    const double just_below = best_.tau_seconds * (1 - closeness);
    double target = just_below;
    if (probes < 4) target = std::min(bound_ * growth[probes], just_below);
    else if (best_.tau_seconds < never && probes < 4 + bisections && just_below > bound_ * (1 + 1e-3))
      target = bound_ + (best_.tau_seconds - bound_) / 2;
    ++probes;
    const auto lap = search({target}, false);
    if (end_ != search_end::complete) break;
    if (!lap && target == never) {
      bound_ = never;
      break;
    }
    bound_ = std::min(std::max(bound_, lap.value_or(target)), best_.tau_seconds);
  }
  if (end_ == search_end::complete && best_.tau_seconds < never) break_ties();
}

LINGUALINKED_CORE_DECL bool chain_search::meets_bound() {
  const auto start = clock::now();
  const auto lap = search({bound_ * (1 + tie), no_device, no_device, start + (deadline_ - start) / 4}, true);
  end_ = search_end::complete;
  if (!lap) return false;
  bound_ = std::min(bound_, best_.tau_seconds);
  return true;
}

LINGUALINKED_CORE_DECL void chain_search::guess() {
  double target = best_.tau_seconds;
  constexpr int rounds = 8;
  for (int round = 0; round < rounds && end_ == search_end::complete; ++round) {
    const double before = best_.tau_seconds;
    if (!search({target, no_device, beam}, false) || best_.tau_seconds >= before) break;
    if (best_.tau_seconds <= bound_ * (1 + 1e-3)) break;
    target = bound_ + (best_.tau_seconds - bound_) / 2;
  }
}

LINGUALINKED_CORE_DECL std::optional<double> chain_search::search(const reach& r, bool fewest) {
  subset_search::limits limits{r.tau_seconds, fewest, r.most_stages, r.beam, std::min(r.deadline, deadline_)};
  std::optional<priced_plan> shortest;
  if (clock::now() >= limits.deadline) {
    end_ = search_end::out_of_time;
    return std::nullopt;
  }
  for (const lap_bounds& bounds : bounds_.within(r.tau_seconds)) {
    if (bounds.lap_seconds > limits.lap_seconds) continue;
    subset_search search(t_, slots_, bounds);
    auto plan = search.run(limits);
    end_ = search.end();
    if (end_ != search_end::complete) break;
    if (!plan) continue;
    const bool fewer = fewest && shortest && plan->stages.size() < shortest->stages.size();
    if (!shortest || fewer || plan->lap_seconds < shortest->lap_seconds) shortest = std::move(plan);
    if (fewest) limits.most_stages = shortest->stages.size();
    else limits.lap_seconds = shortest->lap_seconds;
  }
  if (!shortest) return std::nullopt;
  if (const auto cost = evaluate(*t_.instance, shortest->stages)) {
    shortest->bottleneck_seconds = cost->bottleneck_seconds;
    shortest->tau_seconds = std::max(shortest->lap_seconds, t_.sequences * cost->bottleneck_seconds);
  }
  if (!fewest) offer(*shortest);
  if (end_ != search_end::complete) return std::nullopt;
  if (fewest) best_ = *shortest;
  return shortest->lap_seconds;
}

LINGUALINKED_CORE_DECL void chain_search::break_ties() {
  const double limit = best_.tau_seconds * (1 + tie);
  std::optional<priced_plan> single;
  for (std::size_t d = 0; d < t_.devices; ++d) {
    const auto plan = single_stage(t_, d);
    if (plan && plan->tau_seconds <= limit && (!single || plan->lap_seconds < single->lap_seconds)) single = plan;
  }
  if (single) best_ = *single;
  else search({limit, best_.stages.size()}, true);
}

}  // namespace lingualinked::inline v0::detail

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<placement> chain_partitioner::solve(const placement_instance& instance,
                                                                  double time_limit_seconds) const {
  const auto start = detail::chain_search::clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(detail::chain_search::clock::now() - start).count(); };
  auto plan = search(instance, time_limit_seconds);
  if (!plan) return plan;
  if (plan->status == solve_status::infeasible && plan->reason.empty())
    plan->reason = reason_for_infeasible(instance, time_limit_seconds - elapsed());
  plan->solve_seconds = elapsed();
  return plan;
}

LINGUALINKED_CORE_DECL std::string chain_partitioner::reason_for_infeasible(const placement_instance& instance,
                                                                            double time_limit_seconds) {
  const auto deadline = detail::deadline_after(detail::chain_search::clock::now(), time_limit_seconds);
  const auto again = [deadline](const placement_instance& lifted) {
    constexpr double patience_seconds = 5;
    const std::chrono::duration<double> left = deadline - detail::chain_search::clock::now();
    return chain_partitioner{}.search(lifted, std::min(left.count(), patience_seconds));
  };
  if (instance.devices.size() <= most_devices) return detail::reason_for_infeasible(instance, instance, again);
  const auto part = detail::with_devices(instance, detail::roomy_devices(instance, most_devices));
  return detail::reason_for_infeasible(instance, part, again);
}

LINGUALINKED_CORE_DECL result<placement> chain_partitioner::search(const placement_instance& instance,
                                                                   double time_limit_seconds) const {
  const auto start = detail::chain_search::clock::now();
  auto answer = detail::answer_at_once(instance, name);
  if (!answer) return answer.error();
  if (*answer) return **std::move(answer);
  if (instance.devices.size() > most_devices)
    return error{errc::unsupported, "chain plans over at most " + std::to_string(most_devices) + " devices, and there are " +
                                        std::to_string(instance.devices.size()) + ": use glpk, or leave some out"};
  const auto tables = detail::make_tables(instance);
  if (!tables) return tables.error();
  if (detail::weighs_more_than_tau(instance)) return weigh(*tables, time_limit_seconds);
  const auto slots = detail::make_edge_slots(instance, std::min(most_open_producers, detail::most_open_producers));
  if (!slots) return slots.error();

  detail::chain_search search(*tables, *slots, detail::deadline_after(start, time_limit_seconds));
  search.run();
  placement plan;
  plan.solver = name;
  plan.stages = search.best().stages;
  plan.objective_seconds = plan.stages.empty() ? 0 : search.best().tau_seconds;
  plan.bound_seconds = search.bound() == detail::never ? 0 : search.bound();
  if (!plan.stages.empty()) plan.bound_seconds = std::min(plan.bound_seconds, plan.objective_seconds);
  return with_status(std::move(plan), search.end(), instance, time_limit_seconds);
}

LINGUALINKED_CORE_DECL result<placement> chain_partitioner::weigh(const detail::placement_tables& tables,
                                                                  double time_limit_seconds) {
  const auto start = detail::chain_search::clock::now();
  const placement_instance& instance = *tables.instance;
  if (!instance.edges.empty())
    return error{errc::unsupported, "chain follows no edges where energy, batteries or prompts count: use glpk"};
  // The plan with the least tau is one to better, and its tau bounds every other's.
  const auto quickest = chain_partitioner{}.search(detail::tau_alone(instance), time_limit_seconds / 3);
  if (!quickest) return quickest.error();
  placement plan;
  plan.solver = name;
  if (quickest->status == solve_status::infeasible) {
    plan.status = quickest->status;
    plan.reason = quickest->reason;
    return plan;
  }
  const auto deadline = detail::deadline_after(start, time_limit_seconds);
  const auto answer = detail::best_by_labels(tables, quickest->bound_seconds, quickest->stages, deadline);
  plan.stages = answer.best.stages;
  if (const auto cost = evaluate(instance, plan.stages)) {
    plan.objective_seconds = cost->tau_seconds;
    if (minimises_tau(instance.goal)) {
      plan.bound_seconds = std::min(answer.bound, cost->tau_seconds);
    } else {
      plan.objective_value = cost->objective_value;
      plan.bound_value = std::min(answer.bound, cost->objective_value);
    }
  }
  return with_status(std::move(plan), answer.end, instance, time_limit_seconds);
}

LINGUALINKED_CORE_DECL result<placement> chain_partitioner::with_status(placement plan, detail::search_end end,
                                                                        const placement_instance& instance,
                                                                        double time_limit_seconds) {
  if (end == detail::search_end::complete) {
    plan.status = plan.stages.empty() ? solve_status::infeasible : solve_status::optimal;
  } else if (!plan.stages.empty()) {
    // Time may have ended among ties, when all was proved.
    constexpr double proved_gap = 1e-6;
    const bool proved = minimises_tau(instance.goal) && plan.objective_seconds <= plan.bound_seconds * (1 + proved_gap);
    plan.status = proved ? solve_status::optimal : solve_status::feasible;
  } else if (end == detail::search_end::out_of_memory) {
    return error{errc::unsupported, "chain needs more than " + std::to_string(detail::state_limit) + " states for " +
                                        std::to_string(instance.devices.size()) + " devices and " +
                                        std::to_string(instance.modules.size()) +
                                        " modules: use glpk, or leave some devices out"};
  } else {
    plan.reason = "no plan found within " + detail::number_text(time_limit_seconds) + " s";
  }
  return plan;
}

}  // namespace lingualinked::inline v0

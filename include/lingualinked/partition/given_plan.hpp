// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/partition/bounds.hpp>
#include <lingualinked/partition/evaluate.hpp>
#include <lingualinked/partition/infeasible.hpp>
#include <lingualinked/partition/label_plan.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

/// No plan has a smaller tau; 0 when the instance is too large to say, or no plan is known to exist, or there is no time.
[[nodiscard]] inline double tau_floor(const placement_instance& instance, double seconds) {
  if (!(seconds > 0)) return 0;
  const auto tables = make_tables(instance);
  if (!tables) return 0;
  double floor = tau_bounds(*tables, deadline_after(std::chrono::steady_clock::now(), seconds)).least_tau();
  for (std::size_t d = 0; d < tables->devices; ++d)
    if (const auto plan = single_stage(*tables, d)) floor = std::min(floor, plan->tau_seconds);
  return floor == never ? 0 : floor;
}

/// No plan is better at what the instance asks for, where that is not tau; 0 where it would take too long to say.
[[nodiscard]] inline double value_floor(const placement_instance& instance, double seconds) {
  constexpr std::size_t many = 16;
  if (!(seconds > 0) || instance.devices.size() > many) return 0;
  const auto tables = make_tables(instance);
  return tables ? least_value(*tables, tau_floor(instance, seconds)) : 0;
}

/// The placement for stages that some rule gives: feasible with what it costs and a bound on what is possible, or, where the
/// stages break a limit, unknown with the reason, since another rule may find a plan; infeasible when no rule could. The bound
/// takes a second at most, and none at all where the time limit is 0: then it is 0.
/// Errors    malformed and limit from validate_instance, invalid_argument when the stages are no plan
[[nodiscard]] inline result<placement> price_given_plan(const placement_instance& instance, std::vector<stage_interval> stages,
                                                        std::string_view solver, double time_limit_seconds) {
  placement plan;
  plan.solver = solver;
  const auto cost = evaluate(instance, stages);
  if (cost) {
    plan.objective_seconds = cost->tau_seconds;
    const bool tau = minimises_tau(instance.goal);
    const double patience = std::min(time_limit_seconds, 1.0);
    const double floor = tau ? tau_floor(instance, patience) : value_floor(instance, patience);
    const double bound = std::min(floor, cost->objective_value);
    (tau ? plan.bound_seconds : plan.bound_value) = bound;
    if (!tau) plan.objective_value = cost->objective_value;
    plan.status = cost->objective_value <= bound * (1 + 1e-6) ? solve_status::optimal : solve_status::feasible;
    plan.stages = std::move(stages);
    return plan;
  }
  if (cost.error().code != errc::infeasible) return cost.error();
  const auto shortage = obvious_shortage(instance);
  plan.status = shortage ? solve_status::infeasible : solve_status::unknown;
  plan.reason = shortage ? *shortage : cost.error().message;
  return plan;
}

}  // namespace lingualinked::inline v0::detail

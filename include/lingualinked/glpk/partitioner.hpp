// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// GLPK is licensed under GPL-3.0-or-later: a program that includes this header and links GLPK is conveyed under that licence.
// The library itself never includes it; programs ask for it by name.
#pragma once

#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/glpk/interval_model.hpp>
#include <lingualinked/partition/chain.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace lingualinked::inline v0 {

/// The exact plan by a mixed-integer program, solved and proved by GLPK.
///   least tau = max(T, sequences * P); edges of any number and shape
/// A plan from chain, where that applies, cuts away columns that cannot better it; GLPK then finds its own plan and proves its
/// own
/// bound. Among plans within the proved gap of 1e-6 any may be returned.
/// Errors    as validate_instance and make_tables; limit when the program would have too many columns; internal when GLPK fails
/// and
///           chain has no plan either
struct glpk_partitioner {
  static constexpr std::string_view name = "glpk";
  bool start_from_chain = true;  // false: GLPK alone, to check one with the other

  [[nodiscard]] result<placement> solve(const placement_instance& instance, double time_limit_seconds) const {
    const auto start = clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(clock::now() - start).count(); };
    if (auto valid = validate_instance(instance); !valid) return valid.error();
    placement plan;
    plan.solver = name;
    if (auto shortage = detail::obvious_shortage(instance)) {
      plan.status = solve_status::infeasible;
      plan.reason = std::move(*shortage);
      return plan;
    }
    const auto tables = detail::make_tables(instance);
    if (!tables) return tables.error();
    placement known;
    if (start_from_chain) known = first_plan(instance, time_limit_seconds / 2);
    if (known.status != solve_status::infeasible) {
      if (auto solved = solve_program(instance, *tables, known, time_limit_seconds - elapsed()); !solved) return solved.error();
      else plan = std::move(*solved);
    } else {
      plan.status = known.status;
      plan.reason = known.reason;
    }
    plan.solve_seconds = elapsed();
    return plan;
  }

  template <Graph G>
  [[nodiscard]] result<placement> partition(const problem<G>& what) const {
    const auto instance = make_instance(what);
    if (!instance) return instance.error();
    return solve(*instance, what.options.time_limit_seconds);
  }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr double proved_gap = 1e-6;

  /// A plan to start from, or the proof that there is none; unknown when chain does not say. Without the edges, chain solves an
  /// easier problem: what is infeasible there is infeasible, and its plan costs what it costs with them.
  [[nodiscard]] static placement first_plan(const placement_instance& instance, double time_limit_seconds) {
    placement nothing;
    auto plan = chain_partitioner{}.solve(instance, time_limit_seconds);
    if (plan) return *plan;
    if (instance.edges.empty()) return nothing;
    placement_instance without = instance;
    without.edges.clear();
    plan = chain_partitioner{}.solve(without, time_limit_seconds);
    if (!plan) return nothing;
    if (plan->status == solve_status::infeasible) return *plan;
    const auto cost = evaluate(instance, plan->stages);
    if (!cost) return nothing;
    plan->objective_seconds = cost->tau_seconds;
    plan->status = solve_status::feasible;
    return *plan;
  }

  [[nodiscard]] static result<placement> solve_program(const placement_instance& instance, const detail::placement_tables& tables,
                                                       const placement& known, double time_limit_seconds) {
    detail::tau_bounds bounds(tables);
    double least = bounds.least_tau();
    for (std::size_t d = 0; d < tables.devices; ++d)
      if (const auto alone = detail::single_stage(tables, d)) least = std::min(least, alone->tau_seconds);
    placement plan;
    plan.solver = name;
    if (least == detail::never) {
      plan.status = solve_status::infeasible;
      plan.reason = chain_partitioner::reason_for_infeasible(instance, time_limit_seconds);
      return plan;
    }
    const double slack = 1 + proved_gap;  // leaves room for GLPK to find the known plan itself
    const double most = known.stages.empty() ? detail::never : known.objective_seconds * slack;
    const detail::interval_model model(tables, bounds, least / slack, most);
    if (model.too_large() && known.stages.empty())
      return error{errc::limit, "the program for " + std::to_string(instance.modules.size()) + " modules on " +
                                    std::to_string(instance.devices.size()) + " devices has more than " +
                                    std::to_string(detail::column_limit) +
                                    " columns of one kind; plan with fewer devices or coarser modules"};
    using outcome = detail::mip_answer::outcome;
    detail::mip_answer answer;
    if (!model.too_large()) answer = detail::solve_mip(model.program(), time_limit_seconds);

    plan.bound_seconds = std::max(least, answer.bound * (1 - detail::glpk_gap) * model.scale());
    if (answer.what == outcome::optimal)
      plan.bound_seconds = std::max(least, answer.objective * (1 - 2 * detail::glpk_gap) * model.scale());
    if (answer.what == outcome::optimal || answer.what == outcome::feasible) {
      plan.stages = model.stages(answer.values);
      const auto cost = evaluate(instance, plan.stages);
      if (cost) plan.objective_seconds = cost->tau_seconds;
      else plan.stages.clear();
    }
    if (!known.stages.empty() && (plan.stages.empty() || known.objective_seconds < plan.objective_seconds)) {
      plan.stages = known.stages;
      plan.objective_seconds = known.objective_seconds;
    }
    if (plan.stages.empty()) return no_plan(instance, answer.what, std::move(plan), time_limit_seconds);
    plan.bound_seconds = std::min(plan.bound_seconds, plan.objective_seconds);
    plan.status =
        plan.objective_seconds <= plan.bound_seconds * (1 + proved_gap) ? solve_status::optimal : solve_status::feasible;
    return plan;
  }

  [[nodiscard]] static result<placement> no_plan(const placement_instance& instance, detail::mip_answer::outcome what,
                                                 placement plan, double time_limit_seconds) {
    using outcome = detail::mip_answer::outcome;
    if (what == outcome::infeasible) {
      plan.status = solve_status::infeasible;
      plan.bound_seconds = 0;
      plan.reason = chain_partitioner::reason_for_infeasible(instance, time_limit_seconds);
      return plan;
    }
    if (what != outcome::nothing) return error{errc::internal, "GLPK gave up on the program; use chain"};
    plan.status = solve_status::unknown;
    plan.reason = "no plan found within " + detail::number_text(time_limit_seconds) + " s";
    return plan;
  }
};

}  // namespace lingualinked::inline v0

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
#include <lingualinked/partition/fewer_devices.hpp>
#include <lingualinked/partition/quick_plan.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// The exact plan by a mixed-integer program, solved and proved by GLPK.
///   least tau = max(T, sequences * P), or what else the instance asks for; edges of any number and shape
/// A plan from chain, where that applies, cuts away columns that cannot better it; GLPK then finds its own plan and proves its
/// own bound. Where it cannot within five seconds and chain has a proof, that proof stands. Among plans within the proved gap of
/// 1e-6 any may be returned.
/// Errors    as validate_instance and make_tables
struct glpk_partitioner {
  static constexpr std::string_view name = "glpk";
  bool start_from_chain = true;  // false: GLPK alone, to check one with the other

  [[nodiscard]] result<placement> solve(const placement_instance& instance, double time_limit_seconds) const {
    const auto start = clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(clock::now() - start).count(); };
    auto answer = detail::answer_at_once(instance, name);
    if (!answer) return answer.error();
    if (*answer) return **std::move(answer);
    const auto tables = detail::make_tables(instance);
    if (!tables) return tables.error();
    placement plan;
    plan.solver = name;
    placement known;
    if (start_from_chain) {
      known = first_plan(instance, time_limit_seconds * chain_share(instance));
      if (known.status == solve_status::unknown) known = quick(instance);
    }
    if (known.status == solve_status::infeasible) {
      plan.status = known.status;
      plan.reason = known.reason;
    } else {
      plan = solve_program(instance, *tables, known, detail::deadline_after(start, time_limit_seconds));
      if (plan.status == solve_status::unknown && plan.reason.empty())
        plan.reason = "no plan found within " + detail::number_text(time_limit_seconds) + " s";
      if (plan.status == solve_status::infeasible)
        plan.reason = chain_partitioner::reason_for_infeasible(instance, time_limit_seconds - elapsed());
    }
    plan.solve_seconds = elapsed();
    return plan;
  }

  template <Graph G>
  [[nodiscard]] result<placement> partition(const problem<G>& what) const {
    return detail::solve_graph(*this, what);
  }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr double proved_gap = 1e-6;
  /// Enough for fleets of any home; programs with many edges can take minutes.
  static constexpr double second_proof_seconds = 5;

  /// What of the time is chain's: of programs with many hops GLPK seldom sees the end.
  [[nodiscard]] static double chain_share(const placement_instance& p) {
    constexpr std::size_t many_hops = 200'000;
    return p.devices.size() * p.devices.size() * p.modules.size() > many_hops ? 0.75 : 0.5;
  }

  /// A plan to start from, or the proof that there is none; unknown when chain does not say. Without the edges, chain solves an
  /// easier problem: what is infeasible there is infeasible, and its plan costs what it costs with them. With fewer devices it
  /// solves a harder one: its plan is a plan.
  [[nodiscard]] static placement first_plan(const placement_instance& instance, double time_limit_seconds) {
    constexpr std::size_t enough_devices = 32;
    const chain_partitioner chain{detail::most_open_producers};
    if (instance.devices.size() > chain_partitioner::most_devices) {
      const std::vector<std::size_t> chosen = detail::promising_devices(instance, enough_devices);
      placement plan = first_plan(detail::with_devices(instance, chosen), time_limit_seconds);
      for (stage_interval& stage : plan.stages) stage.device = chosen[stage.device];
      if (plan.stages.empty()) plan = {};
      bound_of(instance, plan) = 0;
      return plan;
    }
    const auto exact = chain.solve(instance, instance.edges.empty() ? time_limit_seconds : time_limit_seconds / 2);
    if (exact && (exact->status != solve_status::unknown || instance.edges.empty())) return *exact;
    if (instance.edges.empty()) return {};
    placement_instance without = instance;
    without.edges.clear();
    auto plan = chain.solve(without, time_limit_seconds / 4);
    if (!plan) return {};
    if (plan->status == solve_status::infeasible) return *plan;
    const auto cost = evaluate(instance, plan->stages);
    if (!cost) return {};
    value_of(instance, *plan) = cost->objective_value;
    return *plan;  // edges only add to what a plan costs, so the bound holds
  }

  /// A plan without proof where chain knows none; unknown without stages where there is none as easy.
  [[nodiscard]] static placement quick(const placement_instance& instance) {
    placement plan;
    plan.stages = detail::quick_plan(instance);
    if (const auto cost = evaluate(instance, plan.stages)) value_of(instance, plan) = cost->objective_value;
    else plan.stages.clear();
    return plan;
  }

  /// What was minimised, and what bounds it, in the unit of the objective.
  static double& value_of(const placement_instance& p, placement& plan) {
    return minimises_tau(p.goal) ? plan.objective_seconds : plan.objective_value;
  }
  static double& bound_of(const placement_instance& p, placement& plan) {
    return minimises_tau(p.goal) ? plan.bound_seconds : plan.bound_value;
  }

  /// No plan of that value or better has a larger tau.
  [[nodiscard]] static double most_tau(const placement_instance& p, double value) {
    if (minimises_tau(p.goal)) return value;
    if (p.goal == objective::completion) return p.generate_tokens > 0 ? value / p.generate_tokens : detail::never;
    double idle = detail::never;
    for (const auto& d : p.devices) idle = std::min(idle, d.power_idle_watts.value_or(0));
    return idle > 0 ? value * p.sequences / idle : detail::never;
  }

  /// What one program says.
  struct program_answer {
    detail::mip_answer::outcome what = detail::mip_answer::outcome::nothing;
    std::vector<stage_interval> stages;
    double bound = 0;  // of any plan
    bool too_large = false;
  };

  [[nodiscard]] static double seconds_until(clock::time_point deadline) {
    return std::chrono::duration<double>(deadline - clock::now()).count();
  }

  /// limit: plans of a larger value are not wanted. Past the deadline no program is begun, since making one takes time as well.
  [[nodiscard]] static program_answer solve_one(const detail::placement_tables& tables, detail::tau_bounds& bounds,
                                                std::size_t chunk, double least_tau, double limit, clock::time_point deadline) {
    if (seconds_until(deadline) <= 0) return {};
    const placement_instance& p = *tables.instance;
    const detail::label_costs costs(tables, chunk);
    const double most = std::min(most_tau(p, limit), tables.ceiling_seconds);
    const detail::interval_model model(tables, bounds, costs, least_tau, most, limit);
    program_answer r;
    r.too_large = model.too_large();
    if (r.too_large) return r;
    const double left = seconds_until(deadline);
    if (left <= 0) return r;
    const detail::mip_answer answer = detail::solve_mip(model.program(), left);
    using outcome = detail::mip_answer::outcome;
    r.what = answer.what;
    const double bound =
        answer.what == outcome::optimal ? answer.objective * (1 - 2 * detail::glpk_gap) : answer.bound * (1 - detail::glpk_gap);
    r.bound = answer.what == outcome::infeasible ? limit : bound * model.scale();
    if (answer.what == outcome::optimal || answer.what == outcome::feasible) r.stages = model.stages(answer.values);
    return r;
  }

  /// The same where no plan is known: GLPK's numbers would be of too many sizes if plans of any tau were looked for at once, so
  /// it looks for one near the bound, and then farther and farther up.
  [[nodiscard]] static program_answer solve_upwards(const detail::placement_tables& tables, detail::tau_bounds& bounds,
                                                    std::size_t chunk, double least_tau, clock::time_point deadline) {
    constexpr double nearby = 8;
    constexpr double farther = 64;
    constexpr double nothing = 1e-9;  // of the ceiling, where the bound is 0
    double limit = nearby * (least_tau > 0 ? least_tau : nothing * tables.ceiling_seconds);
    while (true) {
      if (!(limit > 0 && limit < tables.ceiling_seconds)) limit = detail::never;
      program_answer answer = solve_one(tables, bounds, chunk, least_tau, limit, deadline);
      if (answer.what != detail::mip_answer::outcome::infeasible || limit == detail::never) return answer;
      limit *= farther;
    }
  }

  [[nodiscard]] static placement solve_program(const placement_instance& instance, const detail::placement_tables& tables,
                                               placement known, clock::time_point deadline) {
    detail::tau_bounds bounds(tables, deadline - (deadline - clock::now()) / 2);
    double least = bounds.least_tau();
    for (std::size_t d = 0; d < tables.devices; ++d)
      if (const auto alone = detail::single_stage(tables, d)) least = std::min(least, alone->tau_seconds);
    placement plan;
    plan.solver = name;
    if (least == detail::never) {
      plan.status = solve_status::infeasible;
      return plan;
    }
    using outcome = detail::mip_answer::outcome;
    const double slack = 1 + proved_gap;  // leaves room for GLPK to find the known plan itself
    const bool proved = !known.stages.empty() && value_of(instance, known) <= bound_of(instance, known) * slack;
    if (!known.stages.empty()) {
      plan.stages = known.stages;
      value_of(instance, plan) = value_of(instance, known);
    }
    // One program for each way to cut the prompt, where that counts.
    const std::size_t programs = instance.goal == objective::completion ? instance.chunk_tokens.size() : 1;
    double bound = detail::never;
    bool complete = true;
    bool impossible = true;
    bool failed = false;
    bool too_large = false;
    for (std::size_t i = 0; i < programs; ++i) {
      double share = seconds_until(deadline) / static_cast<double>(programs - i);
      if (proved) share = std::min(share, second_proof_seconds);
      const double limit = plan.stages.empty() ? detail::never : value_of(instance, plan) * slack;
      const program_answer answer =
          limit == detail::never && minimises_tau(instance.goal)
              ? solve_upwards(tables, bounds, i, least / slack, deadline)
              : solve_one(tables, bounds, i, least / slack, limit, detail::deadline_after(clock::now(), share));
      bound = std::min(bound, answer.bound);
      impossible = impossible && answer.what == outcome::infeasible;
      complete = complete && (answer.what == outcome::optimal || answer.what == outcome::infeasible);
      failed = failed || answer.what == outcome::failed;
      too_large = too_large || answer.too_large;
      if (answer.stages.empty()) continue;
      const auto cost = evaluate(instance, answer.stages);
      if (!cost || (!plan.stages.empty() && cost->objective_value >= value_of(instance, plan))) continue;
      plan.stages = answer.stages;
      value_of(instance, plan) = cost->objective_value;
    }
    // The known plan is within the limit: then "no solution" is GLPK's rounding, and proves nothing.
    if (impossible && !plan.stages.empty()) {
      bound = 0;
      complete = false;
    }
    double& proof = bound_of(instance, plan);
    proof = std::max(bound == detail::never ? 0 : bound, minimises_tau(instance.goal) ? least : 0);
    // What GLPK did not prove, chain may have proved.
    if (!known.stages.empty() && (!complete || value_of(instance, plan) > proof * slack))
      proof = std::max(proof, std::min(bound_of(instance, known), value_of(instance, plan)));
    if (plan.stages.empty()) {
      plan.status = impossible ? solve_status::infeasible : solve_status::unknown;
      if (failed) plan.reason = "GLPK gave up on the program; use chain, or plan with fewer devices or coarser modules";
      if (too_large)
        plan.reason = "the program for " + std::to_string(instance.modules.size()) + " modules, " +
                      std::to_string(instance.devices.size()) + " devices and " + std::to_string(instance.edges.size()) +
                      " edges is too large for GLPK; plan with fewer devices or coarser modules";
      return plan;
    }
    if (const auto cost = evaluate(instance, plan.stages)) plan.objective_seconds = cost->tau_seconds;
    proof = std::min(proof, value_of(instance, plan));
    plan.status = value_of(instance, plan) <= proof * (1 + proved_gap) ? solve_status::optimal : solve_status::feasible;
    return plan;
  }
};

}  // namespace lingualinked::inline v0

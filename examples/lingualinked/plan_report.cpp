// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "plan_report.hpp"

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/core/sha256.hpp>
#include <lingualinked/documents/fleet.hpp>
#include <lingualinked/partition/chain.hpp>
#include <lingualinked/partition/cost_model.hpp>
#include <lingualinked/partition/evaluate.hpp>
#include <lingualinked/partition/even.hpp>
#include <lingualinked/partition/explanation.hpp>
#include <lingualinked/partition/lingualinked.hpp>
#include <lingualinked/partition/proportional.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace tool {

namespace {

/// What a solver minimises is said of one token; a micro-batch spends the joules of several.
double tokens_of_value(const ll::placement_instance& instance) {
  return instance.goal == ll::objective::energy ? instance.micro_batch_sequences : 1;
}

template <class Partitioner>
ll::plan_document::baseline baseline_of(const Partitioner& rule, const ll::placement_instance& instance, double seconds = 0) {
  const auto plan = rule.solve(instance, seconds);
  if (!plan) return {false, std::nullopt, plan.error().message};
  if (plan->stages.empty()) return {false, std::nullopt, plan->reason};
  return {true, plan->objective_seconds / instance.all_sequences(), std::nullopt};
}

/// Everything on the one device where that is fastest.
ll::plan_document::baseline single_baseline(const ll::placement_instance& instance, time_point deadline) {
  double best = std::numeric_limits<double>::infinity();
  ll::detail::link_ledger ledger(instance);
  const auto largest = std::ranges::max_element(instance.devices, {}, &ll::placement_instance::device::memory_bytes);
  std::string reason = "there is no device";
  for (std::size_t d = 0; d < instance.devices.size(); ++d) {
    if (time_point::clock::now() >= deadline && best == std::numeric_limits<double>::infinity())
      return {false, std::nullopt, "no time was left to look into it"};
    const ll::stage_interval whole{d, 0, instance.modules.size() - 1};
    const auto cost = ll::detail::evaluate_with(instance, std::span(&whole, 1), ledger);
    if (cost) best = std::min(best, cost->tau_seconds);
    else if (&instance.devices[d] == &*largest) reason = cost.error().message;
  }
  if (best == std::numeric_limits<double>::infinity()) return {false, std::nullopt, reason};
  return {true, best / instance.all_sequences(), std::nullopt};
}

/// One change takes at most this long to solve, and all of them that long; a hint is not worth more.
constexpr double what_if_seconds = 1;
constexpr int all_what_ifs_seconds = 10;
/// So does finding out what unused devices could have done.
constexpr double unused_seconds = 3;

std::string milliseconds(std::optional<double> s) { return s ? fmt::format("{:.2f} ms", *s * 1e3) : std::string("unknown"); }

const std::string no_change = "  the same";

/// How much longer than the plan by the same formula, e.g. "1.27x"; nothing where there is no plan to compare with.
std::string against(const ll::plan_document& plan, double token_seconds) {
  const double best = plan.objective_seconds.value_or(0) / plan.sequences;
  if (!(best > 0)) return {};
  const double ratio = token_seconds / best;
  return std::abs(ratio - 1) < 5e-4 ? no_change : fmt::format("  {:.3f}x", ratio);
}

std::string describe_explanation(const ll::plan_document& plan) {
  const bool planned = !plan.stages.empty();
  std::string out = fmt::format("what limits it: {}\n", plan.explained->limit);
  const bool any = planned || std::ranges::any_of(plan.baselines, [](const auto& b) { return b.second.feasible; });
  out += any ? "other plans:\n" : "other plans: no rule finds one\n";
  for (const auto& [name, b] : plan.baselines)
    if (any)
      out += b.feasible ? fmt::format("  {:<20} {} per token{}\n", name, milliseconds(b.token_seconds),
                                      b.token_seconds ? against(plan, *b.token_seconds) : "")
                        : fmt::format("  {:<20} impossible: {}\n", name, b.reason.value_or("unknown"));
  if (!plan.explained->changes.empty()) out += planned ? "what would help:\n" : "what would make a plan possible:\n";
  std::string useless;
  std::string unknown;
  for (const auto& change : plan.explained->changes) {
    const bool short_of_time = change.status == ll::solve_status::feasible || change.status == ll::solve_status::unknown;
    const bool of_time = plan.objective_unit == "seconds" && plan.objective != "completion";
    std::string ratio = change.token_seconds ? against(plan, *change.token_seconds) : std::string();
    std::string becomes = milliseconds(change.token_seconds) + " per token";
    if (!of_time && change.objective_value) {  // what was asked to be least, not the time of a token
      const double then = *change.objective_value;
      const double now = plan.objective_value.value_or(0);
      becomes = fmt::format("{:.4g} {}", then, plan.objective_unit == "seconds" ? "s a request" : "J per token");
      ratio = !(now > 0) ? "" : std::abs(then / now - 1) < 5e-4 ? no_change : fmt::format("  {:.3f}x", then / now);
    }
    if (change.token_seconds && ratio != no_change) {
      out += fmt::format("  {:<40} {}{}{}\n", change.what, becomes, ratio, short_of_time ? ", or better: cut short" : "");
    } else {
      std::string& list = short_of_time ? unknown : useless;
      list += (list.empty() ? "" : "; ") + change.what;
    }
  }
  if (!useless.empty()) out += "  not: " + useless + "\n";
  if (!unknown.empty())
    out += fmt::format("  not known, for want of time ({:g} s each, {} s in all, within --time-limit): {}\n", what_if_seconds,
                       all_what_ifs_seconds, unknown);
  if (!plan.explained->window_rules.empty()) {
    const auto& rules = plan.explained->window_rules;
    out += fmt::format("after a device slows down {:g}x, expected, by what stages keep of their neighbours' modules:\n",
                       rules.front().slow_down);
    out += fmt::format("  {:<20} {} per token\n", "nothing", milliseconds(rules.front().without_token_seconds));
    for (const auto& w : rules)
      out += fmt::format("  {:<20} {} per token, {:.1f} MB held twice\n", w.rule, milliseconds(w.token_seconds),
                         static_cast<double>(w.extra_bytes) / 1e6);
  }
  for (const auto& u : plan.unused) out += fmt::format("unused: {}: {}\n", u.device, u.reason);
  return out;
}

}  // namespace

std::string fleet_sha256(const ll::fleet& machines) {
  const std::string text = ll::to_json(machines).dump();
  ll::sha256 digest;
  digest.update(ll::bytes_of(text));
  return ll::hex(digest.finish());
}

ll::plan_document report_placement(const ll::placement_instance& instance, const ll::placement& placed,
                                   std::span<const ll::transmission> map, time_point deadline) {
  ll::plan_document d;
  d.objective =
      ll::minimises_tau(instance.goal) ? (instance.all_sequences() == 1 ? "latency" : "throughput") : ll::name_of(instance.goal);
  if (instance.goal == ll::objective::energy) d.objective_unit = "joules_per_token";
  d.sequences = instance.all_sequences();
  d.micro_batch_sequences = instance.micro_batch_sequences;
  d.context_tokens = instance.context_tokens;
  d.module_count = instance.modules.size();
  d.solver = placed.solver;
  d.status = ll::name_of(placed.status);
  d.solve_seconds = placed.solve_seconds;
  if (!placed.reason.empty()) d.reason = placed.reason;
  if (!instance.devices.empty() && !instance.modules.empty()) {
    d.baselines = {
        {"even", baseline_of(ll::even_partitioner{}, instance)},
        {"memory_proportional", baseline_of(ll::memory_proportional_partitioner{}, instance)},
        {"speed_proportional", baseline_of(ll::speed_proportional_partitioner{}, instance)},
        {"lingualinked", baseline_of(ll::lingualinked_partitioner{}, instance, std::min(1.0, seconds_until(deadline)))},
        {"fastest_device", single_baseline(instance, deadline)}};
  }
  if (placed.stages.empty()) return d;

  const bool tau = ll::minimises_tau(instance.goal);
  const double tokens = tokens_of_value(instance);
  const double value = tau ? placed.objective_seconds : placed.objective_value / tokens;
  const double bound = tau ? placed.bound_seconds : placed.bound_value / tokens;
  d.objective_value = value;
  d.objective_seconds = placed.objective_seconds;
  d.bound = bound;
  d.gap = value > 0 ? std::max(0.0, (value - bound) / value) : 0;
  d.contract = instance.devices[placed.stages.front().device].contract;
  const auto cost = ll::evaluate(instance, placed.stages);
  if (cost) {
    d.objective_seconds = cost->tau_seconds;
    d.predicted.token_seconds = cost->tau_seconds / instance.all_sequences();
    d.predicted.lap_seconds = cost->lap_seconds;
    d.predicted.bottleneck_seconds = cost->bottleneck_seconds;
    d.predicted.prefill_seconds = cost->prompt_seconds;
    if (cost->prompt_seconds) d.predicted.prefill_chunk_tokens = cost->prompt_chunk_tokens;
    d.predicted.completion_seconds = cost->completion_seconds;
    d.predicted.energy_joules_per_token = cost->joules_per_token;
    if (cost->joules_per_token) d.predicted.energy_joules_per_token = *cost->joules_per_token / instance.micro_batch_sequences;
  }
  for (std::size_t s = 0; s < placed.stages.size(); ++s) {
    const ll::stage_interval& i = placed.stages[s];
    d.stages.push_back({.device = instance.devices[i.device].name,
                        .endpoint = {},
                        .first_module = i.first_module,
                        .last_module = i.last_module,
                        .seconds = cost ? cost->stage_seconds[s] : 0,
                        .memory_bytes = ll::interval_memory_bytes(instance, i.first_module, i.last_module + 1),
                        .reserve_bytes = {},
                        .threads = {},
                        .overlap = {}});
  }
  for (const ll::transmission& t : map) {
    const bool cut = t.consumer_module == t.producer_module + 1;
    d.transmissions.push_back({cut ? "residual@" + std::to_string(t.consumer_module)
                                   : "module " + std::to_string(t.producer_module) + " -> " + std::to_string(t.consumer_module),
                               d.stages[t.from_stage].device, d.stages[t.to_stage].device, t.bytes_per_token,
                               t.sequential() ? "sequential" : "residual"});
  }
  for (ll::unused_device& u : ll::unused_devices(instance, placed, std::min(unused_seconds, seconds_until(deadline))))
    d.unused.push_back({instance.devices[u.device].name, std::move(u.reason)});
  return d;
}

ll::plan_document report_plan(const ll::fleet& machines, const ll::placement_instance& instance, const ll::placement& placed,
                              std::span<const ll::transmission> map, const planning_request& request,
                              std::uint64_t reserve_bytes) {
  ll::plan_document d = report_placement(instance, placed, map, request.deadline);
  d.objective = ll::name_of(request.options.goal);
  d.fleet_sha256 = fleet_sha256(machines);
  d.kv_dtype = std::string(ll::name_of(request.kv_type));
  for (std::size_t s = 0; s < d.stages.size(); ++s) {
    d.stages[s].endpoint = machines.devices[placed.stages[s].device].endpoint;
    d.stages[s].reserve_bytes = reserve_bytes;
    d.stages[s].threads = machines.devices[placed.stages[s].device].threads;
  }
  return d;
}

ll::plan_document::explanation explain_placement(const ll::placement_instance& instance, const ll::placement& placed,
                                                 const std::string& solver, time_point deadline) {
  ll::plan_document::explanation e;
  if (!placed.stages.empty()) {
    if (auto limit = ll::what_limits(instance, placed.stages)) e.limit = *std::move(limit);
  } else {
    e.limit = placed.reason;
  }
  const time_point all = std::min(deadline, time_point::clock::now() + std::chrono::seconds(all_what_ifs_seconds));
  const auto seconds = [&] { return std::min(what_if_seconds, seconds_until(all)); };
  // A solver's tables alone take about so long, whatever its limit.
  const auto modules = static_cast<double>(instance.modules.size());
  const double least_seconds = 5e-9 * static_cast<double>(instance.devices.size()) * modules * modules;
  // chain answers in a fraction of the time that GLPK needs for a proof of its own.
  const auto again = [&](const ll::placement_instance& changed) -> ll::result<ll::placement> {
    if (seconds() <= least_seconds) return ll::placement{};
    auto plan = ll::chain_partitioner{}.solve(changed, seconds());
    return plan ? plan : solve(changed, solver, std::max(seconds(), 0.0));
  };
  for (const ll::what_if& w : ll::what_would_help(instance, placed.stages, again)) {
    std::optional<double> token;
    if (w.tau_seconds) token = *w.tau_seconds / instance.all_sequences();
    std::optional<double> value = w.value;
    if (value) *value /= tokens_of_value(instance);
    // What a search that was cut short found may be worse than the plan, which is still there after every change.
    if (w.status == ll::solve_status::feasible && w.value && !placed.stages.empty() &&
        *w.value > (ll::minimises_tau(instance.goal) ? placed.objective_seconds : placed.objective_value))
      token = value = std::nullopt;
    e.changes.push_back({w.text, token, value, w.status});
  }
  return e;
}

std::string describe_plan(const ll::plan_document& plan) {
  std::string out;
  if (plan.stages.empty()) return plan.explained ? describe_explanation(plan) : out;
  const std::string batches = plan.sequences > 1 && plan.micro_batch_sequences
                                  ? fmt::format(" in batches of {}", *plan.micro_batch_sequences)
                                  : std::string();
  out += fmt::format("{} stages for {}, {} sequence(s){}, context {}: {} by {} in {:.3f} s (gap {:.1e})\n", plan.stages.size(),
                     plan.objective, plan.sequences, batches, plan.context_tokens, plan.status, plan.solver, plan.solve_seconds,
                     plan.gap.value_or(0));
  for (const auto& s : plan.stages)
    out += fmt::format("  {:<14} modules {:>3}-{:<3} {:>8.2f} ms {:>8.1f} MB{}\n", s.device, s.first_module, s.last_module,
                       s.seconds * 1e3, static_cast<double>(s.memory_bytes) / 1e6,
                       s.reserve_bytes
                           ? fmt::format(" (+ {:.1f} MB buffers and process)", static_cast<double>(*s.reserve_bytes) / 1e6)
                           : std::string());
  for (const auto& t : plan.transmissions)
    out += fmt::format("  {:<14} -> {:<14} {} ({}, {} bytes per token)\n", t.from, t.to, t.name, t.kind, t.bytes_per_token);
  out += fmt::format("predicted: {} per token, lap {}, busiest stage or link {}, prompt {}\n",
                     milliseconds(plan.predicted.token_seconds), milliseconds(plan.predicted.lap_seconds),
                     milliseconds(plan.predicted.bottleneck_seconds), milliseconds(plan.predicted.prefill_seconds));
  if (plan.predicted.energy_joules_per_token) out += fmt::format("{:.4g} J per token\n", *plan.predicted.energy_joules_per_token);
  if (plan.predicted.tokens_per_second)
    out += fmt::format("simulated: {:.2f} tokens/s; between two tokens of a sequence {} in the median, {} or less in 95 %\n",
                       *plan.predicted.tokens_per_second, milliseconds(plan.predicted.gap_median_seconds),
                       milliseconds(plan.predicted.gap_p95_seconds));
  if (plan.overlaps && plan.overlaps->extra_bytes > 0) {
    out += fmt::format("windows ({}, {}): when a device slows down {:g}x, {} per token instead of {}, if stages also keep\n",
                       plan.overlaps->rule, plan.overlaps->tier, plan.overlaps->slow_down,
                       milliseconds(plan.overlaps->token_seconds), milliseconds(plan.overlaps->without_token_seconds));
    for (const auto& s : plan.stages)
      if (s.overlap && *s.overlap != std::pair(s.first_module, s.last_module))
        out += fmt::format("  {:<14} modules {:>3}-{:<3}\n", s.device, s.overlap->first, s.overlap->second);
  }
  if (plan.explained) out += describe_explanation(plan);
  return out;
}

}  // namespace tool

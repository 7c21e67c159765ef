// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/partition/evaluate.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lingualinked::inline v0::detail {

/// Why module j has no place: the devices that may hold it are too small, or there are none; nothing when one can.
[[nodiscard]] inline std::optional<std::string> homeless_module(const placement_instance& instance, std::size_t j) {
  const std::uint64_t need = resident_bytes(instance, j).value_or(0);
  const placement_instance::device* largest = nullptr;
  bool forbidden = false;
  for (const auto& d : instance.devices) {
    const bool allowed = first_forbidden(d, j, j + 1) > j;
    forbidden = forbidden || !allowed;
    if (allowed && (largest == nullptr || d.memory_bytes > largest->memory_bytes)) largest = &d;
  }
  if (largest != nullptr && need <= largest->memory_bytes) return std::nullopt;
  const std::string module = "module " + std::to_string(j) + " ('" + instance.modules[j].name + "')";
  if (largest == nullptr)
    return "private: no trusted device can hold " + module + ", which needs " + std::to_string(need) +
           " bytes: it is allowed on none";
  const std::string has = "'" + largest->name + "', has " + std::to_string(largest->memory_bytes);
  if (forbidden)
    return "private: no trusted device can hold " + module + ", which needs " + std::to_string(need) +
           " bytes; the largest where it is allowed, " + has;
  return "memory: " + module + " needs " + std::to_string(need) + " bytes; the largest device, " + has;
}

/// A limit that no plan can meet and that shows without a search, in bytes; nothing when there is none.
/// Requires  a validated instance
[[nodiscard]] inline std::optional<std::string> obvious_shortage(const placement_instance& instance) {
  const std::size_t count = instance.modules.size();
  // With tied weights the whole model may fit where its largest part alone does not.
  for (std::size_t d = 0; d < instance.devices.size(); ++d)
    if (interval_fits(instance, d, 0, count)) return std::nullopt;

  std::optional<std::size_t> heaviest;
  for (std::size_t j = 0; j < count; ++j)
    if (homeless_module(instance, j) &&
        (!heaviest || resident_bytes(instance, j).value_or(0) > resident_bytes(instance, *heaviest).value_or(0)))
      heaviest = j;
  if (heaviest) return homeless_module(instance, *heaviest);
  checked_size memory;
  for (const auto& d : instance.devices) memory = memory + d.memory_bytes;
  checked_size split;
  for (std::size_t j = 0; j < count; ++j) split = split + resident_bytes(instance, j);
  if (memory.valid() && split.value_or(UINT64_MAX) > memory.value_or(0))
    return "memory: the modules need " + std::to_string(split.value_or(0)) + " bytes (weights, and KV cache for " +
           std::to_string(instance.context_tokens) + " tokens and " + std::to_string(instance.sequences) +
           " sequences); all devices together have " + std::to_string(memory.value_or(0));
  return std::nullopt;
}

/// The same instance in a world where every device reaches every other: what is still infeasible there is so for other limits.
[[nodiscard]] inline placement_instance fully_linked(placement_instance instance) {
  instance.links.clear();
  instance.edges.clear();
  for (std::size_t from = 0; from < instance.devices.size(); ++from)
    for (std::size_t to = 0; to < instance.devices.size(); ++to)
      if (from != to) instance.links.push_back({from, to, {0, 1}});
  for (auto& m : instance.modules) m.cut_bytes = 0;
  instance.token_bytes = 0;
  return instance;
}

/// Why an instance without a plan has none, given that memory alone rules every plan out although the sum would do.
[[nodiscard]] inline std::string packing_reason(const placement_instance& instance) {
  checked_size memory;
  for (const auto& d : instance.devices) memory = memory + d.memory_bytes;
  checked_size need;
  for (std::size_t j = 0; j < instance.modules.size(); ++j) need = need + resident_bytes(instance, j);
  return "memory: the modules need " + std::to_string(need.value_or(0)) + " bytes and all devices together have " +
         (memory.valid() ? std::to_string(memory.value_or(0)) : std::string("more than 64 bits can tell")) +
         ", but no division into consecutive modules, one piece for each device, fits";
}

/// Which limit rules out every plan of an infeasible instance: limits are lifted one after the other, and the one whose going
/// makes room is the one to name, with what that plan breaks.
/// solver    (const placement_instance&) -> result<placement>, exact
template <class Solver>
[[nodiscard]] std::string reason_for_infeasible(const placement_instance& instance, const Solver& solver) {
  placement_instance lifted = instance;
  bool sure = true;
  const auto now_feasible = [&](const char* what) -> std::optional<std::string> {
    const auto plan = solver(lifted);
    sure = sure && plan && plan->status != solve_status::unknown;
    if (!plan || plan->stages.empty()) return std::nullopt;
    const auto broken = evaluate(instance, plan->stages);
    return what + (broken ? std::string() : "; for example there is " + broken.error().message);
  };
  if (has_batteries(lifted)) {
    for (auto& d : lifted.devices) d.battery_joules.reset();
    if (auto why = now_feasible("batteries: every plan that keeps the other limits spends more than one of them holds"))
      return *why;
  }
  lifted = fully_linked(std::move(lifted));
  if (auto why = now_feasible("links: every plan that keeps the other limits needs a link that is missing")) return *why;
  const bool mixed = std::any_of(instance.devices.begin(), instance.devices.end(),
                                 [&](const auto& d) { return d.contract != instance.devices.front().contract; });
  if (mixed) {
    for (auto& d : lifted.devices) d.contract = 1;
    if (auto why = now_feasible("contracts: devices of one contract alone cannot hold the model")) return *why;
  }
  if (lifted.max_stages) {
    lifted.max_stages.reset();
    if (auto why = now_feasible("stages: every plan that fits has more of them than max_stages allows")) return *why;
  }
  for (auto& d : lifted.devices) d.forbidden_modules.clear();
  if (auto why = now_feasible("private: every plan that fits needs a module where it is not allowed")) return *why;
  return sure ? packing_reason(instance) : "no plan meets all limits together";
}

/// What solvers find out before they search: an error for an instance that makes no sense, the answer where a glance shows that
/// there is no plan, else nothing.
[[nodiscard]] inline result<std::optional<placement>> answer_at_once(const placement_instance& instance,
                                                                     std::string_view solver) {
  if (auto valid = validate_instance(instance); !valid) return valid.error();
  auto shortage = obvious_shortage(instance);
  if (!shortage) return std::optional<placement>();
  placement plan;
  plan.solver = solver;
  plan.status = solve_status::infeasible;
  plan.reason = std::move(*shortage);
  return std::optional(std::move(plan));
}

}  // namespace lingualinked::inline v0::detail

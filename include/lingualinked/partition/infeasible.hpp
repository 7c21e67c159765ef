// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/partition/evaluate.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lingualinked::inline v0::detail {

/// A limit that no plan can meet and that shows without a search, in bytes; nothing when there is none.
/// Requires  a validated instance
[[nodiscard]] std::optional<std::string> obvious_shortage(const placement_instance& instance);

/// The same instance in a world where every device reaches every other: what is still infeasible there is so for other limits.
[[nodiscard]] placement_instance fully_linked(placement_instance instance);

/// Why an instance without a plan has none: memory, although the sum would do. sure: that is known to rule out every plan alone.
[[nodiscard]] std::string packing_reason(const placement_instance& instance, bool sure);

/// Which limit rules out every plan of an infeasible instance: limits are lifted one after the other, and the one whose going
/// makes room is the one to name, with what that plan breaks.
/// part      the instance, or part of its devices where all are too many: what has a plan there has one
/// solver    (const placement_instance&) -> result<placement>, exact
template <class Solver>
[[nodiscard]] std::string reason_for_infeasible(const placement_instance& instance, const placement_instance& part,
                                                const Solver& solver) {
  placement_instance lifted = part;
  bool sure = part.devices.size() == instance.devices.size();
  const auto now_feasible = [&](const char* what) -> std::optional<std::string> {
    const auto plan = solver(lifted);
    sure = sure && plan && plan->status != solve_status::unknown;
    if (!plan || plan->stages.empty()) return std::nullopt;
    const auto broken = evaluate(part, plan->stages);
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
  return packing_reason(instance, sure);
}

/// What solvers find out before they search: an error for an instance that makes no sense, the answer where a glance shows that
/// there is no plan, else nothing.
[[nodiscard]] result<std::optional<placement>> answer_at_once(const placement_instance& instance, std::string_view solver);

}  // namespace lingualinked::inline v0::detail

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/infeasible.ipp>
#endif

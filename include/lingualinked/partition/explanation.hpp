// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/partition/evaluate.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// What would become of the best plan if the fleet were a little different.
struct what_if {
  enum class kind : unsigned char { memory, link, device } change = kind::memory;
  std::string text;                             // e.g. "1 GB more on 'phone-a'"
  std::optional<double> tau_seconds;            // of the best plan found then; empty: none found
  std::optional<double> value;                  // of the same: what the instance asks to be least
  solve_status status = solve_status::unknown;  // of the answer: unless optimal or infeasible, time was short
};

/// A device that a plan does without, and why.
struct unused_device {
  std::size_t device = 0;
  std::string reason;
};

/// Bytes that what_if adds to one device at a time.
inline constexpr std::uint64_t what_if_memory_bytes = 1'000'000'000;
/// Ways back that what_if tries where links lack one and there is no plan.
inline constexpr std::size_t most_missing_links = 16;

namespace detail {}  // namespace detail

/// Which term of tau = max(T, K * P) the plan is held up by, in words, with the stage or link that is busiest.
/// Requires  stages that are a plan of the instance
[[nodiscard]] result<std::string> what_limits(const placement_instance& instance, std::span<const stage_interval> stages);

/// Why a device has no stage: it is too small, or out of reach, or what the best plan would cost that gives it part of a stage.
/// Requires  a plan of the instance in which the device has no stage
/// Cost      as many evaluations as there are modules, twice
[[nodiscard]] std::string why_unused(const placement_instance& instance, const placement& placed, std::size_t device);

/// The same for every device without a stage, as far as time allows; of the others it says no more than the proof does.
[[nodiscard]] std::vector<unused_device> unused_devices(const placement_instance& instance, const placement& placed,
                                                        double time_limit_seconds);

namespace detail {

/// The instance with a second device like d: it reaches whom d reaches, and d itself over the quickest of d's links.
[[nodiscard]] placement_instance with_twin(placement_instance instance, std::size_t d);

}  // namespace detail

/// Solves the problem again with one thing changed at a time: 1 GB more on a device, a link of the plan with half the latency and
/// twice the bandwidth, a second device like one that there is. With stages, the memory of every device, a second one of those in
/// the plan, and its links; without, where there is no plan, every device, and the way back over links that lack one. The best of
/// each kind first.
/// solver    (const placement_instance&) -> result<placement>
/// Cost      one solve for each change
template <class Solver>
[[nodiscard]] std::vector<what_if> what_would_help(const placement_instance& instance, std::span<const stage_interval> stages,
                                                   const Solver& solver) {
  std::vector<what_if> found;
  const auto ask = [&](what_if::kind kind, std::string text, const placement_instance& changed) {
    what_if w{kind, std::move(text), std::nullopt, std::nullopt};
    const auto plan = solver(changed);
    if (plan) w.status = plan->status;
    if (plan && !plan->stages.empty()) {
      w.tau_seconds = plan->objective_seconds;
      w.value = minimises_tau(instance.goal) ? plan->objective_seconds : plan->objective_value;
    }
    found.push_back(std::move(w));
  };
  const auto more_memory = [&](std::size_t d) {
    placement_instance roomy = instance;
    std::uint64_t& memory = roomy.devices[d].memory_bytes;
    memory += std::min(what_if_memory_bytes, std::numeric_limits<std::uint64_t>::max() - memory);
    ask(what_if::kind::memory, "1 GB more on '" + instance.devices[d].name + "'", roomy);
  };
  std::vector<bool> used(instance.devices.size(), stages.empty());
  for (const auto& s : stages) used[s.device] = true;
  for (std::size_t d = 0; d < used.size(); ++d) {
    if (!used[d]) continue;
    more_memory(d);
    if (instance.devices.size() < placement_limits::devices)
      ask(what_if::kind::device, "a second device like '" + instance.devices[d].name + "'", detail::with_twin(instance, d));
  }
  for (std::size_t s = 0; s + 1 < stages.size(); ++s) {
    placement_instance quick = instance;
    for (link& l : quick.links)
      if (l.from == stages[s].device && l.to == stages[s + 1].device)
        l.quality = {l.quality.latency_seconds / 2, l.quality.bandwidth_bytes_per_second * 2};
    ask(what_if::kind::link,
        "twice the link from '" + instance.devices[stages[s].device].name + "' to '" +
            instance.devices[stages[s + 1].device].name + "'",
        quick);
  }
  for (std::size_t d = 0; d < used.size(); ++d)  // last: there may be many, and time may be short
    if (!used[d]) more_memory(d);
  std::set<std::pair<std::size_t, std::size_t>> usable;
  for (const link& l : instance.links)
    if (l.quality.bandwidth_bytes_per_second > 0) usable.emplace(l.from, l.to);
  for (std::size_t i = 0, asked = 0; stages.empty() && i < instance.links.size() && asked < most_missing_links; ++i) {
    const link& there = instance.links[i];
    if (usable.contains({there.to, there.from}) || !(there.quality.bandwidth_bytes_per_second > 0)) continue;
    placement_instance linked = instance;
    std::erase_if(linked.links, [&](const link& l) { return l.from == there.to && l.to == there.from; });
    linked.links.push_back({there.to, there.from, there.quality});
    ask(what_if::kind::link,
        "a link from '" + instance.devices[there.to].name + "' to '" + instance.devices[there.from].name + "'", linked);
    ++asked;
  }
  std::stable_sort(found.begin(), found.end(), [](const what_if& x, const what_if& y) {
    constexpr double none = std::numeric_limits<double>::infinity();
    return x.change != y.change ? x.change < y.change : x.value.value_or(none) < y.value.value_or(none);
  });
  return found;
}

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/explanation.ipp>
#endif

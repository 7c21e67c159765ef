// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/counts.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL count_search::count_search(const placement_instance& instance)
    : p_(instance), devices_(instance.devices.size()) {
  links_.resize(devices_ * devices_);
  for (const link& l : p_.links)
    if (l.quality.bandwidth_bytes_per_second > 0) links_[l.from * devices_ + l.to] = l.quality;
  by_speed_.resize(devices_);
  std::iota(by_speed_.begin(), by_speed_.end(), std::size_t{0});
  std::stable_sort(by_speed_.begin(), by_speed_.end(), [&](auto x, auto y) { return seconds(x) < seconds(y); });
}

LINGUALINKED_CORE_DECL std::vector<double> count_search::busy_times() const {
  std::vector<double> times;
  for (std::size_t d = 0; d < devices_; ++d)
    for (std::size_t n = 1; n < p_.modules.size(); ++n) times.push_back(stage_seconds(d, n));
  for (const link_quality& l : links_) {
    if (!(l.bandwidth_bytes_per_second > 0)) continue;
    times.push_back(static_cast<double>(cut_bytes()) / l.bandwidth_bytes_per_second);
    times.push_back(static_cast<double>(p_.token_bytes) / l.bandwidth_bytes_per_second);
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  return times;
}

LINGUALINKED_CORE_DECL std::optional<priced_plan> count_search::shortest_lap(double busiest_seconds) const {
  std::vector<std::size_t> most(devices_);
  const std::uint64_t bytes = resident_bytes(p_, 0).value_or(0);
  for (std::size_t d = 0; d < devices_; ++d) {
    most[d] = p_.modules.size();
    if (bytes > 0) most[d] = static_cast<std::size_t>(std::min<std::uint64_t>(most[d], p_.devices[d].memory_bytes / bytes));
    while (most[d] > 0 && stage_seconds(d, most[d]) > busiest_seconds) --most[d];
  }
  priced_plan best;
  for (std::size_t first = 0; first < devices_; ++first)
    if (!p_.header || first == 0) add_tours(p_.header ? std::nullopt : std::optional(first), busiest_seconds, most, best);
  if (best.stages.empty()) return std::nullopt;
  return best;
}

LINGUALINKED_CORE_DECL double count_search::send(std::size_t from, std::size_t to, std::uint64_t bytes,
                                                 double busiest_seconds) const {
  if (from == to) return 0;
  const link_quality& l = links_[from * devices_ + to];
  if (!(l.bandwidth_bytes_per_second > 0)) return never;
  const double load = static_cast<double>(bytes) / l.bandwidth_bytes_per_second;
  return load <= busiest_seconds ? l.latency_seconds + load : never;
}

LINGUALINKED_CORE_DECL double count_search::fill(std::size_t set, const std::vector<std::size_t>& most,
                                                 std::vector<std::size_t>* counts) const {
  const auto members = static_cast<std::size_t>(std::popcount(set));
  if (members > p_.modules.size()) return never;
  std::size_t left = p_.modules.size() - members;
  double sum = 0;
  for (const std::size_t d : by_speed_) {
    if ((set >> d & 1) == 0) continue;
    if (most[d] == 0) return never;
    const std::size_t count = 1 + std::min(left, most[d] - 1);
    left -= count - 1;
    sum += stage_seconds(d, count);
    if (counts != nullptr) (*counts)[d] = count;
  }
  return left == 0 ? sum : never;
}

LINGUALINKED_CORE_DECL void count_search::add_tours(std::optional<std::size_t> first, double busiest_seconds,
                                                    const std::vector<std::size_t>& most, priced_plan& best) const {
  const std::size_t sets = std::size_t{1} << devices_;
  std::vector<double> way(sets * devices_, never);
  std::vector<std::size_t> before(sets * devices_, no_device);
  const std::size_t header = first ? *first : *p_.header;
  for (std::size_t d = 0; d < devices_; ++d)
    if (!first || d == *first) way[(std::size_t{1} << d) * devices_ + d] = send(header, d, p_.token_bytes, busiest_seconds);
  std::size_t best_set = 0;
  std::size_t best_last = 0;
  for (std::size_t set = 1; set < sets; ++set) {
    double closed = never;
    std::size_t last = 0;
    for (std::size_t e = 0; e < devices_; ++e) {
      const double so_far = way[set * devices_ + e];
      if (so_far == never) continue;
      if (const double lap = so_far + send(e, header, p_.token_bytes, busiest_seconds); lap < closed) {
        closed = lap;
        last = e;
      }
      for (std::size_t d = 0; d < devices_; ++d) {
        if ((set >> d & 1) != 0 || p_.devices[d].contract != p_.devices[e].contract) continue;
        const std::size_t next = (set | std::size_t{1} << d) * devices_ + d;
        const double longer = so_far + send(e, d, cut_bytes(), busiest_seconds);
        if (longer >= way[next]) continue;
        way[next] = longer;
        before[next] = e;
      }
    }
    const auto members = static_cast<std::size_t>(std::popcount(set));
    if (closed == never || members < 2 || members > p_.max_stages.value_or(devices_)) continue;
    const double lap = closed + fill(set, most, nullptr);
    if (lap >= best.lap_seconds) continue;
    best.lap_seconds = lap;
    best_set = set;
    best_last = last;
  }
  if (best_set == 0) return;
  std::vector<std::size_t> counts(devices_, 0);
  fill(best_set, most, &counts);
  best.stages.clear();
  std::size_t end = p_.modules.size();
  for (std::size_t set = best_set, d = best_last; d != no_device;) {
    best.stages.push_back({d, end - counts[d], end - 1});
    end -= counts[d];
    const std::size_t previous = before[set * devices_ + d];
    set &= ~(std::size_t{1} << d);
    d = previous;
  }
  std::reverse(best.stages.begin(), best.stages.end());
}

}  // namespace lingualinked::inline v0::detail

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<placement> counts_partitioner::solve(const placement_instance& instance,
                                                                   double time_limit_seconds) const {
  const auto start = std::chrono::steady_clock::now();
  auto answer = detail::answer_at_once(instance, name);
  if (!answer) return answer.error();
  if (*answer) return **std::move(answer);
  if (auto alike = check_alike(instance); !alike) return alike.error();

  placement plan;
  plan.solver = name;
  const auto offer = [&](std::vector<stage_interval> stages) {
    const auto cost = evaluate(instance, stages);
    if (!cost || (!plan.stages.empty() && cost->tau_seconds >= plan.objective_seconds)) return;
    plan.stages = std::move(stages);
    plan.objective_seconds = cost->tau_seconds;
  };
  for (std::size_t d = 0; d < instance.devices.size(); ++d) offer({{d, 0, instance.modules.size() - 1}});
  const detail::count_search search(instance);
  const std::vector<double> times = search.busy_times();
  const double sequences = static_cast<double>(instance.sequences);
  // The lap falls as P rises. Where it first fits into sequences * P lies the best plan, or just before.
  std::size_t low = 0;
  std::size_t high = times.size();
  const auto deadline = detail::deadline_after(start, time_limit_seconds);
  bool complete = true;
  const auto try_time = [&](double busiest_seconds) {
    const auto found = search.shortest_lap(busiest_seconds);
    if (found) offer(found->stages);
    return found ? found->lap_seconds : detail::never;
  };
  try_time(detail::never);
  while (low < high && instance.sequences > 1) {
    if (std::chrono::steady_clock::now() >= deadline) complete = false;
    if (!complete) break;
    const std::size_t middle = low + (high - low) / 2;
    if (try_time(times[middle]) <= sequences * times[middle]) high = middle;
    else low = middle + 1;
  }
  plan.status = plan.stages.empty() ? solve_status::infeasible : complete ? solve_status::optimal : solve_status::feasible;
  if (complete) plan.bound_seconds = plan.objective_seconds;
  const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  if (plan.stages.empty()) plan.reason = chain_partitioner::reason_for_infeasible(instance, time_limit_seconds - elapsed());
  plan.solve_seconds = elapsed();
  return plan;
}

LINGUALINKED_CORE_DECL result<void> counts_partitioner::check_alike(const placement_instance& instance) {
  const auto declined = [](const std::string& why) { return error{errc::unsupported, "counts " + why + ": use chain"}; };
  if (instance.devices.size() > most_devices)
    return declined("plans over at most " + std::to_string(most_devices) + " devices, and there are " +
                    std::to_string(instance.devices.size()));
  if (!instance.edges.empty()) return declined("knows no edges");
  if (detail::weighs_more_than_tau(instance)) return declined("minimises tau alone, and knows no batteries");
  for (const auto& d : instance.devices)
    if (!d.forbidden_modules.empty()) return declined("knows no forbidden modules");
  for (std::size_t j = 1; j < instance.modules.size(); ++j) {
    bool alike = resident_bytes(instance, j).value_or(0) == resident_bytes(instance, 0).value_or(0);
    if (j + 1 < instance.modules.size()) alike = alike && instance.modules[j].cut_bytes == instance.modules[0].cut_bytes;
    for (const auto& d : instance.devices) alike = alike && d.module_seconds[j] == d.module_seconds[0];
    if (!alike) return declined("plans identical modules, and module " + std::to_string(j) + " is not like the first");
  }
  return {};
}

}  // namespace lingualinked::inline v0

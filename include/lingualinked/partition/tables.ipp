// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/tables.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL double placement_tables::message_seconds(std::size_t from, std::size_t to, std::uint64_t bytes) const {
  if (from == to) return 0;
  const auto& l = between(from, to);
  if (!(l.bandwidth_bytes_per_second > 0)) return never;
  return l.latency_seconds + static_cast<double>(bytes) / l.bandwidth_bytes_per_second;
}

/// Two devices are twins when exchanging them changes nothing; a plan then needs to consider them in one order only.
inline bool are_twins(const placement_tables& t, std::size_t i, std::size_t j) {
  if (t.instance->header == i || t.instance->header == j) return false;
  placement_instance::device x = t.instance->devices[i];
  x.name = t.instance->devices[j].name;
  if (!(x == t.instance->devices[j])) return false;
  if (!(t.between(i, j) == t.between(j, i))) return false;
  for (std::size_t k = 0; k < t.devices; ++k) {
    if (k == i || k == j) continue;
    if (!(t.between(i, k) == t.between(j, k)) || !(t.between(k, i) == t.between(k, j))) return false;
  }
  return true;
}

LINGUALINKED_CORE_DECL double tau_ceiling(const placement_instance& instance) {
  double seconds = 0;
  double bytes = static_cast<double>(instance.token_bytes);
  for (std::size_t j = 0; j < instance.modules.size(); ++j) {
    double slowest = 0;
    for (const auto& d : instance.devices) slowest = std::max(slowest, d.module_seconds[j]);
    seconds += slowest;
    bytes = std::max(bytes, static_cast<double>(instance.modules[j].cut_bytes));
  }
  for (const auto& d : instance.devices) seconds += d.stage_seconds;
  for (const auto& e : instance.edges) bytes = std::max(bytes, static_cast<double>(e.bytes));
  double message = 0;
  for (const link& l : instance.links)
    if (l.quality.bandwidth_bytes_per_second > 0)
      message = std::max(message, l.quality.latency_seconds + bytes / l.quality.bandwidth_bytes_per_second);
  const double messages = static_cast<double>(instance.devices.size() + instance.edges.size() + 1);
  return static_cast<double>(instance.sequences) * (seconds + messages * message) * 1.001;
}

LINGUALINKED_CORE_DECL std::vector<double> times_with_edges(const placement_tables& t) {
  constexpr std::size_t most_messages = std::size_t{1} << 28;
  std::vector<double> times = t.times;
  if (t.instance->edges.empty() || t.instance->edges.size() > most_messages / (t.devices * t.devices)) return times;
  std::vector<std::vector<placement_instance::edge>> leaving(t.modules);
  for (const auto& e : t.instance->edges) leaving[e.from_module].push_back(e);
  for (std::size_t d = 0; d < t.devices; ++d) {
    std::vector<double> incoming(t.modules, 0.0);  // [module]: of the edges from before the interval
    for (std::size_t a = 1; a < t.modules; ++a) {
      for (const auto& e : leaving[a - 1]) {
        double least = never;
        for (std::size_t from = 0; from < t.devices; ++from)
          if (from != d) least = std::min(least, t.message_seconds(from, d, e.bytes));
        incoming[e.to_module] += least;
      }
      double* interval = &times[t.row[d * t.modules + a]];
      double sum = 0;
      for (std::size_t b = a + 1; b <= t.fits_to[d * t.modules + a]; ++b) {
        sum += incoming[b - 1];
        interval[b - a] += sum;
      }
    }
  }
  return times;
}

LINGUALINKED_CORE_DECL result<placement_tables> make_tables(const placement_instance& instance) {
  placement_tables t;
  t.instance = &instance;
  t.modules = instance.modules.size();
  t.devices = instance.devices.size();
  t.sequences = static_cast<double>(instance.sequences);
  const std::size_t count = t.modules;

  const error too_large{errc::limit, std::to_string(count) + " modules on " + std::to_string(t.devices) +
                                         " devices give more than " + std::to_string(table_limit) +
                                         " intervals or hops; plan with fewer devices or coarser modules"};
  if (t.devices * t.devices * (count + 1) > table_limit) return too_large;

  std::vector<std::uint64_t> bytes_before(count + 1, 0);
  for (std::size_t j = 0; j < count; ++j) bytes_before[j + 1] = bytes_before[j] + resident_bytes(instance, j).value_or(0);
  for (std::size_t b = 0; b <= count; ++b) t.bytes_left.push_back(static_cast<double>(bytes_before[count] - bytes_before[b]));

  t.links.resize(t.devices * t.devices);
  for (const link& l : instance.links)
    if (l.quality.bandwidth_bytes_per_second > 0) t.links[l.from * t.devices + l.to] = l.quality;

  for (std::size_t d = 0; d < t.devices; ++d) {
    const auto& device = instance.devices[d];
    for (std::size_t a = 0; a < count; ++a) {
      std::size_t b = a;
      t.row.push_back(t.times.size());
      t.times.push_back(0);
      // [0, L) is no proper part.
      const std::size_t allowed = first_forbidden(device, a, a == 0 ? count - 1 : count);
      while (b < allowed && bytes_before[b + 1] - bytes_before[a] <= device.memory_bytes) {
        t.times.push_back((b == a ? device.stage_seconds : t.times.back()) + device.module_seconds[b]);
        ++b;
      }
      t.fits_to.push_back(b);
      if (t.times.size() > table_limit) return too_large;
    }
  }
  t.ceiling_seconds = tau_ceiling(instance);
  t.walk_times = times_with_edges(t);
  t.twin.assign(t.devices, no_device);
  for (std::size_t j = 1; j < t.devices; ++j)
    for (std::size_t i = j; i-- > 0 && t.twin[j] == no_device;)
      if (are_twins(t, i, j)) t.twin[j] = i;
  return t;
}

LINGUALINKED_CORE_DECL std::chrono::steady_clock::time_point deadline_after(std::chrono::steady_clock::time_point start,
                                                                            double time_limit_seconds) {
  constexpr double longest = 1e9;
  const std::chrono::duration<double> limit(time_limit_seconds > 0 ? std::min(time_limit_seconds, longest) : 0.0);
  return start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit);
}

LINGUALINKED_CORE_DECL std::optional<priced_plan> single_stage(const placement_tables& t, std::size_t d) {
  const placement_instance& instance = *t.instance;
  if (!interval_fits(instance, d, 0, t.modules)) return std::nullopt;
  priced_plan plan;
  plan.stages.push_back({d, 0, t.modules - 1});
  double seconds = instance.devices[d].stage_seconds;
  for (const double s : instance.devices[d].module_seconds) seconds += s;
  const std::size_t header = instance.header.value_or(d);
  const double tokens = static_cast<double>(instance.token_bytes);
  plan.lap_seconds =
      seconds + (t.message_seconds(header, d, instance.token_bytes) + t.message_seconds(d, header, instance.token_bytes));
  plan.bottleneck_seconds = std::max({seconds, t.load_seconds(header, d, tokens), t.load_seconds(d, header, tokens)});
  if (plan.lap_seconds == never) return std::nullopt;
  plan.tau_seconds = std::max(plan.lap_seconds, t.sequences * plan.bottleneck_seconds);
  return plan;
}

}  // namespace lingualinked::inline v0::detail

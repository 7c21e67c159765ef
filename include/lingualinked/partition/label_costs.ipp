// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/label_costs.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL void label_cost::add(const label_cost& more) {
  lap_seconds += more.lap_seconds;
  busiest_seconds = std::max(busiest_seconds, more.busiest_seconds);
  other += more.other;
  other_busiest = std::max(other_busiest, more.other_busiest);
  lasts_seconds = std::min(lasts_seconds, more.lasts_seconds);
}

LINGUALINKED_CORE_DECL label_costs::label_costs(const placement_tables& tables, std::size_t chunk)
    : t_(tables), p_(*tables.instance) {
  if (p_.goal == objective::completion) {
    rows_ = p_.micro_batches_in(p_.chunk_tokens[chunk]);
    pieces_ = static_cast<double>((p_.prompt_tokens - 1) / p_.chunk_tokens[chunk] + 1);
    for (const auto& d : p_.devices) {
      prefill_before_.push_back(0);
      for (const double s : d.prefill_seconds[chunk]) prefill_before_.push_back(prefill_before_.back() + s);
    }
  }
}

LINGUALINKED_CORE_DECL label_cost label_costs::stage(std::size_t d, std::size_t a, std::size_t b, double seconds) const {
  label_cost c;
  c.lap_seconds = seconds;
  if (t_.sequences > 1) c.busiest_seconds = seconds;
  const auto& device = p_.devices[d];
  const double extra_watts = device.power_active_watts.value_or(0) - device.power_idle_watts.value_or(0);
  if (p_.goal == objective::energy) {
    c.other = extra_watts * seconds;
  } else if (p_.goal == objective::completion) {
    const double* before = &prefill_before_[d * (t_.modules + 1)];
    c.other = device.stage_seconds + before[b] - before[a];
    c.other_busiest = pieces_ > 1 ? c.other : 0;
  }
  if (device.battery_joules && p_.generate_tokens > 0) {
    const double left = *device.battery_joules * battery_slack / p_.generate_tokens - extra_watts * t_.sequences * seconds;
    const double idle = *device.power_idle_watts;
    c.lasts_seconds = left < 0 ? -1 : idle > 0 ? left / idle : never;
  }
  return c;
}

LINGUALINKED_CORE_DECL label_cost label_costs::message(std::size_t from, std::size_t to, std::uint64_t bytes, bool rows) const {
  label_cost c;
  if (from == to) return c;
  c.lap_seconds = t_.message_seconds(from, to, bytes);
  if (c.lap_seconds == never) return c;
  const link_quality& l = t_.between(from, to);
  const double size = static_cast<double>(bytes);
  if (t_.sequences > 1) c.busiest_seconds = size / l.bandwidth_bytes_per_second;
  if (p_.goal == objective::energy) {
    c.other = size * l.joules_per_byte.value_or(0);
  } else if (p_.goal == objective::completion) {
    const double busy = (rows ? rows_ : 1) * size / l.bandwidth_bytes_per_second;
    c.other = l.latency_seconds + busy;
    c.other_busiest = pieces_ > 1 ? busy : 0;
  }
  return c;
}

LINGUALINKED_CORE_DECL double label_costs::value(const label_cost& c, double idle_watts) const {
  const double round = tau(c);
  if (!(round <= c.lasts_seconds)) return never;
  if (p_.goal == objective::energy) return c.other + idle_watts * round / t_.sequences;
  if (p_.goal == objective::completion) return c.other + (pieces_ - 1) * c.other_busiest + p_.generate_tokens * round;
  return round;
}

LINGUALINKED_CORE_DECL label_rest make_label_rest(const label_costs& costs, double lap_weight, double other_weight,
                                                  std::optional<std::size_t> first, double least_tau) {
  const placement_tables& t = costs.tables();
  const std::size_t width = t.modules + 1;
  label_rest r;
  r.lap_weight = lap_weight;
  r.at.assign(t.devices * width, never);
  r.after.assign(t.devices * width, never);
  const auto worth = [&](const label_cost& c) { return lap_weight * c.lap_seconds + other_weight * c.other; };
  const auto& p = *t.instance;
  for (std::size_t d = 0; d < t.devices; ++d) {
    const std::size_t header = first ? *first : p.header.value_or(d);
    const label_cost back = costs.message(d, header, p.token_bytes, false);
    if (back.lap_seconds < never) r.after[d * width + t.modules] = worth(back);
  }
  for (std::size_t cut = t.modules; cut-- > 0;) {
    for (std::size_t d = 0; d < t.devices; ++d) {
      if (d == first && cut > 0) continue;
      double& at = r.at[d * width + cut];
      for (std::size_t b = cut + 1; b <= t.fits_to[d * t.modules + cut]; ++b)
        at = std::min(at, worth(costs.stage(d, cut, b, t.seconds(d, cut, b))) + r.after[d * width + b]);
      at += other_weight * costs.idle_watts(d) * least_tau / t.sequences;
    }
    for (std::size_t from = 0; from < t.devices && cut > 0; ++from)
      for (std::size_t to = 0; to < t.devices; ++to)
        if (t.joined(from, to))
          r.after[from * width + cut] = std::min(
              r.after[from * width + cut], worth(costs.message(from, to, p.modules[cut - 1].cut_bytes)) + r.at[to * width + cut]);
  }
  return r;
}

}  // namespace lingualinked::inline v0::detail

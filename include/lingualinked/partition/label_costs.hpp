// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/evaluate.hpp>
#include <lingualinked/partition/tables.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace lingualinked::inline v0::detail {

/// What a part of a lap adds to a plan, or what a plan comes to. Smaller is better in every one but lasts_seconds.
struct label_cost {
  double lap_seconds = 0;        // adds up
  double busiest_seconds = 0;    // the largest counts
  double other = 0;              // adds up: joules beyond idling for one token; or seconds of one piece of the prompt
  double other_busiest = 0;      // the largest counts: seconds for which that piece keeps a stage or link busy
  double lasts_seconds = never;  // the least counts: with a longer tau a battery would not last

  void add(const label_cost& more) {
    lap_seconds += more.lap_seconds;
    busiest_seconds = std::max(busiest_seconds, more.busiest_seconds);
    other += more.other;
    other_busiest = std::max(other_busiest, more.other_busiest);
    lasts_seconds = std::min(lasts_seconds, more.lasts_seconds);
  }
  [[nodiscard]] bool no_worse_than(const label_cost& c) const {
    return lap_seconds <= c.lap_seconds && busiest_seconds <= c.busiest_seconds && other <= c.other &&
           other_busiest <= c.other_busiest && lasts_seconds >= c.lasts_seconds;
  }
};

/// The objectives that are no plain tau, term by term: what stages and messages add, and what a sum is worth.
///   energy      (other + idle watts of the devices used * tau / K),  other = (active - idle watts) * stage seconds + link joules
///   completion  other + (pieces - 1) * other_busiest + generate_tokens * tau, for one choice of chunk
///   tau         where batteries limit it
class label_costs {
 public:
  /// chunk: which of instance.chunk_tokens, for completion.
  label_costs(const placement_tables& tables, std::size_t chunk) : t_(tables), p_(*tables.instance) {
    if (p_.goal == objective::completion) {
      rows_ = static_cast<double>(p_.chunk_tokens[chunk]);
      pieces_ = static_cast<double>((p_.prompt_tokens - 1) / p_.chunk_tokens[chunk] + 1);
      for (const auto& d : p_.devices) {
        prefill_before_.push_back(0);
        for (const double s : d.prefill_seconds[chunk]) prefill_before_.push_back(prefill_before_.back() + s);
      }
    }
  }

  [[nodiscard]] const placement_tables& tables() const noexcept { return t_; }
  /// Into how many pieces the prompt is cut; 1 where it does not count.
  [[nodiscard]] double pieces() const noexcept { return pieces_; }
  [[nodiscard]] double idle_watts(std::size_t d) const {
    return p_.goal == objective::energy ? p_.devices[d].power_idle_watts.value_or(0) : 0;
  }

  /// Of `seconds` on device d for the modules [a, b).
  [[nodiscard]] label_cost stage(std::size_t d, std::size_t a, std::size_t b, double seconds) const {
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

  /// Of a message of `bytes` for each token; `rows` false: one token only, also while the prompt is read.
  [[nodiscard]] label_cost message(std::size_t from, std::size_t to, std::uint64_t bytes, bool rows = true) const {
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

  /// tau, of what adds up to c; with one sequence the lap is never shorter than what is busiest.
  [[nodiscard]] double tau(const label_cost& c) const { return std::max(c.lap_seconds, t_.sequences * c.busiest_seconds); }
  /// What the objective makes of it, with the idle watts of all devices used; never where a battery would not last.
  [[nodiscard]] double value(const label_cost& c, double idle_watts) const {
    const double round = tau(c);
    if (!(round <= c.lasts_seconds)) return never;
    if (p_.goal == objective::energy) return c.other + idle_watts * round / t_.sequences;
    if (p_.goal == objective::completion) return c.other + (pieces_ - 1) * c.other_busiest + p_.generate_tokens * round;
    return round;
  }
  /// How many units of the objective one second of lap is at least worth, beside those of `other`.
  [[nodiscard]] double lap_weight(double idle_watts) const {
    if (p_.goal == objective::energy) return idle_watts / t_.sequences;
    return p_.goal == objective::completion ? p_.generate_tokens : 1.0;
  }
  [[nodiscard]] double other_weight() const { return minimises_tau(p_.goal) ? 0.0 : 1.0; }

 private:
  const placement_tables& t_;
  const placement_instance& p_;
  double rows_ = 1;
  double pieces_ = 1;
  std::vector<double> prefill_before_;  // [d * (L + 1) + b]: of the modules before b
};

/// The least that is still to come of a lap, for one mix of its two sums.
///   after[d, b] = min over walks of (weight * lap + other_weight * other + idle * idle watts of each further stage's device)
struct label_rest {
  double lap_weight = 0;
  std::vector<double> at;     // [d * (L + 1) + a]: from the start of module a on d
  std::vector<double> after;  // [d * (L + 1) + b]: from the end of module b - 1 on d
};

/// A bound on the rest for walks, which may use a device again; so it is one for plans.
///   least_tau: no plan has a smaller one, so every further device idles at least so long
[[nodiscard]] inline label_rest make_label_rest(const label_costs& costs, double lap_weight, double other_weight,
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

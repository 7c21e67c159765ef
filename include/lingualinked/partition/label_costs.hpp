// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
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

  void add(const label_cost& more);
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
  label_costs(const placement_tables& tables, std::size_t chunk);

  [[nodiscard]] const placement_tables& tables() const noexcept { return t_; }
  /// Into how many pieces the prompt is cut; 1 where it does not count.
  [[nodiscard]] double pieces() const noexcept { return pieces_; }
  [[nodiscard]] double idle_watts(std::size_t d) const {
    return p_.goal == objective::energy ? p_.devices[d].power_idle_watts.value_or(0) : 0;
  }

  /// Of `seconds` on device d for the modules [a, b).
  [[nodiscard]] label_cost stage(std::size_t d, std::size_t a, std::size_t b, double seconds) const;

  /// Of a message of `bytes` for each token; `rows` false: one token only, also while the prompt is read.
  [[nodiscard]] label_cost message(std::size_t from, std::size_t to, std::uint64_t bytes, bool rows = true) const;

  /// tau, of what adds up to c; with one sequence the lap is never shorter than what is busiest.
  [[nodiscard]] double tau(const label_cost& c) const { return std::max(c.lap_seconds, t_.sequences * c.busiest_seconds); }
  /// What the objective makes of it, with the idle watts of all devices used; never where a battery would not last.
  [[nodiscard]] double value(const label_cost& c, double idle_watts) const;
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
[[nodiscard]] label_rest make_label_rest(const label_costs& costs, double lap_weight, double other_weight,
                                         std::optional<std::size_t> first, double least_tau);

}  // namespace lingualinked::inline v0::detail

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/label_costs.ipp>
#endif

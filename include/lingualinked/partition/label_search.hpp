// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/partition/label_costs.hpp>
#include <lingualinked/partition/subset_search.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace lingualinked::inline v0::detail {

/// Limit of stored partial plans: 288 MiB.
inline constexpr std::size_t label_limit = std::size_t{1} << 22;

/// A plan with what the objective makes of it.
struct valued_plan {
  std::vector<stage_interval> stages;
  double value = never;
};

/// The best plan of two stages or more for objectives that weigh several sums and maxima at once: partial plans with the same
/// devices, the same last device and the same cut compete in every term (label_cost), and one that is worse in all is dropped; so
/// is one whose bound says that it cannot better the best plan known. Exact; subsets are visited by size.
/// Requires  no edges
/// Source    Martins 1984, On a multicriteria shortest path problem (labels that dominate each other)
class label_search {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// first: the device of the first stage, where the header is nameless. least_tau: no plan has a smaller one.
  label_search(const label_costs& costs, std::optional<std::size_t> first, double least_tau);

  /// Betters `best` if it can. Returns how the search ended.
  search_end run(valued_plan& best, time_point deadline);

  /// No plan of two stages or more is better.
  [[nodiscard]] double bound() const;

 private:
  struct label {
    label_cost cost;
    std::uint32_t first_module = 0;  // of its last stage
    std::uint32_t from_bucket = 0;
    std::uint32_t from_label = 0;
  };
  /// Partial plans of the devices `used` that end on `device`.
  struct bucket {
    std::uint64_t used = 0;
    std::size_t device = 0;
    std::size_t leader = 0;  // the first bucket with the same devices
    std::size_t end = 0;     // of those
    double idle_watts = 0;
    std::vector<std::vector<label>> at;  // [cut]
  };

  [[nodiscard]] static std::uint64_t bit(std::size_t d) { return std::uint64_t{1} << d; }
  /// Of twins the earlier goes first.
  [[nodiscard]] bool may_join(std::uint64_t used, std::size_t d) const {
    if ((used & bit(d)) != 0) return false;
    const std::size_t twin = t_.twin[d];
    return twin == no_device || (used & bit(twin)) != 0;
  }
  [[nodiscard]] label_cost enter(std::size_t d) const {
    return costs_.message(first_ ? *first_ : p_.header.value_or(d), d, p_.token_bytes);
  }

  /// No way to go on from c is better. next: with a stage on a device from a cut on; else after one that ends there.
  ///   i  the device times (L + 1), and the cut
  [[nodiscard]] double bound_from(const label_cost& c, double idle_watts, bool next, std::size_t i) const;
  [[nodiscard]] bool worthwhile(double bound) const { return bound < never && bound < best_->value * (1 - tie); }

  /// Adds a label where no other is as good in every term; those it beats go.
  void insert(std::vector<label>& list, const label& l);

  std::vector<std::size_t> first_stages();

  /// Makes a bucket of what is in fresh_, unless that is nothing.
  void fresh(std::vector<std::size_t>& level, std::uint64_t used, std::size_t d);

  /// Sorts the buckets of a level by subset and lets the first of each subset lead it.
  void gather(std::vector<std::size_t>& level);

  /// Every stage on d after every partial plan of a subset, into fresh_ (empty: none); complete plans into the best.
  /// Returns false when time ran out before the end.
  bool extend(std::size_t leader, std::size_t d, time_point deadline);

  void finish(const label& last, const label_cost& back, double idle_watts, std::size_t d);

  /// Plans whose values differ by less count as equal, and then the one with fewer stages stays, which is found first.
  static constexpr double tie = 1e-12;

  const placement_tables& t_;
  const placement_instance& p_;
  const label_costs& costs_;
  const std::optional<std::size_t> first_;
  const std::size_t width_;
  const double least_tau_;
  label_rest lap_rest_;
  std::vector<label_rest> rests_;  // by rising lap_weight
  valued_plan* best_ = nullptr;
  std::vector<bucket> buckets_;
  std::vector<std::vector<label>> fresh_;  // [cut]
  std::vector<label> starts_;
  std::size_t labels_ = 0;
};

}  // namespace lingualinked::inline v0::detail

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/label_search.ipp>
#endif

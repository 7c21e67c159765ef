// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/partition/cost_model.hpp>
#include <lingualinked/partition/infeasible.hpp>
#include <lingualinked/partition/label_plan.hpp>
#include <lingualinked/partition/subset_search.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace lingualinked::inline v0 {

namespace detail {

/// Finds the least tau by asking, again and again, for the shortest lap among plans with tau <= t.
/// An answer is a plan, and its lap is a lower bound for all; no answer makes t one. So bound and plan close in on each other.
class chain_search {
 public:
  using clock = std::chrono::steady_clock;

  /// Bounds may take a third of the time: a plan without proof is better than a bound without plan.
  chain_search(const placement_tables& tables, const edge_slots& slots, clock::time_point deadline)
      : t_(tables), slots_(slots), bounds_(tables, deadline - (deadline - clock::now()) / 3 * 2), deadline_(deadline) {}

  void run();

  [[nodiscard]] const priced_plan& best() const noexcept { return best_; }
  [[nodiscard]] double bound() const noexcept { return bound_; }
  [[nodiscard]] search_end end() const noexcept { return end_; }

 private:
  /// Plans that differ by less count as equal while searching; a tenth of what the tie rule calls equal.
  static constexpr double closeness = 1e-13;
  static constexpr double tie = 1e-12;

  static constexpr std::size_t few_devices = 8;  // up to here the exact search needs no head start
  static constexpr std::size_t beam = 64;

  struct reach {
    double tau_seconds = never;
    std::size_t most_stages = no_device;
    std::size_t beam = no_device;
    clock::time_point deadline = clock::time_point::max();
  };

  /// With several sequences the busiest stage often decides alone, and then the bound is exact: one search for the plan that
  /// meets it may do, with ties broken. It gets a quarter of the time.
  bool meets_bound();

  /// A good plan without proof, fast: it keeps the exact searches small, and is something to return when time runs out.
  void guess();

  void offer(const priced_plan& plan) {
    if (plan.tau_seconds < best_.tau_seconds) best_ = plan;
  }

  /// The shortest lap of two stages or more with tau <= r.tau_seconds; offers its plan. With `fewest`, fewer stages go first.
  std::optional<double> search(const reach& r, bool fewest);

  /// Among plans whose tau agrees with the best: the fewest stages, then the shortest lap.
  void break_ties();

  const placement_tables& t_;
  const edge_slots& slots_;
  tau_bounds bounds_;
  const clock::time_point deadline_;
  priced_plan best_;
  double bound_ = 0;
  search_end end_ = search_end::complete;
};

}  // namespace detail

/// The exact plan by dynamic programming over subsets of devices; needs no solver library.
///   least tau = max(T, sequences * P) over all orders of devices and all cuts; ties within 1e-12: fewer stages, then smaller T
/// Errors    as validate_instance and make_tables; unsupported for more than 64 devices, for more than two open producers of
///           edges, and when the search outgrows its memory before it has a plan
/// Cost      at worst 2^D * D * L * (D + L) for each of about ten searches, mostly a small part of it: bounds prune it
struct chain_partitioner {
  static constexpr std::string_view name = "chain";
  static constexpr std::size_t most_devices = 64;
  /// Modules whose edges may be on their way past one cut. Every one of them multiplies the states by the devices.
  std::size_t most_open_producers = 2;

  [[nodiscard]] result<placement> solve(const placement_instance& instance, double time_limit_seconds) const;

  /// Which limit rules out every plan of an infeasible instance.
  [[nodiscard]] static std::string reason_for_infeasible(const placement_instance& instance, double time_limit_seconds);

  template <Graph G>
  [[nodiscard]] result<placement> partition(const problem<G>& what) const {
    return detail::solve_graph(*this, what);
  }

 private:
  /// The plan; where there is none, mostly without saying why.
  [[nodiscard]] result<placement> search(const placement_instance& instance, double time_limit_seconds) const;

  /// Objectives other than tau, and batteries.
  [[nodiscard]] static result<placement> weigh(const detail::placement_tables& tables, double time_limit_seconds);

  [[nodiscard]] static result<placement> with_status(placement plan, detail::search_end end, const placement_instance& instance,
                                                     double time_limit_seconds);
};

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/chain.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/partition/chain.hpp>
#include <lingualinked/partition/cost_model.hpp>
#include <lingualinked/partition/infeasible.hpp>
#include <lingualinked/partition/tables.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

namespace detail {

/// Plans of two stages or more for identical modules. Then only the number of modules on each device matters, and the way
/// around the devices is a tour whose length does not depend on the numbers:
///   T(P) = min over sets of devices of  least tour + modules filled into the fastest first, none busier than P
class count_search {
 public:
  explicit count_search(const placement_instance& instance);

  /// Every time that the busiest stage or link of a plan can take, rising.
  [[nodiscard]] std::vector<double> busy_times() const;

  /// The shortest lap with nothing busier than that; nothing when there is none.
  [[nodiscard]] std::optional<priced_plan> shortest_lap(double busiest_seconds) const;

 private:
  [[nodiscard]] double seconds(std::size_t d) const { return p_.devices[d].module_seconds.front(); }
  [[nodiscard]] double stage_seconds(std::size_t d, std::size_t modules) const {
    return p_.devices[d].stage_seconds + seconds(d) * static_cast<double>(modules);
  }
  [[nodiscard]] std::uint64_t cut_bytes() const { return p_.modules.front().cut_bytes; }
  [[nodiscard]] double send(std::size_t from, std::size_t to, std::uint64_t bytes, double busiest_seconds) const;

  /// Modules for each device of a set, fastest first, each at least one; their seconds, or never when they do not fit.
  double fill(std::size_t set, const std::vector<std::size_t>& most, std::vector<std::size_t>* counts) const;

  /// Held and Karp's recursion: the shortest way from the header through all of a set, ending on a device of it.
  void add_tours(std::optional<std::size_t> first, double busiest_seconds, const std::vector<std::size_t>& most,
                 priced_plan& best) const;

  const placement_instance& p_;
  std::size_t devices_;
  std::vector<link_quality> links_;
  std::vector<std::size_t> by_speed_;
};

}  // namespace detail

/// The exact plan for identical modules, as many times faster as there are modules: it counts them instead of cutting.
///   least tau = min over P of max(T(P), sequences * P), by bisection over the times that a stage or link can take
/// Errors    as validate_instance; unsupported when modules differ, for edges, and for more than 14 devices
/// Cost      2^D * D^2 for each of log(D * L) values of P, times D without a named header
struct counts_partitioner {
  static constexpr std::string_view name = "counts";
  static constexpr std::size_t most_devices = 14;

  [[nodiscard]] result<placement> solve(const placement_instance& instance, double time_limit_seconds) const;

  template <Graph G>
  [[nodiscard]] result<placement> partition(const problem<G>& what) const {
    return detail::solve_graph(*this, what);
  }

 private:
  [[nodiscard]] static result<void> check_alike(const placement_instance& instance);
};

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/counts.ipp>
#endif

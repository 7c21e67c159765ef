// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "random_instances.hpp"

#include <cstdint>
#include <iterator>

namespace planning_reference {

/// A small random problem that asks for little energy, for a quick request or for batteries that last.
inline ll::placement_instance random_wish(std::uint64_t seed) {
  struct wish {
    ll::objective goal;
    bool batteries;
  };
  constexpr wish wishes[] = {{ll::objective::energy, false},
                             {ll::objective::energy, true},
                             {ll::objective::completion, false},
                             {ll::objective::completion, true},
                             {ll::objective::throughput, true}};
  auto p = make_random_instance(seed).problem;
  const wish& w = wishes[seed % std::size(wishes)];
  add_goal(p, seed, w.goal, w.batteries);
  return p;
}

/// What was minimised, and what bounds it.
inline double value_of(const ll::placement_instance& p, const ll::placement& plan) {
  return ll::minimises_tau(p.goal) ? plan.objective_seconds : plan.objective_value;
}
inline double bound_of(const ll::placement_instance& p, const ll::placement& plan) {
  return ll::minimises_tau(p.goal) ? plan.bound_seconds : plan.bound_value;
}

}  // namespace planning_reference

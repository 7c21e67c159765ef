// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/archetypes.hpp>
#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>

#include <concepts>

namespace lingualinked::inline v0 {

/// Decides which device runs which modules of a G.
/// Meaning   Every node is on exactly one device, every device has one interval or none, no limit is exceeded; or the status of
///           the placement is infeasible or unknown and its reason says why. An error is for a problem that makes no sense
///           (errc::invalid_argument) or that this partitioner does not do (errc::unsupported). Equal problems get equal
///           answers. Never prints, leaves no threads behind.
/// Models    even_partitioner, chain_partitioner, glpk_partitioner, archetypes::partitioner
template <class P, class G>
concept PartitionerFor = Graph<G> && std::copy_constructible<P> && requires(const P& p, const problem<G>& q) {
  { p.partition(q) } -> std::same_as<result<placement>>;
};

/// PartitionerFor the least graph.
template <class P>
concept Partitioner = PartitionerFor<P, archetypes::graph>;

}  // namespace lingualinked::inline v0

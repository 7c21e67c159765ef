// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/cost.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <type_traits>

namespace lingualinked::inline v0 {

/// Specialise for graph types you do not own.
template <class T>
struct graph_traits {};
template <class T>
requires requires { typename T::node_id; }
struct graph_traits<T> {
  using node_id = typename T::node_id;
};
template <class T>
using node_id_t = typename graph_traits<std::remove_cvref_t<T>>::node_id;

/// A directed acyclic graph of things that can be placed on devices.
/// Meaning   Ids are dense, 0 .. node_count()-1, in a topological order. successors(u) are all > u, each once; those beyond
///           u + 1 are residual edges. edge_bytes(u, v) is what one token sends from u to v, 0 when there is no edge.
/// Models    module_graph, archetypes::graph, any type given a graph_traits
/// Not asked storage, mutation, weights
template <class G>
concept Graph = requires(const G& g, node_id_t<G> u, node_id_t<G> v) {
  requires std::unsigned_integral<node_id_t<G>>;
  { g.node_count() } noexcept -> std::same_as<std::size_t>;
  { g.successors(u) } -> std::ranges::forward_range;
  requires std::same_as<std::ranges::range_value_t<decltype(g.successors(u))>, node_id_t<G>>;
  { g.cost(u) } noexcept -> std::same_as<node_cost>;
  { g.edge_bytes(u, v) } noexcept -> std::same_as<std::uint64_t>;
};

}  // namespace lingualinked::inline v0

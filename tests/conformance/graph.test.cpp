// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/concepts/graph.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/archetypes.hpp>
#include <lingualinked/graph/module_graph.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ll = lingualinked;

/// A graph that somebody else wrote: its ids are called otherwise, and only a trait can tell.
namespace foreign {
struct dag {
  using vertex = std::uint16_t;
  [[nodiscard]] std::size_t node_count() const noexcept { return 0; }
  [[nodiscard]] std::vector<vertex> successors(vertex) const { return {}; }
  [[nodiscard]] ll::node_cost cost(vertex) const noexcept { return {}; }
  [[nodiscard]] std::uint64_t edge_bytes(vertex, vertex) const noexcept { return 0; }
};
}  // namespace foreign
template <>
struct lingualinked::graph_traits<foreign::dag> {
  using node_id = foreign::dag::vertex;
};

namespace {

using base = ll::archetypes::graph;
using node = base::node_id;

// Each lacks exactly one thing.
struct no_id {
  [[nodiscard]] std::size_t node_count() const noexcept { return 0; }
  [[nodiscard]] std::array<node, 0> successors(node) const { return {}; }
  [[nodiscard]] ll::node_cost cost(node) const noexcept { return {}; }
  [[nodiscard]] std::uint64_t edge_bytes(node, node) const noexcept { return 0; }
};
struct signed_id {
  using node_id = int;
  [[nodiscard]] std::size_t node_count() const noexcept { return 0; }
  [[nodiscard]] std::array<int, 0> successors(int) const { return {}; }
  [[nodiscard]] ll::node_cost cost(int) const noexcept { return {}; }
  [[nodiscard]] std::uint64_t edge_bytes(int, int) const noexcept { return 0; }
};
struct throwing_count : base {
  [[nodiscard]] std::size_t node_count() const { return 0; }
};
struct short_count : base {
  [[nodiscard]] std::uint32_t node_count() const noexcept { return 0; }
};
struct single_successor : base {
  [[nodiscard]] node successors(node) const { return 0; }
};
struct named_successors : base {
  [[nodiscard]] std::vector<std::string> successors(node) const { return {}; }
};
struct throwing_cost : base {
  [[nodiscard]] ll::node_cost cost(node) const { return {}; }
};
struct flat_cost : base {
  [[nodiscard]] double cost(node) const noexcept { return 0; }
};
struct mutable_cost : base {
  [[nodiscard]] ll::node_cost cost(node) noexcept { return {}; }
};
struct throwing_bytes : base {
  [[nodiscard]] std::uint64_t edge_bytes(node, node) const { return 0; }
};
struct signed_bytes : base {
  [[nodiscard]] std::int64_t edge_bytes(node, node) const noexcept { return 0; }
};

static_assert(ll::Graph<base>);
static_assert(ll::Graph<ll::module_graph>);
static_assert(ll::Graph<foreign::dag>);
static_assert(ll::Graph<const ll::module_graph>);

static_assert(!ll::Graph<int>);
static_assert(!ll::Graph<no_id>);
static_assert(!ll::Graph<signed_id>);
static_assert(!ll::Graph<throwing_count>);
static_assert(!ll::Graph<short_count>);
static_assert(!ll::Graph<single_successor>);
static_assert(!ll::Graph<named_successors>);
static_assert(!ll::Graph<throwing_cost>);
static_assert(!ll::Graph<flat_cost>);
static_assert(!ll::Graph<mutable_cost>);
static_assert(!ll::Graph<throwing_bytes>);
static_assert(!ll::Graph<signed_bytes>);

}  // namespace

TEST_SUITE("conformance/graph") {
  TEST_CASE("a graph type of somebody else is used through graph_traits") {
    CHECK(sizeof(ll::node_id_t<foreign::dag>) == sizeof(std::uint16_t));
    CHECK(sizeof(ll::node_id_t<const foreign::dag&>) == sizeof(std::uint16_t));
  }
}

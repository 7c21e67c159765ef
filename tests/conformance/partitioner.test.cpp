// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/concepts/partitioner.hpp>

#include <doctest/doctest.h>

#include <lingualinked/graph/module_graph.hpp>
#include <lingualinked/partition/chain.hpp>
#include <lingualinked/partition/even.hpp>

namespace ll = lingualinked;

namespace {

template <ll::Graph G>
using answer = ll::result<ll::placement>;

/// Knows one type of graph only.
struct specialist {
  [[nodiscard]] answer<ll::module_graph> partition(const ll::problem<ll::module_graph>&) const { return ll::placement{}; }
};

// Each lacks exactly one thing.
struct mute {};
struct changing {
  template <ll::Graph G>
  [[nodiscard]] answer<G> partition(const ll::problem<G>&) {
    return ll::placement{};
  }
};
struct never_fails {
  template <ll::Graph G>
  [[nodiscard]] ll::placement partition(const ll::problem<G>&) const {
    return {};
  }
};
struct uncopyable : ll::archetypes::partitioner {
  uncopyable() = default;
  uncopyable(const uncopyable&) = delete;
};

static_assert(ll::Partitioner<ll::archetypes::partitioner>);
static_assert(ll::Partitioner<ll::even_partitioner>);
static_assert(ll::Partitioner<ll::chain_partitioner>);
static_assert(ll::PartitionerFor<ll::chain_partitioner, ll::module_graph>);
static_assert(ll::PartitionerFor<specialist, ll::module_graph>);

static_assert(!ll::Partitioner<specialist>);
static_assert(!ll::Partitioner<mute>);
static_assert(!ll::Partitioner<changing>);
static_assert(!ll::Partitioner<never_fails>);
static_assert(!ll::Partitioner<uncopyable>);
static_assert(!ll::PartitionerFor<ll::archetypes::partitioner, int>);

}  // namespace

TEST_SUITE("conformance/partitioner") {
  TEST_CASE("a partitioner that looks at nothing compiles against the least graph") {
    const ll::archetypes::graph graph;
    const ll::fleet nobody;
    const auto placed = ll::archetypes::partitioner{}.partition(ll::problem<ll::archetypes::graph>{graph, nobody, {}});
    REQUIRE(placed.has_value());
    CHECK(placed->stages.empty());
  }
}

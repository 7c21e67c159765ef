// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/graph/transmission_map.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <vector>

namespace ll = lingualinked;

namespace {

/// A chain of eight nodes with a residual tensor from node 0 to nodes 3, 4 and 7, and one from node 2 to node 4.
struct skipping_chain {
  using node_id = std::uint32_t;
  [[nodiscard]] std::size_t node_count() const noexcept { return 8; }
  [[nodiscard]] std::vector<node_id> successors(node_id u) const {
    if (u == 0) return {1, 3, 4, 7};
    if (u == 2) return {3, 4};
    if (u == 7) return {};
    return {u + 1};
  }
  [[nodiscard]] ll::node_cost cost(node_id) const noexcept { return {}; }
  [[nodiscard]] std::uint64_t edge_bytes(node_id u, node_id v) const noexcept { return v == u + 1 ? 100 + u : 10 + u; }
};
static_assert(ll::Graph<skipping_chain>);

}  // namespace

TEST_SUITE("graph/transmission_map") {
  TEST_CASE("neighbours hand over at the cut, later readers are sent to directly, once for each stage") {
    const std::vector<ll::stage_interval> stages{{2, 0, 1}, {0, 2, 4}, {1, 5, 7}};
    const auto map = ll::make_transmission_map(stages, skipping_chain{});
    REQUIRE(map.has_value());
    const std::vector<ll::transmission> expected{
        {1, 2, 0, 1, 101},  // the cut after module 1
        {4, 5, 1, 2, 104},  // the cut after module 4
        {0, 3, 0, 1, 10},   // modules 3 and 4 are on one stage: one tensor, named after the first
        {0, 7, 0, 2, 10},   // past the stage between
    };
    CHECK(*map == expected);
    CHECK((*map)[0].sequential());
    CHECK_FALSE((*map)[3].sequential());
  }
  TEST_CASE("one stage sends nothing") {
    const std::vector<ll::stage_interval> stages{{0, 0, 7}};
    const auto map = ll::make_transmission_map(stages, skipping_chain{});
    REQUIRE(map.has_value());
    CHECK(map->empty());
  }
  TEST_CASE("an instance gives the same map as the graph that it was made from") {
    ll::placement_instance p;
    const skipping_chain graph;
    for (std::uint32_t u = 0; u < 8; ++u) p.modules.push_back({"m", 1, 0, graph.edge_bytes(u, u + 1)});
    p.edges = {{0, 7, 10}, {2, 4, 12}, {0, 3, 10}, {0, 4, 10}};
    const std::vector<ll::stage_interval> stages{{0, 0, 2}, {1, 3, 3}, {2, 4, 4}, {3, 5, 7}};
    const auto from_graph = ll::make_transmission_map(stages, graph);
    const auto from_instance = ll::make_transmission_map(stages, p);
    REQUIRE(from_graph.has_value());
    REQUIRE(from_instance.has_value());
    CHECK(*from_graph == *from_instance);
  }
  TEST_CASE("each edge of an instance travels alone, as it is charged") {
    ll::placement_instance p;
    for (int j = 0; j < 4; ++j) p.modules.push_back({"m", 1, 0, 7});
    p.edges = {{0, 3, 10}, {0, 2, 20}, {0, 2, 20}, {2, 3, 5}};
    const std::vector<ll::stage_interval> stages{{1, 0, 1}, {0, 2, 3}};
    const auto map = ll::make_transmission_map(stages, p);
    REQUIRE(map.has_value());
    CHECK(*map == std::vector<ll::transmission>{{1, 2, 0, 1, 7}, {0, 2, 0, 1, 20}, {0, 2, 0, 1, 20}, {0, 3, 0, 1, 10}});
  }
  TEST_CASE("stages that are no division of the modules are refused") {
    for (const auto& stages : std::vector<std::vector<ll::stage_interval>>{
             {}, {{0, 0, 6}}, {{0, 0, 8}}, {{0, 1, 7}}, {{0, 0, 3}, {1, 3, 7}}, {{0, 0, 3}, {1, 5, 7}}}) {
      const auto map = ll::make_transmission_map(stages, skipping_chain{});
      REQUIRE_FALSE(map.has_value());
      CHECK(map.error().code == ll::errc::invalid_argument);
    }
  }
}

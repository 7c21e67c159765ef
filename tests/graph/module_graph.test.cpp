// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/graph/module_graph.hpp>

#include <lingualinked/concepts/graph.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace ll = lingualinked;

static_assert(ll::Graph<ll::module_graph>);

namespace {

ll::operation add_op(std::vector<std::uint32_t> inputs, std::size_t width, bool stream, std::string label = {}) {
  return {ll::add_operation{}, std::move(inputs), width, stream, std::move(label)};
}

/// Ends of modules by definition: for every boundary, the set of tensors made before it and read after it.
std::vector<std::size_t> ends_by_definition(const ll::operation_graph& g) {
  std::vector<std::size_t> ends;
  for (std::size_t cut = 1; cut < g.operations.size(); ++cut) {
    std::set<std::uint32_t> alive;
    for (std::size_t reader = cut; reader < g.operations.size(); ++reader)
      for (const std::uint32_t input : g.operations[reader].inputs)
        if (input < cut) alive.insert(input);
    if (alive.size() == 1 && *alive.begin() == cut - 1 && g.operations[cut - 1].stream) ends.push_back(cut);
  }
  ends.push_back(g.operations.size());
  return ends;
}

std::vector<std::size_t> ends_of(const ll::module_graph& m) {
  std::vector<std::size_t> ends;
  for (const ll::module& part : m.modules()) ends.push_back(part.end_operation);
  return ends;
}

/// Operations of a llama layer, without weights: what matters here is who reads whom.
ll::operation_graph llama_like(std::size_t layers) {
  ll::operation_graph g;
  auto x = g.add(add_op({}, 8, true, "embedding"));
  for (std::size_t i = 0; i < layers; ++i) {
    const std::string attention = "layer " + std::to_string(i) + " attention";
    const auto a = g.add(add_op({x}, 8, false, attention));
    const auto q = g.add(add_op({a}, 8, false, attention));
    const auto k = g.add(add_op({a}, 4, false, attention));
    const auto v = g.add(add_op({a}, 4, false, attention));
    const auto o = g.add({ll::attention_operation{.heads = 2, .kv_heads = 1, .head_size = 4}, {q, k, v}, 8, false, attention});
    x = g.add(add_op({o, x}, 8, true, attention));
    const std::string feed = "layer " + std::to_string(i) + " feed-forward";
    const auto f = g.add(add_op({x}, 8, false, feed));
    const auto gate = g.add({ll::linear_operation{{"gate", ll::dtype::f32, 20, 8, 640}, {}}, {f}, 20, false, feed});
    const auto up = g.add({ll::linear_operation{{"up", ll::dtype::f32, 20, 8, 640}, {}}, {f}, 20, false, feed});
    x = g.add(add_op({g.add(add_op({gate, up}, 8, false, feed)), x}, 8, true, feed));
  }
  const auto last = g.add({ll::select_operation{}, {x}, 8, false, "head"});
  g.add({ll::linear_operation{{"head", ll::dtype::f32, 50, 8, 1600}, {}}, {last}, 50, false, "head"});
  return g;
}

}  // namespace

TEST_SUITE("graph/module_graph") {
  TEST_CASE("a llama of L layers has 2L + 2 modules: embedding, attention and feed-forward by turns, head") {
    for (const std::size_t layers : {1U, 2U, 5U}) {
      const auto g = llama_like(layers);
      const auto m = ll::cut_into_modules(g, 2).value();
      REQUIRE(m.node_count() == 2 * layers + 2);
      CHECK(m.name(0) == "embedding");
      for (std::uint32_t i = 0; i < layers; ++i) {
        CHECK(m.name(1 + 2 * i) == "layer " + std::to_string(i) + " attention");
        CHECK(m.name(2 + 2 * i) == "layer " + std::to_string(i) + " feed-forward");
        CHECK(m.cost(1 + 2 * i).kv_bytes_per_context_token == 2 * 4 * 2);
        CHECK(m.cost(2 + 2 * i).weight_bytes == 1280);
        CHECK(m.cost(2 + 2 * i).kv_bytes_per_context_token == 0);
      }
      const auto head = static_cast<std::uint32_t>(1 + 2 * layers);
      CHECK(m.name(head) == "head");
      CHECK(m.successors(head).empty());
      for (std::uint32_t u = 0; u < head; ++u) {
        REQUIRE(m.successors(u).size() == 1);
        CHECK(m.successors(u)[0] == u + 1);
        CHECK(m.edge_bytes(u, u + 1) == 8 * 4);
        CHECK(m.edge_bytes(u, u) == 0);
      }
    }
  }

  TEST_CASE("modules cover the operations in order, and their costs are the sum of all") {
    const auto g = llama_like(3);
    const auto m = ll::cut_into_modules(g, 4).value();
    std::size_t next = 0;
    ll::node_cost sum;
    for (std::uint32_t u = 0; u < m.node_count(); ++u) {
      CHECK(m.modules()[u].first_operation == next);
      next = m.modules()[u].end_operation;
      sum = sum + m.cost(u);
    }
    CHECK(next == g.operations.size());
    ll::node_cost all;
    for (const auto& op : g.operations) all = all + ll::cost_of(op, 4);
    CHECK(sum == all);
  }

  TEST_CASE("a long skip keeps the operations under it together") {
    ll::operation_graph g;
    const auto a = g.add(add_op({}, 4, true));
    const auto b = g.add(add_op({a}, 4, true));
    const auto c = g.add(add_op({b}, 4, true));
    const auto d = g.add(add_op({c, a}, 4, true));  // reads a once more
    g.add(add_op({d}, 4, true));
    CHECK(ends_of(ll::cut_into_modules(g, 2).value()) == std::vector<std::size_t>{1, 4, 5});
  }

  TEST_CASE("a tensor that is not the stream, or that nobody reads, is no place to cut") {
    ll::operation_graph g;
    const auto a = g.add(add_op({}, 4, false));
    const auto b = g.add(add_op({a}, 4, true));
    g.add(add_op({b}, 4, true));  // read by nobody
    g.add(add_op({b}, 4, true));
    CHECK(ends_of(ll::cut_into_modules(g, 2).value()) == std::vector<std::size_t>{2, 4});
  }

  TEST_CASE("random graphs are cut exactly where the definition says") {
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
      CAPTURE(seed);
      std::mt19937_64 random(seed);
      ll::operation_graph g;
      const std::size_t count = 1 + random() % 14;
      for (std::size_t i = 0; i < count; ++i) {
        std::vector<std::uint32_t> inputs;
        if (i > 0 && random() % 8 != 0) inputs.push_back(static_cast<std::uint32_t>(i - 1));
        if (i > 0 && random() % 4 == 0) inputs.push_back(static_cast<std::uint32_t>(random() % i));
        g.add(add_op(inputs, 1 + random() % 9, random() % 3 != 0));
      }
      const auto m = ll::cut_into_modules(g, 2).value();
      CHECK(ends_of(m) == ends_by_definition(g));
      for (std::uint32_t u = 0; u + 1 < m.node_count(); ++u)
        CHECK(m.edge_bytes(u, u + 1) == g.operations[m.modules()[u].end_operation - 1].width * 4);
    }
  }

  TEST_CASE("an empty graph, or one that reads ahead, is refused") {
    CHECK(ll::cut_into_modules({}, 2).error().code == ll::errc::invalid_argument);
    ll::operation_graph g;
    g.add(add_op({}, 4, true));
    g.add(add_op({1}, 4, true));
    const auto itself = ll::cut_into_modules(g, 2);
    REQUIRE(!itself);
    CHECK(itself.error().message.find("operation 1 reads operation 1") != std::string::npos);
    g.operations[1].inputs = {7};
    CHECK(!ll::cut_into_modules(g, 2));
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/simulation/batch_clock.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <vector>

namespace ll = lingualinked;

namespace {

/// An embedding of 100 rows, a layer with a cache, and a head.
struct three_modules {
  using node_id = std::uint32_t;
  [[nodiscard]] std::size_t node_count() const noexcept { return 3; }
  [[nodiscard]] std::array<node_id, 0> successors(node_id) const { return {}; }
  [[nodiscard]] std::uint64_t edge_bytes(node_id, node_id) const noexcept { return 0; }
  [[nodiscard]] ll::node_cost cost(node_id u) const noexcept {
    if (u == 0) return {.weight_bytes = 1000, .read_bytes_per_token = 10};
    if (u == 2) return {.flops_per_token = 4000, .weight_bytes = 2000, .read_bytes_per_token = 2000};
    return {.flops_per_token = 1000,
            .flops_per_token_and_context_token = 2,
            .weight_bytes = 500,
            .read_bytes_per_token = 500,
            .kv_bytes_per_context_token = 3};
  }
};

ll::stage_job job_of(std::vector<ll::segment> segments) {
  ll::stage_job job;
  job.segments = std::move(segments);
  return job;
}

}  // namespace

TEST_SUITE("simulation/batch_clock") {
  TEST_CASE("one token takes what the planner's roofline says") {
    const three_modules graph;
    ll::device d;
    d.compute_flops_per_second = 1e6;
    d.memory_bandwidth_bytes_per_second = 2e5;
    const auto clock = ll::roofline_clock(graph, d, {0, 0, 2}, 10);
    REQUIRE(clock);
    for (const std::uint32_t context : {10U, 500U, 4000U}) {
      double expected = 0;
      for (std::uint32_t u = 0; u < 3; ++u) expected += ll::roofline_seconds(graph.cost(u), d, context).value();
      CHECK((*clock)(job_of({{1, context, 1}})) == doctest::Approx(expected));
    }
  }

  TEST_CASE("weights are read once for all rows, rows of an embedding each; only what is answered goes through the head") {
    const three_modules graph;
    ll::device d;
    d.memory_bandwidth_bytes_per_second = 1;
    const auto clock = ll::roofline_clock(graph, d, {0, 0, 2}, 20);
    REQUIRE(clock);
    CHECK((*clock)(job_of({{1, 0, 5}})) == doctest::Approx(50 + 500 + 3 * 2));           // inside a prompt
    CHECK((*clock)(job_of({{1, 15, 5}})) == doctest::Approx(50 + 500 + 3 * 17 + 2000));  // its end
    CHECK((*clock)(job_of({{1, 20, 1}, {2, 30, 1}, {3, 0, 8}})) ==
          doctest::Approx(100 + 500 + 3 * (20 + 30 + 3.5) + 2000).epsilon(1e-3));
    CHECK((*clock)(job_of({{1, 0, 200}})) == doctest::Approx(1000 + 500 + 3 * 99.5 + 2000).epsilon(1e-3));
  }

  TEST_CASE("work grows with rows and their contexts") {
    const three_modules graph;
    ll::device d;
    d.compute_flops_per_second = 1;
    const auto clock = ll::roofline_clock(graph, d, {0, 1, 1}, 20);
    REQUIRE(clock);
    CHECK((*clock)(job_of({{1, 0, 4}})) == doctest::Approx(4 * 1000 + 2 * (0 + 1 + 2 + 3)));
    CHECK((*clock)(job_of({{1, 7, 1}, {2, 9, 2}})) == doctest::Approx(3 * 1000 + 2 * (7 + 9 + 10)));
  }

  TEST_CASE("a device of which nothing is known is an error") {
    CHECK(!ll::roofline_clock(three_modules{}, ll::device{}, {0, 0, 2}, 1));
  }
}

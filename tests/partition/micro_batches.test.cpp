// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/micro_batches.hpp>

#include <doctest/doctest.h>

#include <lingualinked/graph/module_graph.hpp>
#include <lingualinked/partition/chain.hpp>

#include "random_instances.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace ll = lingualinked;
using planning_reference::dice;

namespace {

/// A chain of modules and a few devices that all reach each other, some limited by reading and some by computing.
struct random_model {
  explicit random_model(std::uint64_t seed) : graph(make_graph(seed)) {
    dice roll(seed + 500);
    const std::size_t count = 1 + roll.below(3);
    for (std::size_t d = 0; d < count; ++d) {
      ll::device machine;
      machine.name = std::to_string(d);
      machine.compute_flops_per_second = roll.between(1e3, 1e5);
      if (roll.chance(0.8)) machine.memory_bandwidth_bytes_per_second = roll.between(1e3, 1e4);
      machine.memory_bytes = static_cast<std::uint64_t>(roll.between(6000, 40000));
      devices.devices.push_back(machine);
    }
    devices.default_link = ll::link_quality{roll.between(0, 0.1), roll.between(1e3, 1e5)};
    options.sequences = static_cast<std::uint32_t>(std::vector{1, 2, 3, 4, 6, 8, 12}[roll.below(7)]);
    options.context_tokens = 4;
    options.prompt_tokens = 1;
    options.generate_tokens = 2;
  }
  static ll::module_graph make_graph(std::uint64_t seed) {
    dice roll(seed);
    std::vector<ll::module> modules(2 + roll.below(5));
    std::vector<std::vector<ll::module_graph::edge>> edges(modules.size());
    for (std::size_t j = 0; j < modules.size(); ++j) {
      const auto bytes = static_cast<std::uint64_t>(roll.between(500, 3000));
      modules[j].cost = {.flops_per_token = roll.between(100, 5000),
                         .weight_bytes = bytes,
                         .read_bytes_per_token = bytes,
                         .kv_bytes_per_context_token = roll.below(20)};
      if (j > 0) edges[j - 1] = {{static_cast<std::uint32_t>(j), static_cast<std::uint64_t>(roll.between(10, 500))}};
    }
    return {std::move(modules), std::move(edges)};
  }
  ll::module_graph graph;
  ll::fleet devices;
  ll::planning_options options;
};

/// Seconds of a round by the definition alone: stages of intervals[s] modules on order[s], K / b batches of b rows.
double round_seconds(const random_model& m, const std::vector<std::size_t>& order, const std::vector<std::size_t>& starts,
                     double b) {
  const double batches = m.options.sequences / b;
  const ll::link_quality& way = *m.devices.default_link;
  double lap = 0;
  double busiest = 0;
  for (std::size_t s = 0; s < order.size(); ++s) {
    const ll::device& d = m.devices.devices[order[s]];
    const std::size_t end = s + 1 < order.size() ? starts[s + 1] : m.graph.node_count();
    double seconds = 0;
    double memory = 0;
    for (std::size_t j = starts[s]; j < end; ++j) {
      const ll::node_cost cost = m.graph.cost(static_cast<std::uint32_t>(j));
      const double cache = static_cast<double>(cost.kv_bytes_per_context_token);
      const double reading = static_cast<double>(cost.read_bytes_per_token) + b * 2 * cache;  // at the mean context
      const double computing = b * cost.flops_per_token;
      const double bandwidth = d.memory_bandwidth_bytes_per_second.value_or(std::numeric_limits<double>::infinity());
      seconds += std::max(reading / bandwidth, computing / *d.compute_flops_per_second);
      memory += static_cast<double>(cost.weight_bytes) + cache * m.options.context_tokens * m.options.sequences;
    }
    if (memory > static_cast<double>(*d.memory_bytes)) return std::numeric_limits<double>::infinity();
    lap += seconds;
    busiest = std::max(busiest, seconds);
    if (order.size() == 1) continue;
    const bool last = s + 1 == order.size();
    const double bytes =
        last ? 4 * b
             : b * static_cast<double>(m.graph.edge_bytes(static_cast<std::uint32_t>(end - 1), static_cast<std::uint32_t>(end)));
    lap += way.latency_seconds + bytes / way.bandwidth_bytes_per_second;
    busiest = std::max(busiest, bytes / way.bandwidth_bytes_per_second);
  }
  return std::max(lap, batches * busiest);
}

/// The least round over all orders of devices, cuts and divisors, and the shortest micro-batch that reaches it.
struct least_round {
  double seconds = std::numeric_limits<double>::infinity();
  std::uint32_t batch = 0;
};
void try_stages(const random_model& m, std::vector<std::size_t>& order, std::vector<std::size_t>& starts, std::uint32_t b,
                least_round& least) {
  const double seconds = round_seconds(m, order, starts, b);
  if (seconds < least.seconds * (1 - 1e-9)) least = {seconds, b};
  for (std::size_t d = 0; d < m.devices.devices.size(); ++d) {
    if (std::ranges::find(order, d) != order.end()) continue;
    order.push_back(d);
    for (std::size_t next = starts.back() + 1; next < m.graph.node_count(); ++next) {
      starts.push_back(next);
      try_stages(m, order, starts, b, least);
      starts.pop_back();
    }
    order.pop_back();
  }
}
least_round by_trying_all(const random_model& m) {
  least_round least;
  for (std::uint32_t b = 1; b <= m.options.sequences; ++b) {
    if (m.options.sequences % b != 0) continue;
    for (std::size_t d = 0; d < m.devices.devices.size(); ++d) {
      std::vector<std::size_t> order{d};
      std::vector<std::size_t> starts{0};
      try_stages(m, order, starts, b, least);
    }
  }
  return least;
}

ll::micro_batched_placement answer(std::uint32_t b, ll::solve_status status, double seconds, double bound) {
  ll::micro_batched_placement a;
  a.instance.micro_batch_sequences = b;
  a.placed.status = status;
  a.placed.objective_seconds = seconds;
  a.placed.bound_seconds = bound;
  a.placed.solve_seconds = 1;
  if (status == ll::solve_status::optimal || status == ll::solve_status::feasible) a.placed.stages = {{0, 0, 0}};
  return a;
}

}  // namespace

TEST_SUITE("partition/micro_batches") {
  TEST_CASE("the best of all divisors is the best of all plans, and of equal ones the shortest") {
    std::size_t larger = 0;
    std::size_t planned = 0;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
      CAPTURE(seed);
      const random_model m(seed);
      const auto found = ll::solve_micro_batches(
          ll::problem<ll::module_graph>{m.graph, m.devices, m.options}, {},
          [](const ll::placement_instance& p, double seconds) { return ll::chain_partitioner{}.solve(p, seconds); });
      REQUIRE(found);
      const least_round least = by_trying_all(m);
      REQUIRE(found->placed.stages.empty() == (least.batch == 0));
      if (least.batch == 0) {
        CHECK(found->placed.status == ll::solve_status::infeasible);
        continue;
      }
      ++planned;
      CHECK(found->placed.status == ll::solve_status::optimal);
      CHECK(found->placed.objective_seconds == doctest::Approx(least.seconds).epsilon(1e-9));
      CHECK(found->instance.micro_batch_sequences == least.batch);
      CHECK(found->instance.all_sequences() == m.options.sequences);
      if (least.batch > 1) ++larger;
    }
    CHECK(planned > 250);
    CHECK(larger > 50);
  }

  TEST_CASE("divisors are tried that a batch has room for and that are not too many batches") {
    ll::planning_options o;
    using list = std::vector<std::uint32_t>;
    CHECK(ll::micro_batch_choices(o) == list{1});
    o.sequences = 12;
    CHECK(ll::micro_batch_choices(o) == list{1, 2, 3, 4, 6, 12});
    o.chunk_tokens = {4, 64};
    CHECK(ll::micro_batch_choices(o) == list{1, 2, 3, 4});
    o = {};
    o.sequences = 256;
    CHECK(ll::micro_batch_choices(o) == list{4, 8, 16, 32, 64, 128, 256});
    o.sequences = 257;
    o.chunk_tokens = {64};
    CHECK(ll::micro_batch_choices(o) == list{1});
  }

  TEST_CASE("what was proved is what is known of all of them together") {
    using enum ll::solve_status;
    const auto of = [](std::vector<ll::micro_batched_placement> all) { return ll::detail::best_of(std::move(all)); };
    auto best = of({answer(1, optimal, 3, 3), answer(2, optimal, 2, 2), answer(4, optimal, 2, 2)});
    CHECK(best.instance.micro_batch_sequences == 2);
    CHECK(best.placed.status == optimal);
    CHECK(best.placed.bound_seconds == 2);
    CHECK(best.placed.solve_seconds == 3);
    best = of({answer(1, feasible, 3, 1), answer(2, optimal, 2, 2), answer(4, infeasible, 0, 0)});
    CHECK(best.instance.micro_batch_sequences == 2);
    CHECK(best.placed.status == feasible);
    CHECK(best.placed.bound_seconds == doctest::Approx(1));
    best = of({answer(1, infeasible, 0, 0), answer(2, unknown, 0, 0)});
    CHECK(best.placed.status == unknown);
    best = of({answer(1, unknown, 0, 0), answer(2, optimal, 5, 5)});
    CHECK(best.placed.status == feasible);
    CHECK(best.placed.bound_seconds == 0);
  }
}

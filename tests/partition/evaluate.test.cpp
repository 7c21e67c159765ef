// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/evaluate.hpp>

#include <doctest/doctest.h>

#include "brute_force.hpp"
#include "random_instances.hpp"
#include "support/mentions.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

namespace ll = lingualinked;
namespace ref = planning_reference;

namespace {

using test_support::mentions;

/// Four modules, three devices in a ring a -> b -> c -> a, and a -> c; all figures easy to add up by hand.
ll::placement_instance small_ring() {
  ll::placement_instance p;
  for (int j = 0; j < 4; ++j) p.modules.push_back({"m" + std::to_string(j), 100, 1, 1000});
  p.edges.push_back({0, 3, 500});
  p.devices.push_back({"a", 10000, {1, 1, 1, 1}});
  p.devices.push_back({"b", 10000, {2, 2, 2, 2}});
  p.devices.push_back({"c", 10000, {4, 4, 4, 4}});
  p.links = {{0, 1, {0.5, 1000}}, {1, 2, {0.25, 2000}}, {2, 0, {0.125, 4}}, {0, 2, {0.0625, 100}}};
  p.sequences = 2;
  p.context_tokens = 10;
  p.token_bytes = 4;
  return p;
}

}  // namespace

TEST_SUITE("partition/evaluate") {
  TEST_CASE("a plan costs what the definition says, term by term") {
    const auto p = small_ring();
    const std::vector<ll::stage_interval> stages{{0, 0, 1}, {1, 2, 2}, {2, 3, 3}};
    const auto cost = ll::evaluate(p, stages);
    REQUIRE(cost.has_value());
    CHECK(cost->stage_seconds == std::vector<double>{2, 2, 4});
    CHECK(cost->stage_memory_bytes == std::vector<std::uint64_t>{240, 120, 120});
    // stages 8, hops 1.5 and 0.75, edge a -> c 5.0625, token c -> a 1.125
    CHECK(cost->lap_seconds == doctest::Approx(8 + 1.5 + 0.75 + 5.0625 + 1.125));
    CHECK(cost->bottleneck_seconds == doctest::Approx(5));  // the edge
    CHECK(cost->tau_seconds == doctest::Approx(cost->lap_seconds));
  }
  TEST_CASE("what a stage takes beside its modules is paid once for each stage") {
    auto p = small_ring();
    const std::vector<ll::stage_interval> stages{{0, 0, 1}, {1, 2, 2}, {2, 3, 3}};
    const double lap = ll::evaluate(p, stages)->lap_seconds;
    p.devices[1].stage_seconds = 0.5;
    p.devices[2].stage_seconds = 4;
    const auto cost = ll::evaluate(p, stages);
    REQUIRE(cost.has_value());
    CHECK(cost->stage_seconds == std::vector<double>{2, 2.5, 8});
    CHECK(cost->lap_seconds == doctest::Approx(lap + 4.5));
    CHECK(cost->bottleneck_seconds == doctest::Approx(8));
  }
  TEST_CASE("a link carries its cut and its edges together") {
    auto p = small_ring();
    p.edges = {{0, 2, 700}, {1, 3, 300}};
    p.sequences = 100;
    const std::vector<ll::stage_interval> stages{{0, 0, 1}, {1, 2, 3}};
    p.links.push_back({1, 0, {0, 1000}});
    const auto cost = ll::evaluate(p, stages);
    REQUIRE(cost.has_value());
    CHECK(cost->lap_seconds == doctest::Approx(2 + 4 + 1.5 + 1.2 + 0.8 + 0.004));
    CHECK(cost->bottleneck_seconds == doctest::Approx(4));
    p.devices[1].module_seconds = {0, 0, 0, 0};
    p.devices[0].module_seconds = {0, 0, 0, 0};
    const auto busy_link = ll::evaluate(p, stages);
    REQUIRE(busy_link.has_value());
    CHECK(busy_link->bottleneck_seconds == doctest::Approx(2));
    CHECK(busy_link->tau_seconds == doctest::Approx(200));
  }
  TEST_CASE("a named header without a stage pays both ways, a header with the stage pays nothing") {
    auto p = small_ring();
    p.edges.clear();
    const std::vector<ll::stage_interval> on_b{{1, 0, 3}};
    p.header = 1;
    CHECK(ll::evaluate(p, on_b)->lap_seconds == doctest::Approx(8));
    p.header = 0;
    p.links.push_back({1, 0, {0.5, 8}});
    CHECK(ll::evaluate(p, on_b)->lap_seconds == doctest::Approx(8 + 0.504 + 1));
  }
  TEST_CASE("tied weights count once on a device that holds both ends") {
    auto p = small_ring();
    p.tied_bytes = 60;
    const std::vector<ll::stage_interval> one{{0, 0, 3}};
    CHECK(ll::evaluate(p, one)->stage_memory_bytes.front() == 420);
  }
  TEST_CASE("what is broken is named") {
    auto p = small_ring();
    const std::vector<ll::stage_interval> reversed{{2, 0, 1}, {1, 2, 3}};
    const auto missing = ll::evaluate(p, reversed);
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().code == ll::errc::infeasible);
    CHECK(mentions(missing.error().message, "'c'"));
    CHECK(mentions(missing.error().message, "'b'"));

    p.devices[0].memory_bytes = 239;
    const std::vector<ll::stage_interval> heavy{{0, 0, 1}, {1, 2, 3}};
    const auto memory = ll::evaluate(p, heavy);
    REQUIRE_FALSE(memory.has_value());
    CHECK(mentions(memory.error().message, "240"));
    CHECK(mentions(memory.error().message, "239"));

    p = small_ring();
    const std::vector<ll::stage_interval> two{{0, 0, 1}, {1, 2, 3}};
    p.links.push_back({1, 0, {0, 1000}});
    REQUIRE(ll::evaluate(p, two).has_value());
    p.max_stages = 1;
    CHECK(mentions(ll::evaluate(p, two).error().message, "max_stages is 1"));
    p.max_stages = 2;
    p.devices[1].contract = 2;
    CHECK(mentions(ll::evaluate(p, two).error().message, "contract 2"));
    p.devices[1].contract = 1;
    p.devices[1].forbidden_modules = {0, 3};
    CHECK(mentions(ll::evaluate(p, two).error().message, "module 3 ('m3') is not allowed on 'b'"));
    p.devices[1].forbidden_modules = {0, 1};
    CHECK(ll::evaluate(p, two).has_value());
    p.devices[0].memory_bytes = 1;

    const std::vector<std::vector<ll::stage_interval>> no_plans{
        {}, {{0, 0, 2}}, {{0, 1, 3}}, {{0, 0, 1}, {0, 2, 3}}, {{0, 0, 1}, {1, 3, 3}}, {{7, 0, 3}}, {{0, 0, 9}}};
    for (const auto& stages : no_plans) {
      const auto broken = ll::evaluate(p, stages);
      REQUIRE_FALSE(broken.has_value());
      CHECK(broken.error().code == ll::errc::invalid_argument);
    }
  }
  TEST_CASE("it agrees with the definition written down module by module, for every plan of random instances") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      CAPTURE(seed);
      const auto p = ref::make_random_instance(seed).problem;
      std::vector<ll::stage_interval> stages;
      std::vector<bool> used(p.devices.size(), false);
      ref::every_plan(p, stages, used, [&](const std::vector<ll::stage_interval>& plan) {
        const auto expected = ref::price_of(p, plan);
        const auto cost = ll::evaluate(p, plan);
        bool same = cost.has_value() == expected.has_value();
        if (same && expected)
          same = cost->lap_seconds == doctest::Approx(expected->lap).epsilon(1e-12) &&
                 cost->bottleneck_seconds == doctest::Approx(expected->busiest).epsilon(1e-12) &&
                 cost->tau_seconds == doctest::Approx(expected->tau).epsilon(1e-12);
        if (!same) FAIL_CHECK("disagreement on a plan of " << plan.size() << " stages");
      });
    }
  }
}

TEST_SUITE("partition/validate") {
  TEST_CASE("a hostile instance is refused by the name of its field") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    struct attack {
      const char* field;
      void (*spoil)(ll::placement_instance&, double, double);
    };
    const attack attacks[] = {
        {"modules", [](auto& p, double, double) { p.modules.clear(); }},
        {"devices", [](auto& p, double, double) { p.devices.clear(); }},
        {"sequences", [](auto& p, double, double) { p.sequences = 0; }},
        {"header", [](auto& p, double, double) { p.header = 3; }},
        {"devices[2].name", [](auto& p, double, double) { p.devices[2].name = "a"; }},
        {"devices[1].module_seconds", [](auto& p, double, double) { p.devices[1].module_seconds.pop_back(); }},
        {"devices[1].stage_seconds", [](auto& p, double n, double) { p.devices[1].stage_seconds = n; }},
        {"devices[1].stage_seconds", [](auto& p, double, double) { p.devices[1].stage_seconds = -1; }},
        {"devices[1].module_seconds[2]", [](auto& p, double n, double) { p.devices[1].module_seconds[2] = n; }},
        {"devices[1].module_seconds[2]", [](auto& p, double, double i) { p.devices[1].module_seconds[2] = i; }},
        {"devices[1].module_seconds[2]", [](auto& p, double, double) { p.devices[1].module_seconds[2] = -1; }},
        {"devices[1].module_seconds[2]", [](auto& p, double, double) { p.devices[1].module_seconds[2] = 1e300; }},
        {"links[0].latency_seconds", [](auto& p, double n, double) { p.links[0].quality.latency_seconds = n; }},
        {"links[0].latency_seconds", [](auto& p, double, double) { p.links[0].quality.latency_seconds = -0.1; }},
        {"links[1].bandwidth_bytes_per_second",
         [](auto& p, double n, double) { p.links[1].quality.bandwidth_bytes_per_second = n; }},
        {"links[1].bandwidth_bytes_per_second",
         [](auto& p, double, double i) { p.links[1].quality.bandwidth_bytes_per_second = i; }},
        {"links[1].bandwidth_bytes_per_second",
         [](auto& p, double, double) { p.links[1].quality.bandwidth_bytes_per_second = 1e-300; }},
        {"links[1].bandwidth_bytes_per_second",
         [](auto& p, double, double) { p.links[1].quality.bandwidth_bytes_per_second = -5; }},
        {"links[2]", [](auto& p, double, double) { p.links[2].to = 17; }},
        {"links[4]", [](auto& p, double, double) { p.links.push_back(p.links[1]); }},
        {"edges[0]", [](auto& p, double, double) { p.edges[0].to_module = 4; }},
        {"edges[0]",
         [](auto& p, double, double) {
           p.edges[0] = {2, 2, 1};
         }},
        {"edges[0]",
         [](auto& p, double, double) {
           p.edges[0] = {3, 1, 1};
         }},
        {"edges[0].bytes", [](auto& p, double, double) { p.edges[0].bytes = UINT64_MAX; }},
        {"modules[1].weight_bytes", [](auto& p, double, double) { p.modules[1].weight_bytes = UINT64_MAX; }},
        {"modules[3].weight_bytes", [](auto& p, double, double) { p.modules[3].kv_bytes_per_token = UINT64_MAX / 4; }},
        {"max_stages", [](auto& p, double, double) { p.max_stages = 0; }},
        {"devices[1].contract", [](auto& p, double, double) { p.devices[1].contract = 0; }},
        {"devices[1].forbidden_modules[0]", [](auto& p, double, double) { p.devices[1].forbidden_modules = {4}; }},
        {"devices[1].forbidden_modules[1]",
         [](auto& p, double, double) {
           p.devices[1].forbidden_modules = {2, 2};
         }},
        {"modules[2].cut_bytes", [](auto& p, double, double) { p.modules[2].cut_bytes = UINT64_MAX; }},
    };
    REQUIRE(ll::validate_instance(small_ring()).has_value());
    for (const auto& a : attacks) {
      CAPTURE(a.field);
      auto p = small_ring();
      a.spoil(p, nan, inf);
      const auto valid = ll::validate_instance(p);
      REQUIRE_FALSE(valid.has_value());
      CHECK(valid.error().code == ll::errc::malformed);
      CHECK(valid.error().message.rfind(a.field, 0) == 0);
    }
  }
  TEST_CASE("absurd but sensible values are accepted: no bandwidth, links to oneself, memory without end") {
    auto p = small_ring();
    p.links[0].quality.bandwidth_bytes_per_second = 0;
    p.links.push_back({1, 1, {0, 1}});
    for (auto& d : p.devices) d.memory_bytes = UINT64_MAX;
    CHECK(ll::validate_instance(p).has_value());
  }
  TEST_CASE("more devices than any plan can use are refused before anything is built for them") {
    auto p = small_ring();
    p.devices.resize(ll::placement_limits::devices + 1);
    const auto valid = ll::validate_instance(p);
    REQUIRE_FALSE(valid.has_value());
    CHECK(valid.error().code == ll::errc::limit);
  }
}

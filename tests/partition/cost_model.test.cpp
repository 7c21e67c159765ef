// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/cost_model.hpp>

#include <doctest/doctest.h>

#include <lingualinked/graph/module_graph.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ll = lingualinked;

namespace {

/// Three modules; the second has a cache, and the first feeds the third as well.
ll::module_graph small_graph() {
  std::vector<ll::module> modules(3);
  modules[0].name = "embedding";
  modules[0].cost = {.flops_per_token = 0, .weight_bytes = 1000, .read_bytes_per_token = 10};
  modules[1].name = "attention";
  modules[1].cost = {.flops_per_token = 100,
                     .flops_per_token_and_context_token = 2,
                     .weight_bytes = 500,
                     .read_bytes_per_token = 500,
                     .kv_bytes_per_context_token = 8};
  modules[2].name = "head";
  modules[2].cost = {.flops_per_token = 4000, .weight_bytes = 2000, .read_bytes_per_token = 2000};
  return {std::move(modules), {{{1, 64}, {2, 32}}, {{2, 64}}, {}}};
}

ll::device machine(const std::string& name, std::optional<double> flops, std::optional<double> bandwidth) {
  ll::device d;
  d.name = name;
  d.compute_flops_per_second = flops;
  d.memory_bandwidth_bytes_per_second = bandwidth;
  return d;
}

ll::result<ll::placement_instance> instance_of(const ll::fleet& f, const ll::planning_options& o = {},
                                               const ll::cost_options& c = {}) {
  const ll::module_graph graph = small_graph();
  return ll::make_instance(ll::problem<ll::module_graph>{graph, f, o}, c);
}

}  // namespace

TEST_SUITE("partition/cost_model") {
  TEST_CASE("a module takes as long as its slower half, computing or reading") {
    const ll::node_cost cost{.flops_per_token = 100,
                             .flops_per_token_and_context_token = 2,
                             .weight_bytes = 1,
                             .read_bytes_per_token = 500,
                             .kv_bytes_per_context_token = 8};
    CHECK(ll::roofline_seconds(cost, machine("a", 10, 1000), 50).value() == doctest::Approx(20));
    CHECK(ll::roofline_seconds(cost, machine("a", 1e6, 1000), 50).value() == doctest::Approx(0.9));
    CHECK(ll::roofline_seconds(cost, machine("a", 10, std::nullopt), 50).value() == doctest::Approx(20));
    CHECK(ll::roofline_seconds(cost, machine("a", std::nullopt, 1000), 50).value() == doctest::Approx(0.9));
  }
  TEST_CASE("attention reaches no further back than its window, and a cache whose size is known is paid as it is") {
    const ll::node_cost cost{.flops_per_token_and_context_token = 2, .kv_bytes_per_context_token = 8, .window_tokens = 30};
    CHECK(ll::roofline_seconds(cost, machine("a", 10, 1), 50).value() == doctest::Approx(240));
    CHECK(ll::roofline_seconds(cost, machine("a", 10, 1), 20).value() == doctest::Approx(160));
    const ll::node_cost all{.kv_bytes_per_context_token = 8};
    CHECK((cost + cost).window_tokens == 30);
    CHECK((cost + ll::node_cost{}).window_tokens == 30);
    CHECK((ll::node_cost{} + cost).window_tokens == 30);
    CHECK((cost + all).window_tokens == 0);
    ll::fleet f;
    f.devices = {machine("a", 10, 1000)};
    ll::planning_options o;
    o.context_tokens = 77;
    const auto p = instance_of(f, o, {.kv_bytes = {0, 771, 770}}).value();
    CHECK(p.modules[0].kv_bytes_per_token == 0);
    CHECK(p.modules[1].kv_bytes_per_token == 11);
    CHECK(p.modules[2].kv_bytes_per_token == 10);
    CHECK_FALSE(instance_of(f, o, {.kv_bytes = {1}}).has_value());
  }
  TEST_CASE("figures that make no sense are refused by the device's name") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const auto& d : {machine("odd one", std::nullopt, std::nullopt), machine("odd one", 0, 5), machine("odd one", -1, 5),
                          machine("odd one", nan, 5), machine("odd one", 5, HUGE_VAL)}) {
      const auto seconds = ll::roofline_seconds({}, d, 0);
      REQUIRE_FALSE(seconds.has_value());
      CHECK(seconds.error().code == ll::errc::invalid_argument);
      CHECK(seconds.error().message.find("odd one") != std::string::npos);
    }
  }
  TEST_CASE("an instance holds the graph's sizes, times at the mean context and memory without what is reserved") {
    ll::fleet f;
    f.devices = {machine("a", 10, 1000), machine("b", 20, std::nullopt)};
    f.devices[0].memory_bytes = 10'000;
    f.devices[1].memory_bytes = 300;
    f.default_link = ll::link_quality{0.5, 100};
    f.links = {{0, 1, {0.25, 200}}};
    f.header = 1;
    ll::planning_options o;
    o.sequences = 3;
    o.context_tokens = 77;
    o.prompt_tokens = 40;
    o.generate_tokens = 20;
    const auto p = instance_of(f, o, {.reserve_bytes_per_device = 400, .token_bytes = 8, .tied_bytes = 900}).value();
    REQUIRE(p.modules.size() == 3);
    CHECK(p.modules[1] == ll::placement_instance::module{"attention", 500, 8, 64});
    CHECK(p.modules[0].cut_bytes == 64);
    CHECK(p.edges == std::vector<ll::placement_instance::edge>{{0, 2, 32}});
    CHECK(p.devices[0].memory_bytes == 9'600);
    CHECK(p.devices[1].memory_bytes == 0);  // less than the reserve
    CHECK(p.devices[0].module_seconds[0] == doctest::Approx(0.01));
    CHECK(p.devices[0].module_seconds[1] == doctest::Approx(20));  // 100 + 2 * 50 operations; reading takes 0.9 s
    CHECK(p.devices[1].module_seconds[2] == doctest::Approx(200));
    CHECK(p.links == std::vector<ll::link>{{0, 1, {0.25, 200}}, {1, 0, {0.5, 100}}});
    CHECK(p.sequences == 3);
    CHECK(p.context_tokens == 77);
    CHECK(p.token_bytes == 8);
    CHECK(p.tied_bytes == 900);
    CHECK(p.header == std::size_t{1});
  }
  TEST_CASE("a profile of the model takes the place of the roofline, and only that of this model and cache") {
    ll::fleet f;
    f.devices = {machine("measured", 10, 1000), machine("stated", 10, 1000), machine("silent", std::nullopt, std::nullopt)};
    ll::device_profile p;
    p.model_sha256 = "abc";
    p.kv_dtype = "f16";
    p.kinds = {{"embedding", 3, 0, {}}, {"attention", 5, 0.5, {}}};
    p.module_kind = {0, 1, 0};
    p.stage_overhead_seconds = 0.25;
    f.devices[0].profiles = {p};
    f.devices[2].profiles = {p};
    ll::planning_options o;
    o.prompt_tokens = 40;
    o.generate_tokens = 20;
    ll::cost_options c;
    c.model_sha256 = "abc";
    c.kv_dtype = "f16";
    const auto made = instance_of(f, o, c).value();
    CHECK(made.devices[0].module_seconds == std::vector<double>{3, 30, 3});
    CHECK(made.devices[2].module_seconds == std::vector<double>{3, 30, 3});
    CHECK(made.devices[0].stage_seconds == 0.25);
    CHECK(made.devices[1].module_seconds[1] == doctest::Approx(20));
    CHECK(made.devices[1].stage_seconds == 0);
    f.devices.pop_back();
    c.kv_dtype = "f32";
    CHECK(instance_of(f, o, c).value().devices[0].module_seconds[1] == doctest::Approx(20));
    CHECK(instance_of(f, o).value().devices[0].module_seconds[1] == doctest::Approx(20));
    c.kv_dtype = "f16";
    f.devices[0].profiles[0].module_kind = {0, 1};
    CHECK(instance_of(f, o, c).error().code == ll::errc::malformed);
    f.devices[0].profiles[0].module_kind = {0, 1, 2};
    CHECK(instance_of(f, o, c).error().code == ll::errc::malformed);
  }
  TEST_CASE("a problem of micro-batches counts by batch, reads weights once for each, and needs the same memory") {
    ll::fleet f;
    f.devices = {machine("a", 10, 1000), machine("b", 1e6, 1000), machine("measured", 1, 1)};
    ll::device_profile measured;
    measured.model_sha256 = "abc";
    measured.kv_dtype = "f16";
    measured.kinds = {{"any", 3, 0.5, {}, {{2, 4}, {3, 6}}}};
    measured.module_kind = {0, 0, 0};
    f.devices[2].profiles = {measured};
    ll::planning_options o;
    o.sequences = 6;
    o.context_tokens = 77;
    o.prompt_tokens = 40;
    o.generate_tokens = 20;
    o.chunk_tokens = {12};
    const ll::cost_options c{.token_bytes = 4, .model_sha256 = "abc", .kv_dtype = "f16"};
    const auto one = instance_of(f, o, c).value();
    o.micro_batch_sequences = 3;
    const auto p = instance_of(f, o, c).value();
    CHECK(p.sequences == 2);
    CHECK(p.all_sequences() == 6);
    CHECK(p.modules[0].cut_bytes == 3 * 64);
    CHECK(p.edges == std::vector<ll::placement_instance::edge>{{0, 2, 3 * 32}});
    CHECK(p.token_bytes == 12);
    for (std::size_t j = 0; j < 3; ++j) CHECK(ll::resident_bytes(p, j).value_or(0) == ll::resident_bytes(one, j).value_or(1));
    CHECK(p.devices[0].module_seconds[1] == doctest::Approx(3 * 20));         // computing
    CHECK(p.devices[1].module_seconds[0] == doctest::Approx(0.03));           // rows of an embedding, each its own
    CHECK(p.devices[1].module_seconds[1] == doctest::Approx(0.5 + 3 * 0.4));  // weights once, caches each
    CHECK(p.devices[2].module_seconds == std::vector<double>(3, 6 + 3 * 0.5 * 50));
    CHECK(p.chunk_tokens == one.chunk_tokens);
    CHECK(p.prompt_tokens == one.prompt_tokens);
    CHECK(p.devices[0].prefill_seconds == one.devices[0].prefill_seconds);
    for (const std::uint32_t b : {0U, 4U, 12U}) {
      o.micro_batch_sequences = b;
      CHECK(instance_of(f, o, c).error().code == ll::errc::invalid_argument);
    }
  }
  TEST_CASE("private modules are forbidden on devices that are neither trusted nor the header") {
    ll::fleet f;
    f.devices = {machine("a", 10, std::nullopt), machine("b", 10, std::nullopt), machine("c", 10, std::nullopt)};
    f.devices[1].trusted = true;
    f.devices[2].contract = 2;
    f.header = 2;
    ll::planning_options o;
    o.max_stages = 2;
    CHECK(instance_of(f, o).value().devices[0].forbidden_modules.empty());
    o.private_modules = 1;
    const auto p = instance_of(f, o).value();
    CHECK(p.devices[0].forbidden_modules == std::vector<std::size_t>{0, 2});
    CHECK(p.devices[1].forbidden_modules.empty());
    CHECK(p.devices[2].forbidden_modules.empty());
    CHECK(p.devices[2].contract == 2);
    CHECK(p.max_stages == 2U);
    o.private_modules = 5;
    CHECK(instance_of(f, o).value().devices[0].forbidden_modules == std::vector<std::size_t>{0, 1, 2});
  }
  TEST_CASE("memory that nobody states does not limit") {
    ll::fleet f;
    f.devices = {machine("a", 10, std::nullopt)};
    CHECK(instance_of(f).value().devices[0].memory_bytes == ll::unlimited_memory_bytes);
  }
  TEST_CASE("a default link without bandwidth is none, and too many default links are refused") {
    ll::fleet f;
    f.devices = {machine("a", 10, std::nullopt), machine("b", 10, std::nullopt)};
    f.default_link = ll::link_quality{0.1, 0};
    CHECK(instance_of(f).value().links.empty());
    f.default_link = ll::link_quality{0.1, 10};
    for (std::size_t i = 2; i <= ll::placement_limits::fully_linked_devices; ++i)
      f.devices.push_back(machine("d" + std::to_string(i), 10, std::nullopt));
    const auto many = instance_of(f);
    REQUIRE_FALSE(many.has_value());
    CHECK(many.error().code == ll::errc::limit);
  }
  TEST_CASE("a million devices are refused before anything is built for them") {
    ll::fleet f;
    f.devices.resize(1'000'000);
    const auto p = instance_of(f);
    REQUIRE_FALSE(p.has_value());
    CHECK(p.error().code == ll::errc::limit);
    CHECK(p.error().message.find("1000000") != std::string::npos);
  }
  TEST_CASE("a fleet whose names repeat is malformed") {
    ll::fleet f;
    f.devices = {machine("a", 10, std::nullopt), machine("a", 10, std::nullopt)};
    const auto p = instance_of(f);
    REQUIRE_FALSE(p.has_value());
    CHECK(p.error().code == ll::errc::malformed);
  }
}

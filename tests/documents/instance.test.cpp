// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/documents/instance.hpp>

#include <doctest/doctest.h>

#include "random_documents.hpp"
#include "support/rounds.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace ll = lingualinked;

namespace {

constexpr std::string_view three_modules = R"({
  "modules": [{"name": "embedding", "weight_bytes": 1000, "kv_bytes_per_token": 0, "cut_bytes": 2304},
              {"name": "layer", "weight_bytes": 2000, "kv_bytes_per_token": 64, "cut_bytes": 2304},
              {"name": "head", "weight_bytes": 1000}],
  "edges": [{"from_module": 0, "to_module": 2, "bytes": 512}],
  "devices": [{"name": "a", "memory_bytes": 100000, "module_seconds": [0.001, 0.002, 0.003]},
              {"name": "b", "memory_bytes": 5000, "module_seconds": [0.1, 0.2, 0.3]}],
  "links": [{"from": "a", "to": "b", "latency_seconds": 0.004, "bandwidth_bytes_per_second": 2.0e7}],
  "sequences": 2, "context_tokens": 128, "token_bytes": 4, "tied_bytes": 500, "header": "b"})";

std::string instance_with(std::string_view old_text, std::string_view new_text) {
  std::string text(three_modules);
  const auto at = text.find(old_text);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old_text.size(), new_text);
}

}  // namespace

TEST_SUITE("documents/instance") {
  TEST_CASE("an instance is read as it is described") {
    const auto p = ll::read_instance(three_modules);
    const std::string why = p ? "" : p.error().message;
    CAPTURE(why);
    REQUIRE(p.has_value());
    REQUIRE(p->modules.size() == 3);
    CHECK(p->modules[1] == ll::placement_instance::module{"layer", 2000, 64, 2304});
    CHECK(p->modules[2] == ll::placement_instance::module{"head", 1000, 0, 0});
    REQUIRE(p->edges.size() == 1);
    CHECK(p->edges[0] == ll::placement_instance::edge{0, 2, 512});
    REQUIRE(p->devices.size() == 2);
    CHECK(p->devices[1] == ll::placement_instance::device{"b", 5000, {0.1, 0.2, 0.3}});
    REQUIRE(p->links.size() == 1);
    CHECK(p->links[0] == ll::link{0, 1, {0.004, 2.0e7}});
    CHECK(p->sequences == 2);
    CHECK(p->context_tokens == 128);
    CHECK(p->token_bytes == 4);
    CHECK(p->tied_bytes == 500);
    CHECK(p->header == 1U);
  }

  TEST_CASE("what was written is read back to the last bit") {
    for (std::uint64_t seed = 0; seed < test_support::rounds(300); ++seed) {
      CAPTURE(seed);
      random_documents::source s(seed);
      const ll::placement_instance instance = random_documents::instance(s);
      const auto again = ll::read_instance(ll::to_json(instance).dump());
      const std::string why = again ? "" : again.error().message;
      CAPTURE(why);
      REQUIRE(again.has_value());
      REQUIRE(*again == instance);
    }
  }

  TEST_CASE("a malformed instance is refused and the field is named") {
    struct row {
      std::string text;
      std::string_view says;
    };
    const row rows[] = {
        {"{}", "modules"},
        {R"({"modules":[],"devices":[]})", "modules"},
        {instance_with("\"weight_bytes\": 2000", "\"weight_bytes\": -1"), "modules[1].weight_bytes"},
        {instance_with("\"weight_bytes\": 2000,", ""), "modules[1].weight_bytes"},
        {instance_with("\"kv_bytes_per_token\": 64", "\"kv_bytes_per_token\": 6.4"), "modules[1].kv_bytes_per_token"},
        {instance_with("\"name\": \"b\"", "\"name\": \"b\", \"forbidden_modules\": [0, 3]"), "devices[1].forbidden_modules[1]"},
        {instance_with("\"name\": \"b\"", "\"name\": \"b\", \"forbidden_modules\": [1, 1]"), "devices[1].forbidden_modules[1]"},
        {instance_with("\"name\": \"b\"", "\"name\": \"b\", \"contract\": 0"), "devices[1].contract"},
        {instance_with("\"sequences\": 2", "\"sequences\": 2, \"max_stages\": 0"), "max_stages"},
        {instance_with("\"sequences\": 2", "\"sequences\": 2, \"objective\": \"speed\""), "objective"},
        {instance_with("\"sequences\": 2", "\"sequences\": 2, \"objective\": \"energy\""), "devices[0].power_active_watts"},
        {instance_with("\"sequences\": 2", "\"sequences\": 2, \"objective\": \"completion\""), "chunk_tokens"},
        {instance_with("\"sequences\": 2", "\"sequences\": 2, \"chunk_tokens\": [8]"), "devices[0].prefill_seconds"},
        {instance_with("\"sequences\": 2", "\"sequences\": 2, \"chunk_tokens\": [8, 8]"), "chunk_tokens[1]"},
        {instance_with("\"name\": \"b\"", "\"name\": \"b\", \"battery_joules\": 5"), "devices[1].power_active_watts"},
        {instance_with("\"name\": \"b\"", "\"name\": \"b\", \"power_idle_watts\": -1"), "devices[1].power_idle_watts"},
        {instance_with("\"name\": \"b\"", "\"name\": \"b\", \"prefill_seconds\": [[1, 2, 3]]"), "devices[1].prefill_seconds"},
        {instance_with("\"to_module\": 2", "\"to_module\": 3"), "edges[0]"},
        {instance_with("\"to_module\": 2", "\"to_module\": 0"), "edges[0]"},
        {instance_with("\"from_module\": 0", "\"from_module\": 2"), "edges[0]"},
        {instance_with("\"bytes\": 512", "\"bytes\": -512"), "edges[0].bytes"},
        {instance_with("[0.1, 0.2, 0.3]", "[0.1, 0.2]"), "devices[1].module_seconds"},
        {instance_with("[0.1, 0.2, 0.3]", "[0.1, 0.2, 0.3, 0.4]"), "devices[1].module_seconds"},
        {instance_with("[0.1, 0.2, 0.3]", "[0.1, -0.2, 0.3]"), "devices[1].module_seconds[1]"},
        {instance_with("[0.1, 0.2, 0.3]", "[0.1, 1e300, 0.3]"), "devices[1].module_seconds[1]"},
        {instance_with("[0.1, 0.2, 0.3]", "[0.1, null, 0.3]"), "devices[1].module_seconds[1]"},
        {instance_with("[0.1, 0.2, 0.3]", "0.1"), "devices[1].module_seconds"},
        {instance_with("\"name\": \"b\"", "\"name\": \"a\""), "devices[1].name"},
        {instance_with("\"memory_bytes\": 5000", "\"memory_bytes\": -1"), "devices[1].memory_bytes"},
        {instance_with("\"to\": \"b\"", "\"to\": \"c\""), "links[0].to"},
        {instance_with("\"to\": \"b\"", "\"to\": \"a\""), "links[0]"},
        {instance_with("\"sequences\": 2", "\"sequences\": 0"), "sequences"},
        {instance_with("\"sequences\": 2", "\"sequences\": 4294967296"), "sequences"},
        {instance_with("\"context_tokens\": 128", "\"context_tokens\": -1"), "context_tokens"},
        {instance_with("\"token_bytes\": 4", "\"token_bytes\": 0.5"), "token_bytes"},
        {instance_with("\"tied_bytes\": 500", "\"tied_bytes\": \"all\""), "tied_bytes"},
        {instance_with("\"header\": \"b\"", "\"header\": \"c\""), "header"},
        {instance_with("\"header\": \"b\"", "\"header\": \"b\", \"header\": null"), "header"},
    };
    for (const row& r : rows) {
      CAPTURE(r.text);
      const auto instance = ll::read_instance(r.text);
      REQUIRE_FALSE(instance.has_value());
      CHECK((instance.error().code == ll::errc::malformed || instance.error().code == ll::errc::limit));
      const std::string why = instance.error().message;
      CAPTURE(why);
      CHECK(why.find(r.says) != std::string::npos);
    }
  }

  TEST_CASE("damaged instances give clean errors, or instances that are stable") {
    for (std::uint64_t seed = 0; seed < test_support::rounds(3000); ++seed) {
      CAPTURE(seed);
      random_documents::source s(seed);
      const auto instance = ll::read_instance(random_documents::damaged(ll::to_json(random_documents::instance(s)).dump(), s));
      if (!instance) {
        REQUIRE_FALSE(instance.error().message.empty());
        continue;
      }
      const auto again = ll::read_instance(ll::to_json(*instance).dump());
      REQUIRE(again.has_value());
      REQUIRE(*again == *instance);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/documents/plan.hpp>

#include <doctest/doctest.h>

#include "random_documents.hpp"
#include "support/rounds.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ll = lingualinked;

namespace {

/// Two stages of ten modules.
nlohmann::ordered_json sample() {
  ll::plan_document p;
  p.objective = "latency";
  p.context_tokens = 2048;
  p.module_count = 10;
  p.model_sha256 = std::string(64, 'a');
  p.fleet_sha256 = std::string(64, '0');
  p.kv_dtype = "f16";
  p.solver = "glpk";
  p.status = "optimal";
  p.objective_value = 0.031;
  p.objective_seconds = 0.031;
  p.bound = 0.031;
  p.gap = 0.0;
  p.solve_seconds = 0.012;
  p.baselines = {{"even", {true, 0.044, std::nullopt}}, {"fastest_device", {false, std::nullopt, "too small"}}};
  p.stages = {{"phone-a", "local", 0, 6, 0.012, 41231232, 1048576, 2, std::pair<std::size_t, std::size_t>{0, 8}},
              {"phone-b", "tcp://192.0.2.1:5", 7, 9, 0.014, 5, 6, std::nullopt, std::nullopt}};
  p.overlaps = ll::plan_document::windows{"expected", "warm", 2, 0.04, 0.05, 100};
  p.transmissions = {{"residual@7", "phone-a", "phone-b", 2304, "sequential"}};
  p.unused = {{"phone-c", "slower"}};
  return ll::to_json(p);
}

}  // namespace

TEST_SUITE("documents/plan") {
  TEST_CASE("a plan is written with the names that scripts rely on") {
    const auto json = sample();
    for (const char* key : {"objective",       "sequences",      "context_tokens",    "module_count", "model_sha256",
                            "fleet_sha256",    "kv_dtype",       "contract",          "solver",       "status",
                            "objective_value", "objective_unit", "objective_seconds", "bound",        "gap",
                            "solve_seconds",   "reason",         "predicted",         "baselines",    "stages",
                            "transmissions",   "unused"})
      CHECK(json.contains(key));
    for (const char* key : {"token_seconds", "lap_seconds", "bottleneck_seconds", "prefill_seconds", "energy_joules_per_token",
                            "gap_median_seconds", "gap_p95_seconds", "tokens_per_second"})
      CHECK(json["predicted"].at(key).is_null());
    CHECK(json["baselines"]["even"]["feasible"] == true);
    CHECK(json["baselines"]["fastest_device"]["token_seconds"].is_null());
    CHECK(json["baselines"]["fastest_device"]["reason"] == "too small");
    CHECK(json["reason"].is_null());
    CHECK(json["windows"]["without_token_seconds"] == 0.05);
    CHECK(json["stages"][0]["device"] == "phone-a");
    CHECK(json["stages"][0]["overlap"]["last_module"] == 8);
    CHECK(json["stages"][1]["overlap"].is_null());
    CHECK(json["stages"][1]["endpoint"] == "tcp://192.0.2.1:5");
    CHECK(json["transmissions"][0]["tensor"] == "residual@7");
    CHECK(json["transmissions"][0]["bytes_per_token"] == 2304);
    CHECK(json["unused"][0]["reason"] == "slower");
  }

  TEST_CASE("what was written is read back to the last bit") {
    for (std::uint64_t seed = 0; seed < test_support::rounds(300); ++seed) {
      CAPTURE(seed);
      random_documents::source s(seed);
      const ll::plan_document plan = random_documents::plan(s);
      const auto again = ll::read_plan(ll::to_json(plan).dump(2));
      const std::string why = again ? "" : again.error().message;
      CAPTURE(why);
      REQUIRE(again.has_value());
      REQUIRE(*again == plan);
    }
  }

  TEST_CASE("unknown fields are left alone") {
    auto json = sample();
    json["media"] = {1, 2, 3};
    json["stages"][0]["colour"] = "red";
    CHECK(ll::read_plan(json.dump()).value() == ll::read_plan(sample().dump()).value());
  }

  TEST_CASE("a malformed plan is refused and the field is named") {
    using json = nlohmann::ordered_json;
    struct row {
      std::function<void(json&)> damage;
      std::string_view says;
    };
    const row rows[] = {
        {[](json& j) { j.erase("stages"); }, "stages"},
        {[](json& j) { j["stages"] = 5; }, "stages"},
        {[](json& j) { j["module_count"] = 11; }, "stages"},
        {[](json& j) { j["stages"][1]["first_module"] = 8; }, "stages"},
        {[](json& j) { j["stages"][1]["first_module"] = 6; }, "stages"},
        {[](json& j) { j["stages"][0]["last_module"] = 70000; }, "stages[0].last_module"},
        {[](json& j) { j["stages"][1]["first_module"] = -7; }, "stages[1].first_module"},
        {[](json& j) { j["stages"][1]["first_module"] = 7.0; }, "stages[1].first_module"},
        {[](json& j) { j["stages"][0].erase("device"); }, "stages[0].device"},
        {[](json& j) { j["stages"][0]["endpoint"] = 5; }, "stages[0].endpoint"},
        {[](json& j) { j["stages"][1]["device"] = "phone-a"; }, "stages[1].device"},
        {[](json& j) { j["transmissions"][0]["from"] = "phone-c"; }, "transmissions[0].from"},
        {[](json& j) { j["transmissions"][0]["to"] = "nobody"; }, "transmissions[0].to"},
        {[](json& j) { j["stages"][0]["seconds"] = -1; }, "stages[0].seconds"},
        {[](json& j) { j["stages"][0]["memory_bytes"] = 0.5; }, "stages[0].memory_bytes"},
        {[](json& j) { j["stages"][0]["overlap"] = "all"; }, "stages[0].overlap"},
        {[](json& j) { j["model_sha256"] = "abc"; }, "model_sha256"},
        {[](json& j) { j["model_sha256"] = std::string(64, 'A'); }, "model_sha256"},
        {[](json& j) { j["model_sha256"] = "../" + std::string(61, 'a'); }, "model_sha256"},
        {[](json& j) { j["fleet_sha256"] = 5; }, "fleet_sha256"},
        {[](json& j) { j["kv_dtype"] = "f64"; }, "kv_dtype"},
        {[](json& j) { j["sequences"] = 0; }, "sequences"},
        {[](json& j) { j["sequences"] = -1; }, "sequences"},
        {[](json& j) { j["context_tokens"] = "many"; }, "context_tokens"},
        {[](json& j) { j["contract"] = 0; }, "contract"},
        {[](json& j) { j["objective_seconds"] = "soon"; }, "objective_seconds"},
        {[](json& j) { j["gap"] = -0.1; }, "gap"},
        {[](json& j) { j["solver"] = nullptr; }, "solver"},
        {[](json& j) { j["transmissions"] = nullptr; }, "transmissions"},
        {[](json& j) { j["transmissions"][0]["bytes_per_token"] = -1; }, "transmissions[0].bytes_per_token"},
        {[](json& j) { j["unused"][0].erase("device"); }, "unused[0].device"},
        {[](json& j) { j["baselines"]["even"]["feasible"] = "yes"; }, "baselines.even.feasible"},
        {[](json& j) { j = json::array(); }, ""},
    };
    for (const row& r : rows) {
      json j = sample();
      r.damage(j);
      const std::string text = j.dump();
      CAPTURE(text);
      const auto plan = ll::read_plan(text);
      REQUIRE_FALSE(plan.has_value());
      CHECK(plan.error().code == ll::errc::malformed);
      const std::string why = plan.error().message;
      CAPTURE(why);
      CHECK(why.find(r.says) != std::string::npos);
    }
  }

  TEST_CASE("damaged plans give clean errors, or plans that are stable") {
    for (std::uint64_t seed = 0; seed < test_support::rounds(3000); ++seed) {
      CAPTURE(seed);
      random_documents::source s(seed);
      const auto plan = ll::read_plan(random_documents::damaged(ll::to_json(random_documents::plan(s)).dump(), s));
      if (!plan) {
        REQUIRE_FALSE(plan.error().message.empty());
        continue;
      }
      const auto again = ll::read_plan(ll::to_json(*plan).dump());
      REQUIRE(again.has_value());
      REQUIRE(*again == *plan);
    }
  }
}

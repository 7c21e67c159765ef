// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <doctest/doctest.h>

#include <support/run_tool.hpp>

#include <cstdlib>
#include <string>
#include <vector>

using namespace testing_tool;
using nlohmann::json;

TEST_SUITE("tool/probe") {
  TEST_CASE("what probe writes is kept, merged, and used by plan") {
    const char* before = std::getenv("LINGUALINKED_CACHE");
    const std::string cache = before == nullptr ? "" : before;
    setenv("LINGUALINKED_CACHE", scratch_path("probe-cache").c_str(), 1);
    const std::string model = data("gguf/llama-gqa.gguf");
    const std::string other = scratch_file(
        "other.json",
        R"({"devices":[{"name":"other","compute_flops_per_second":1e9,"memory_bytes":1000000000},)"
        R"({"name":"me","power_active_watts":7}],"default_link":{"latency_seconds":0.01,"bandwidth_bytes_per_second":1e6}})");
    const std::string out = scratch_path("fleet.json");
    const std::vector<std::string> words{"probe", "-m",      model, "--quick", "-t", "1",     "--name",
                                         "me",    "--merge", other, "--out",   out,  "--json"};
    const auto first = run_tool(words);
    REQUIRE_MESSAGE(first.status == 0, first.err);
    CHECK(json::parse(contents(out)) == first.json());
    const json devices = first.json()["devices"];
    REQUIRE(devices.size() == 2);
    CHECK(devices[0]["name"] == "other");
    CHECK(devices[1]["name"] == "me");
    CHECK(devices[1]["power_active_watts"] == 7);
    CHECK(devices[1]["memory_bandwidth_bytes_per_second"] > 0);
    REQUIRE(devices[1]["profiles"].size() == 1);
    const json profile = devices[1]["profiles"][0];
    CHECK(profile["threads"] == 1);

    const auto again = run_tool(words);
    REQUIRE(again.status == 0);
    CHECK(again.json()["devices"][1]["profiles"][0] == profile);  // times differ whenever they are measured

    const auto planned =
        run_tool({"plan", "-m", model, "--fleet", out, "--dump-instance", scratch_path("problem.json"), "--json"});
    REQUIRE_MESSAGE(planned.status == 0, planned.err);
    CHECK(planned.json()["model_sha256"] == profile["model_sha256"]);
    const json problem = json::parse(contents(scratch_path("problem.json")));
    CHECK(problem["devices"][1]["stage_seconds"] == profile["stage_overhead_seconds"]);
    const json kind = profile["kinds"][profile["module_kind"][1].get<std::size_t>()];
    const double context = 128 + 128 / 2;
    CHECK(
        problem["devices"][1]["module_seconds"][1].get<double>() ==
        doctest::Approx(kind["decode_seconds"].get<double>() + kind["decode_seconds_per_context_token"].get<double>() * context));
    if (before == nullptr) unsetenv("LINGUALINKED_CACHE");
    else setenv("LINGUALINKED_CACHE", cache.c_str(), 1);
  }
}

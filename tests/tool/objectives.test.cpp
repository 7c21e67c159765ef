// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <doctest/doctest.h>

#include <support/run_tool.hpp>

#include <string>
#include <vector>

using namespace testing_tool;
using nlohmann::json;

namespace {

/// A thirsty quick machine and a frugal slow one.
json two_devices() {
  return json::parse(R"({"devices":[
    {"name":"desktop","memory_bytes":200000000,"compute_flops_per_second":1e10,"power_active_watts":200,"power_idle_watts":60},
    {"name":"phone","memory_bytes":200000000,"compute_flops_per_second":1e9,"power_active_watts":4,"power_idle_watts":0.5}],
    "default_link":{"latency_seconds":1e-3,"bandwidth_bytes_per_second":1e7}})");
}

/// A slow phone where prompts enter, a quick machine of somebody else, and a tablet.
json three_devices() {
  return json::parse(R"({"devices":[
    {"name":"phone","memory_bytes":26000000,"compute_flops_per_second":1e8},
    {"name":"stranger","memory_bytes":200000000,"compute_flops_per_second":1e12},
    {"name":"tablet","memory_bytes":200000000,"compute_flops_per_second":1e9}],
    "default_link":{"latency_seconds":1e-7,"bandwidth_bytes_per_second":1e12},"header":"phone"})");
}

outcome plan_fleet(const json& fleet, std::vector<std::string> more) {
  std::vector<std::string> words{
      "plan",  "-m", data("gguf/llama-gqa.gguf"), "--context", "64", "--fleet", scratch_file("fleet.json", fleet.dump()),
      "--json"};
  words.insert(words.end(), more.begin(), more.end());
  return run_tool(words);
}

}  // namespace

TEST_SUITE("tool/objectives") {
  TEST_CASE("the quickest plan and the most frugal one use different devices, and each says what it costs") {
    const json fleet = two_devices();
    const json quick = plan_fleet(fleet, {}).json();
    CHECK(quick["stages"][0]["device"] == "desktop");
    CHECK(quick["predicted"]["energy_joules_per_token"].get<double>() ==
          doctest::Approx(200 * quick["objective_seconds"].get<double>()));
    const json frugal = plan_fleet(fleet, {"--objective", "energy"}).json();
    CHECK(frugal["status"] == "optimal");
    CHECK(frugal["objective"] == "energy");
    CHECK(frugal["objective_unit"] == "joules_per_token");
    CHECK(frugal["stages"][0]["device"] == "phone");
    CHECK(frugal["objective_value"] == frugal["predicted"]["energy_joules_per_token"]);
    CHECK(frugal["objective_value"].get<double>() == doctest::Approx(4 * frugal["objective_seconds"].get<double>()));
    CHECK(frugal["bound"].get<double>() <= frugal["objective_value"].get<double>());
    CHECK(frugal["gap"].get<double>() <= 1e-6);
  }
  TEST_CASE("an unknown power is named, and solvers that do not weigh energy decline") {
    json fleet = two_devices();
    const outcome declined = plan_fleet(fleet, {"--objective", "energy", "--solver", "counts"});
    CHECK(declined.status == 2);
    CHECK(declined.err.find("use chain") != std::string::npos);
    fleet["devices"][1].erase("power_idle_watts");
    const outcome unknown = plan_fleet(fleet, {"--objective", "energy"});
    CHECK(unknown.status == 3);
    CHECK(unknown.json()["error"]["message"].get<std::string>().find("devices[1].power_idle_watts") != std::string::npos);
    CHECK(plan_fleet(fleet, {}).json()["predicted"]["energy_joules_per_token"].is_number());  // the device that counts is known
  }
  TEST_CASE("a battery that would not last keeps its device out, and is named where no plan is left") {
    json fleet = two_devices();
    const double round = plan_fleet(fleet, {"--objective", "energy"}).json()["objective_value"];
    fleet["devices"][1]["battery_joules"] = 90 * round;
    const std::vector<std::string> frugal{"--objective", "energy", "--generate-tokens"};
    auto with = [&](const char* tokens) {
      auto words = frugal;
      words.emplace_back(tokens);
      return words;
    };
    CHECK(plan_fleet(fleet, with("80")).json()["stages"][0]["device"] == "phone");
    CHECK(plan_fleet(fleet, with("100")).json()["stages"][0]["device"] == "desktop");
    fleet["devices"][0]["memory_bytes"] = 1000;
    const outcome none = plan_fleet(fleet, with("100"));
    CHECK(none.status == 4);
    CHECK(none.json()["reason"].get<std::string>().find("batteries: ") == 0);
  }
  TEST_CASE("completion chooses how to cut the prompt, and a run obeys it") {
    json fleet = two_devices();
    for (auto& d : fleet["devices"]) d["memory_bytes"] = 31000000;
    const outcome planned = plan_fleet(fleet, {"--objective", "completion", "--prompt-tokens", "48", "--generate-tokens", "8"});
    REQUIRE_MESSAGE(planned.status == 0, planned.err);
    const json d = planned.json();
    CHECK(d["objective"] == "completion");
    CHECK(d["objective_value"] == d["predicted"]["completion_seconds"]);
    CHECK(d["objective_value"].get<double>() ==
          doctest::Approx(d["predicted"]["prefill_seconds"].get<double>() + 8 * d["objective_seconds"].get<double>()));
    const std::size_t chunk = d["predicted"]["prefill_chunk_tokens"];
    CHECK((chunk == 32 || chunk == 48));
    const outcome ran =
        run_tool({"run", "-m", data("gguf/llama-gqa.gguf"), "--ids-file", scratch_file("ids.json", "[1,5,9,33,7,300,21]"), "-n",
                  "4", "--ignore-eos", "--plan", scratch_file("plan.json", planned.out), "--json"});
    REQUIRE_MESSAGE(ran.status == 0, ran.err);
    CHECK(ran.json()["plan"]["predicted"]["prefill_chunk_tokens"] == chunk);
  }
  TEST_CASE("a dumped problem is self-contained: solved again without the model it has the same optimum") {
    for (const char* goal : {"energy", "completion", "throughput"}) {
      CAPTURE(goal);
      json fleet = two_devices();
      fleet["devices"][1]["battery_joules"] = 1e9;
      const std::string dump = scratch_path("instance.json");
      const json planned = plan_fleet(fleet, {"--objective", goal, "--dump-instance", dump}).json();
      for (const char* solver : {"", "chain"}) {
        std::vector<std::string> words{"plan", "--instance", dump, "--json"};
        if (*solver != '\0') words.insert(words.end(), {"--solver", solver});
        const json again = run_tool(words).json();
        CHECK(again["objective"] == goal);
        CHECK(again["objective_value"].get<double>() == doctest::Approx(planned["objective_value"].get<double>()).epsilon(1e-9));
        CHECK(again["predicted"]["prefill_seconds"] == planned["predicted"]["prefill_seconds"]);
      }
    }
  }
  TEST_CASE("sequences share batches where that is worth it, as the plan says and a run obeys") {
    json fleet = two_devices();  // limited by computing: a batch of two takes as long as two
    const json alone = plan_fleet(fleet, {"--sequences", "6"}).json();
    CHECK(alone["micro_batch_sequences"] == 1);
    for (auto& d : fleet["devices"]) d["memory_bandwidth_bytes_per_second"] = 1e6;  // by reading: it takes as long as one
    const std::string dump = scratch_path("instance.json");
    const outcome planned = plan_fleet(fleet, {"--sequences", "6", "--objective", "throughput", "--dump-instance", dump});
    REQUIRE_MESSAGE(planned.status == 0, planned.err);
    const json plan = planned.json();
    CHECK(plan["micro_batch_sequences"] > 1);
    CHECK(plan["sequences"] == 6);
    CHECK(plan["status"] == "optimal");
    CHECK(plan["predicted"]["token_seconds"].get<double>() * 6 == doctest::Approx(plan["objective_seconds"].get<double>()));
    CHECK(plan["predicted"]["prefill_seconds"] > 0);  // no piece is of whole micro-batches
    const json by_one = plan_fleet(fleet, {"--sequences", "6", "--micro-batch", "1"}).json();
    CHECK(by_one["micro_batch_sequences"] == 1);
    CHECK(by_one["objective_seconds"].get<double>() > 1.3 * plan["objective_seconds"].get<double>());
    // The dumped problem is one of batches, by the same definition as any other.
    const json problem = json::parse(contents(dump));
    CHECK(problem["sequences"].get<int>() * plan["micro_batch_sequences"].get<int>() == 6);
    for (const char* field : {"sequences", "micro_batch_sequences", "objective_seconds", "objective_value"}) {
      CAPTURE(field);
      CHECK(run_tool({"plan", "--instance", dump, "--json"}).json()[field] == plan[field]);
    }
    CHECK(plan_fleet(fleet, {"--sequences", "6", "--micro-batch", "4"}).status == 2);
    CHECK(run_tool({"plan", "--instance", dump, "--micro-batch", "2"}).status == 2);
    const outcome ran =
        run_tool({"bench", "-m", data("gguf/llama-gqa.gguf"), "--prompt-tokens", "8", "--generate-tokens", "6", "--sequences",
                  "6", "--repetitions", "1", "--plan", scratch_file("plan.json", planned.out), "--json"});
    REQUIRE_MESSAGE(ran.status == 0, ran.err);
    CHECK(ran.json()["decode_tokens_per_second"] > 0);
  }
  TEST_CASE("private layers stay on trusted devices and the header, and without any there is no plan") {
    json fleet = three_devices();
    const json open = plan_fleet(fleet, {}).json();
    REQUIRE(open["stages"].size() == 1);
    CHECK(open["stages"][0]["device"] == "stranger");
    fleet["devices"][2]["trusted"] = true;
    const std::size_t last = open["module_count"].get<std::size_t>() - 1;
    for (const std::size_t layers : {0U, 1U}) {
      CAPTURE(layers);
      const json d = plan_fleet(fleet, {"--private-layers", std::to_string(layers)}).json();
      REQUIRE(d["status"] == "optimal");
      for (const auto& s : d["stages"]) {
        if (s["device"] != "stranger") continue;
        CHECK(s["first_module"].get<std::size_t>() > 2 * layers);
        CHECK(s["last_module"].get<std::size_t>() + 2 * layers < last);
      }
    }
    fleet["devices"][2].erase("trusted");
    fleet.erase("header");
    const outcome none = plan_fleet(fleet, {"--private-layers", "0"});
    CHECK(none.status == 4);
    CHECK(none.json()["reason"].get<std::string>().find("private: no trusted device can hold module ") == 0);
  }
  TEST_CASE("a plan has no more stages than asked for, and none of another contract") {
    json fleet = three_devices();
    fleet["devices"][0]["memory_bytes"] = 200000000;
    fleet["devices"][1]["contract"] = 2;
    const json d = plan_fleet(fleet, {"--max-stages", "1"}).json();
    REQUIRE(d["stages"].size() == 1);
    const outcome beside = run_tool({"plan", "--instance", "x.json", "--max-stages", "2"});
    CHECK(beside.status == 2);
    CHECK(run_tool({"run", "-m", data("gguf/llama-gqa.gguf"), "-p", "a", "--devices", "2", "--max-stages", "2"}).status == 2);
  }
}

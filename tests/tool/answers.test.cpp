// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <doctest/doctest.h>

#include <support/run_tool.hpp>

using namespace testing_tool;

namespace {

const std::string& model() {
  static const std::string path = data("gguf/llama-gqa.gguf");
  return path;
}
const std::string& ids() {
  static const std::string path = scratch_file("prompt.json", "[1,5,9,33,7,300,21,4,4,90,17]");
  return path;
}

}  // namespace

TEST_SUITE("tool/answers") {
  TEST_CASE("worker processes give the tokens of one process, wherever the model is cut and however many threads run") {
    const outcome alone = run_tool({"run", "-m", model(), "--ids-file", ids(), "-n", "24", "--ignore-eos", "--json"});
    REQUIRE(alone.status == 0);
    const auto expected = alone.json();
    CHECK(expected["plan"].is_null());
    CHECK(expected["devices"].size() == 1);
    CHECK(expected["devices"][0]["name"] == "local");
    const std::size_t modules = expected["devices"][0]["last_module"].get<std::size_t>() + 1;
    for (std::size_t cut = 1; cut < modules; ++cut) {
      CAPTURE(cut);
      const std::string threads = cut % 2 == 0 ? "1" : "2";
      const outcome o = run_tool({"run", "-m", model(), "--ids-file", ids(), "-n", "24", "--ignore-eos", "--json", "--devices",
                                  "2", "--cut", std::to_string(cut), "--threads", threads});
      REQUIRE_MESSAGE(o.status == 0, o.err);
      CHECK(o.json()["tokens"] == expected["tokens"]);
      CHECK(o.json()["text"] == expected["text"]);
      CHECK(o.json()["devices"][1]["first_module"] == cut);
      CHECK(o.json()["plan"]["stages"].size() == 2);
    }
    const outcome three =
        run_tool({"run", "-m", model(), "--ids-file", ids(), "-n", "24", "--ignore-eos", "--json", "--devices", "3"});
    REQUIRE_MESSAGE(three.status == 0, three.err);
    const auto over_three = three.json();
    CHECK(over_three["tokens"] == expected["tokens"]);
    for (const auto& device : over_three["devices"]) {
      CHECK(device["sent_bytes"] > 0);
      CHECK(device["received_bytes"] > 0);
    }
  }

  TEST_CASE("logits over three processes equal those of one, byte for byte") {
    const std::string one = scratch_path("one.npy");
    const std::string three = scratch_path("three.npy");
    const outcome a = run_tool({"eval", "-m", model(), "--ids-file", ids(), "--logits", one, "--json"});
    const outcome b = run_tool({"eval", "-m", model(), "--ids-file", ids(), "--logits", three, "--json", "--devices", "3"});
    REQUIRE_MESSAGE(a.status == 0, a.err);
    REQUIRE_MESSAGE(b.status == 0, b.err);
    CHECK(a.json()["tokens"] == 10);
    CHECK(a.json()["nll_nats_per_token"] == b.json()["nll_nats_per_token"]);
    CHECK(contents(one).size() > 11 * 512 * sizeof(float));
    CHECK(contents(one) == contents(three));
  }

  TEST_CASE("a plan that was printed is obeyed, and refused for another model or fleet") {
    const std::string fleet = scratch_file("fleet.json", R"({"devices":[
        {"name":"a","endpoint":"local","compute_flops_per_second":1e9,"memory_bytes":30000000,"threads":1},
        {"name":"b","endpoint":"local","compute_flops_per_second":1e9,"memory_bytes":30000000,"threads":1}],
        "default_link":{"latency_seconds":0.001,"bandwidth_bytes_per_second":1e8}})");
    const std::string other = scratch_file("other.json", R"({"devices":[{"name":"a","compute_flops_per_second":2e9},
        {"name":"b","compute_flops_per_second":1e9}],"default_link":{"latency_seconds":0.001,
            "bandwidth_bytes_per_second":1e8}})");
    const outcome planned = run_tool({"plan", "-m", model(), "--fleet", fleet, "--context", "64", "--json"});
    REQUIRE_MESSAGE(planned.status == 0, planned.err);
    const std::string plan = scratch_file("plan.json", planned.out);
    const outcome o = run_tool(
        {"run", "-m", model(), "--ids-file", ids(), "-n", "4", "--ignore-eos", "--plan", plan, "--fleet", fleet, "--json"});
    REQUIRE_MESSAGE(o.status == 0, o.err);
    CHECK(o.json()["plan"]["stages"] == planned.json()["stages"]);
    CHECK(run_tool({"run", "-m", model(), "--ids-file", ids(), "--plan", plan, "--fleet", other}).status == 3);
    CHECK(run_tool({"run", "-m", data("gguf/llama-rope3.gguf"), "--ids-file", ids(), "--plan", plan}).status == 3);
  }

  TEST_CASE("a problem that was dumped has the same optimum, and no plan is said with the limit in bytes") {
    const std::string fleet = scratch_file("small.json", R"({"devices":[
        {"name":"a","compute_flops_per_second":1e9,"memory_bytes":26000000},{"name":"b","compute_flops_per_second":3e9}],
        "default_link":{"latency_seconds":0.001,"bandwidth_bytes_per_second":1e8}})");
    const std::string dump = scratch_path("instance.json");
    const outcome planned = run_tool({"plan", "-m", model(), "--fleet", fleet, "--json", "--dump-instance", dump});
    REQUIRE_MESSAGE(planned.status == 0, planned.err);
    const outcome again = run_tool({"plan", "--instance", dump, "--solver", "chain", "--json"});
    REQUIRE_MESSAGE(again.status == 0, again.err);
    CHECK(again.json()["objective_seconds"].get<double>() ==
          doctest::Approx(planned.json()["objective_seconds"].get<double>()).epsilon(1e-9));
    const std::string tiny =
        scratch_file("tiny.json", R"({"devices":[{"name":"a","compute_flops_per_second":1e9,"memory_bytes":1000}]})");
    const outcome none = run_tool({"plan", "-m", model(), "--fleet", tiny, "--json"});
    CHECK(none.status == 4);
    CHECK(none.json()["status"] == "infeasible");
    CHECK(none.json()["stages"].empty());
    CHECK(none.json()["reason"].get<std::string>().find("bytes") != std::string::npos);
    CHECK(none.err == "lingualinked: error: no plan (infeasible): " + none.json()["reason"].get<std::string>() +
                          ". A smaller --context needs less\n");
  }

  TEST_CASE("a context that shifts gives what fresh prompts give, and one that does not is refused with the numbers") {
    const outcome full = run_tool({"run", "-m", model(), "--ids-file", ids(), "-c", "11"});
    CHECK(full.status == 2);
    CHECK(full.err.find("11 tokens and the context 11") != std::string::npos);
    CHECK(run_tool({"run", "-m", model(), "--ids-file", ids(), "-c", "16", "--context-shift", "--keep", "15"}).status == 2);
    CHECK(run_tool({"run", "-m", model(), "--ids-file", ids(), "--keep", "1"}).status == 2);
    nlohmann::json text = nlohmann::json::parse(contents(ids()));
    nlohmann::json expected = nlohmann::json::array();
    while (expected.size() < 30) {  // the first three, and nine of the other seventeen
      while (text.size() >= 20) text.erase(text.begin() + 3, text.begin() + 11);
      const std::string prompt = scratch_file("window.json", text.dump());
      const std::string room = std::to_string(std::min<std::size_t>(20 - text.size(), 30 - expected.size()));
      const outcome o = run_tool({"run", "-m", model(), "--ids-file", prompt, "-n", room, "--ignore-eos", "--json"});
      REQUIRE_MESSAGE(o.status == 0, o.err);
      const auto made = o.json();
      for (const auto& token : made["tokens"]) {
        expected.push_back(token);
        text.push_back(token);
      }
    }
    const std::vector<std::string> words{"run",          "-m", model(), "--ids-file",      ids(),    "-n", "30",
                                         "--ignore-eos", "-c", "20",    "--context-shift", "--keep", "3",  "--json"};
    const auto with = [&](const std::vector<std::string>& more) {
      std::vector<std::string> all = words;
      all.insert(all.end(), more.begin(), more.end());
      const outcome o = run_tool(all);
      REQUIRE_MESSAGE(o.status == 0, o.err);
      return o.json();
    };
    for (const auto& where :
         {std::vector<std::string>{}, {"--devices", "2", "--cut", "4"}, {"--devices", "3", "--threads", "2"}}) {
      const auto o = with(where);
      CHECK(o["tokens"] == expected);
      CHECK(o["prompt_tokens"].size() == 11);
      CHECK(o["finish_reason"] == "length");
      CHECK(o["stats"]["context_shifts"] == 3);
      CHECK(o["stats"]["completion_tokens"] == 30);
    }
    std::vector<std::string> drawn{"--temperature",      "1.5", "--seed",     "3", "--mirostat", "2",
                                   "--presence-penalty", "1",   "--logprobs", "1"};
    const auto one = with(drawn);
    drawn.insert(drawn.end(), {"--devices", "2"});
    const auto two = with(drawn);
    CHECK(one["tokens"] != expected);
    CHECK(one["tokens"] == two["tokens"]);
    CHECK(one["logprobs"] == two["logprobs"]);
    CHECK(one["logprobs"].size() == 30);
  }

  TEST_CASE("a seed decides the draw") {
    const auto draw = [](const char* seed) {
      return run_tool({"run", "-m", model(), "--ids-file", ids(), "-n", "16", "--ignore-eos", "--temperature", "1", "--seed",
                       seed, "--json"})
          .json();
    };
    const auto a = draw("7");
    CHECK(a["stats"]["seed"] == 7);
    CHECK(a["tokens"] == draw("7")["tokens"]);
    CHECK(a["tokens"] != draw("8")["tokens"]);
  }
}

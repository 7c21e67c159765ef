// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <doctest/doctest.h>

#include <support/background_tool.hpp>
#include <support/run_tool.hpp>

#include <csignal>

using namespace testing_tool;

namespace {

const std::string& small_model() {
  static const std::string path = data("gguf/llama-gqa.gguf");
  return path;
}
const std::string& prompt_file() {
  static const std::string path = scratch_file("worker-prompt.json", "[1,5,9,33,7,300,21,4,4,90,17]");
  return path;
}

/// A plan over workers that were started by hand, cut in the middle.
std::string plan_over(const std::vector<std::string>& endpoints) {
  nlohmann::json fleet = {{"devices", nlohmann::json::array()},
                          {"default_link", {{"latency_seconds", 1e-4}, {"bandwidth_bytes_per_second", 1e9}}}};
  for (std::size_t i = 0; i < endpoints.size(); ++i)
    fleet["devices"].push_back({{"name", "device-" + std::to_string(i)},
                                {"endpoint", endpoints[i]},
                                {"compute_flops_per_second", 1e10},
                                {"memory_bandwidth_bytes_per_second", 1e10},
                                {"memory_bytes", 4'000'000'000}});
  const outcome made = run_tool({"plan", "-m", small_model(), "--fleet", scratch_file("hand-fleet.json", fleet.dump()),
                                 "--context", "128", "--cut", "2", "--json"});
  REQUIRE_MESSAGE(made.status == 0, made.err);
  return scratch_file("hand-plan.json", made.out);
}

std::vector<std::string> run_words(const std::string& plan, const char* tokens = "24") {
  return {"run", "-m", small_model(), "--plan", plan, "--ids-file", prompt_file(), "-n", tokens, "--ignore-eos"};
}

}  // namespace

TEST_SUITE("tool/workers") {
  TEST_CASE("workers started by hand give the tokens of one process, session after session, and end when they are told to") {
    const outcome alone =
        run_tool({"run", "-m", small_model(), "--ids-file", prompt_file(), "-n", "24", "--ignore-eos", "--json"});
    REQUIRE_MESSAGE(alone.status == 0, alone.err);
    background_tool first({"worker", "-m", small_model(), "--threads", "1"});
    background_tool second({"worker", "-m", small_model(), "--threads", "1"});
    const std::string plan = plan_over({first.line(), second.line()});
    for (int session = 0; session < 2; ++session) {
      auto words = run_words(plan);
      words.push_back("--json");
      const outcome o = run_tool(words);
      REQUIRE_MESSAGE(o.status == 0, o.err);
      CHECK(o.json()["tokens"] == alone.json()["tokens"]);
      CHECK(o.json()["devices"][1]["name"] == "device-1");
    }
    first.send(SIGINT);
    CHECK(first.wait() == 0);
    second.send(SIGTERM);
    CHECK(second.wait() == 0);
  }

  TEST_CASE("a worker that is killed while it writes, or hangs, ends the run with status 5 and one line") {
    for (const int signal : {SIGKILL, SIGSTOP}) {
      CAPTURE(signal);
      background_tool first({"worker", "-m", small_model(), "--threads", "1"});
      // So slow that it is still writing when its neighbour goes.
      background_tool second({"worker", "-m", small_model(), "--threads", "1", "--slowdown", "100"});
      background_tool run(run_words(plan_over({first.line(), second.line()}), "100"));
      if (signal == SIGKILL) CHECK(run.speaks());
      first.send(signal);
      CHECK(run.wait() == 5);
      const std::string said = run.errors();
      CHECK(said.starts_with("lingualinked: error: "));
      CHECK(said.find("device-") != std::string::npos);
      CHECK(said.find('\n') == said.size() - 1);
      first.send(SIGCONT);
    }
  }

  TEST_CASE("a stage that is larger than what a worker offers is refused with the numbers") {
    background_tool first({"worker", "-m", small_model(), "--memory-bytes", "1000"});
    background_tool second({"worker", "-m", small_model()});
    const outcome o = run_tool(run_words(plan_over({first.line(), second.line()})));
    CHECK(o.status == 4);
    CHECK(o.err.find("this worker offers 1000") != std::string::npos);
  }

  TEST_CASE("being told to stop ends what waits for input with status 130 and one line") {
    background_tool run({"run", "-m", small_model()});
    background_tool worker({"worker", "-m", small_model()});
    CHECK(!worker.line().empty());  // by now the other has long been started
    run.send(SIGTERM);
    CHECK(run.wait() == 130);
    CHECK(run.errors() == "lingualinked: error: interrupted\n");
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One answer, shown with processes and a real model: what users type, ten prompts long.
#include "support/run_tool.hpp"
#include "support/test_model.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

namespace {

using namespace testing_tool;
using test_support::test_model_path;

constexpr std::array<const char*, 10> prompts{
    "The capital of France is",
    "Once upon a time, a fisherman",
    "def fibonacci(n):\n",
    "1, 1, 2, 3, 5, 8,",
    "Dear neighbours, ",
    "La vie est",
    "Water boils at",
    "\xE2\x98\x83 \xF0\x9F\x8E\x84 means",
    "Q: What do bees make?\nA:",
    "In a distant future machines and people shared the small houses along the river, and every evening",
};

std::vector<std::string> run_words(const char* prompt) {
  return {"run", "-m", test_model_path(), "-p", prompt, "-n", "64", "--ignore-eos", "--json"};
}

outcome run_with(const char* prompt, const std::vector<std::string>& more) {
  auto words = run_words(prompt);
  words.insert(words.end(), more.begin(), more.end());
  return run_tool(words);
}

}  // namespace

TEST_SUITE("model_file/splits") {
  TEST_CASE("64 tokens of ten prompts are the same over one, two and three processes, wherever cut, with one and two threads") {
    constexpr std::size_t last_module = 61;
    constexpr std::size_t count = prompts.size();
    for (std::size_t i = 0; i < count; ++i) {
      const char* prompt = prompts[i];
      const std::size_t cut = 1 + (last_module - 1) * i / (count - 1);  // from the first cut to the last
      CAPTURE(prompt);
      CAPTURE(cut);
      const outcome alone = run_with(prompt, {"--threads", "1"});
      REQUIRE_MESSAGE(alone.status == 0, alone.err);
      const auto expected = alone.json()["tokens"];
      CHECK(expected.size() == 64);
      const bool even = i % 2 == 0;
      const outcome two = run_with(prompt, {"--devices", "2", "--cut", std::to_string(cut), "--threads", even ? "2" : "1"});
      REQUIRE_MESSAGE(two.status == 0, two.err);
      CHECK(two.json()["tokens"] == expected);
      const outcome three = run_with(prompt, {"--devices", "3", "--threads", even ? "1" : "2"});
      REQUIRE_MESSAGE(three.status == 0, three.err);
      CHECK(three.json()["tokens"] == expected);
    }
  }

  TEST_CASE("logits over three processes equal those of one, byte for byte") {
    const std::string text = scratch_file("text.txt", "The river was high that spring, and the mill had stood idle for a week.");
    const std::string one = scratch_path("one.npy");
    const std::string three = scratch_path("three.npy");
    const outcome a = run_tool({"eval", "-m", test_model_path(), "--text-file", text, "--logits", one, "--json"});
    const outcome b =
        run_tool({"eval", "-m", test_model_path(), "--text-file", text, "--logits", three, "--json", "--devices", "3"});
    REQUIRE_MESSAGE(a.status == 0, a.err);
    REQUIRE_MESSAGE(b.status == 0, b.err);
    CHECK(contents(one).size() > 49152 * sizeof(float));
    CHECK(contents(one) == contents(three));
  }
}

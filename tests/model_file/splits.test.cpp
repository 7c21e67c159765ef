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
      // From the first places to cut at to the last.
      const std::size_t cut = 1 + (last_module - 2) * i / (count - 1);
      const std::size_t second = i % 3 == 0 ? cut + 1 : cut + (last_module - cut) / (i % 3);
      CAPTURE(prompt);
      CAPTURE(cut);
      CAPTURE(second);
      const outcome alone = run_with(prompt, {"--threads", "1"});
      REQUIRE_MESSAGE(alone.status == 0, alone.err);
      const auto expected = alone.json()["tokens"];
      CHECK(expected.size() == 64);
      const std::string cuts = std::to_string(cut) + "," + std::to_string(second);
      for (const char* threads : {"1", "2"}) {
        CAPTURE(threads);
        const outcome three = run_with(prompt, {"--devices", "3", "--cut", cuts, "--threads", threads});
        REQUIRE_MESSAGE(three.status == 0, three.err);
        CHECK(three.json()["tokens"] == expected);
      }
      const outcome two = run_with(prompt, {"--devices", "2", "--cut", std::to_string(cut)});
      REQUIRE_MESSAGE(two.status == 0, two.err);
      CHECK(two.json()["tokens"] == expected);
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

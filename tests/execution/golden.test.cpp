// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Logits and greedy continuations against a reference implementation in double precision.
#include <lingualinked/execution/cpu_executor.hpp>

#include "execution/fixture.hpp"
#include "execution/stage_chain.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace {

using namespace test_support;

}  // namespace

TEST_SUITE("execution/golden") {
  TEST_CASE("float models stay within the tolerance of the reference and continue as it does") {
    for (const std::string name : {"llama-gqa", "llama-rope3", "qwen2", "qwen3", "gemma3", "gpt2", "bloom-h4", "bloom-h6",
                                   "phi3-longrope", "stablelm-parallel"}) {
      CAPTURE(name);
      const golden_model golden(name);
      REQUIRE(golden.prompts.size() > 1);
      stage_chain chain(golden.model.graph(), golden.model.weights(), options_for(golden.model));
      double worst = 0;
      for (const auto& p : golden.prompts) {
        const auto logits = logits_of(chain, p.ids, p.ids.size());
        REQUIRE(logits.size() == p.logits.size());
        for (std::size_t i = 0; i < logits.size(); ++i)
          worst = std::max(worst, std::abs(double{logits[i]} - double{p.logits[i]}));
        CHECK(greedy_after(chain, p.ids, p.greedy.size()) == p.greedy);
      }
      CHECK(worst <= golden.tolerance);
      MESSAGE(name << ": largest error " << worst << ", allowed " << golden.tolerance);
    }
  }

  // Random weights amplify the rounding of activations to 8 bits more than trained ones do.
  TEST_CASE("quantised models keep the clear winners of the reference") {
    for (const std::string name : {"llama-legacy", "llama-k"}) {
      CAPTURE(name);
      const golden_model golden(name);
      stage_chain chain(golden.model.graph(), golden.model.weights(), options_for(golden.model));
      const std::size_t width = chain.vocabulary();
      double worst = 0;
      std::size_t clear = 0;
      for (const auto& p : golden.prompts) {
        const auto logits = logits_of(chain, p.ids, p.ids.size());
        REQUIRE(logits.size() == p.logits.size());
        for (std::size_t t = 0; t < p.ids.size(); ++t) {
          const auto row = p.logits.begin() + static_cast<std::ptrdiff_t>(t * width);
          const auto mine = logits.begin() + static_cast<std::ptrdiff_t>(t * width);
          for (std::size_t v = 0; v < width; ++v)
            worst = std::max(
                worst, std::abs(double{row[static_cast<std::ptrdiff_t>(v)]} - double{mine[static_cast<std::ptrdiff_t>(v)]}));
          std::vector<float> sorted(row, row + static_cast<std::ptrdiff_t>(width));
          std::partial_sort(sorted.begin(), sorted.begin() + 2, sorted.end(), std::greater<>());
          if (sorted[0] - sorted[1] < 0.5F) continue;
          ++clear;
          CAPTURE(t);
          CHECK(std::max_element(mine, mine + static_cast<std::ptrdiff_t>(width)) - mine ==
                std::max_element(row, row + static_cast<std::ptrdiff_t>(width)) - row);
        }
      }
      CHECK(clear > 10);
      CHECK(worst <= 1.0);
      MESSAGE(name << ": largest error " << worst << ", clear winners " << clear);
    }
  }
}

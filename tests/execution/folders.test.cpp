// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Model folders against a reference implementation in double precision, and against the same weights in a GGUF file.
#include <lingualinked/execution/cpu_executor.hpp>

#include <lingualinked/model/label_scores.hpp>

#include "execution/fixture.hpp"
#include "execution/stage_chain.hpp"
#include "support/same_bits.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

using namespace test_support;

constexpr std::array language_models{"llama-gqa", "llama-rope3", "mistral-swa", "qwen2",  "qwen3",
                                     "gpt2",      "bloom-h4",    "bloom-h6",    "gemma3", "gemma3-linear"};
constexpr std::array classifiers{"llama-cls", "gpt2-cls", "bloom-cls"};
// Without the reference's residual stream. Two came from another generation of configs than their logits.
constexpr std::array more_language_models{"gemma",       "gemma2",     "phi3-longrope", "stablelm",
                                          "opt-350",     "opt-plain",  "mixtral",       "qwen2-moe",
                                          "gpt2-scaled", "llama-yarn", "qwen3-moe",     "stablelm-parallel"};
constexpr std::array more_classifiers{"opt-cls", "gemma2-cls"};

void for_each_name(const auto& first, const auto& second, auto use) {
  for (const char* name : first) use(name);
  for (const char* name : second) use(name);
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(double{a[i]} - double{b[i]}));
  return worst;
}

/// The residual stream after each layer, and before the first: the rows that cross those cuts.
std::vector<float> hidden_states(const ll::language_model& model, const std::vector<ll::token_id>& ids) {
  const auto modules = model.modules(model.default_kv_type());
  const std::size_t width = model.sizes().width;
  std::vector<float> all;
  std::vector<float> rows;
  for (std::size_t layer = 0; layer <= model.sizes().layers; ++layer) {
    auto stage = ll::cpu_executor::create(model.graph(), modules, model.weights(),
                                          {.first_module = layer == 0 ? 0 : 2 * layer - 1,
                                           .last_module = 2 * layer,
                                           .context_tokens = 96,
                                           .rows = 96,
                                           .kv_type = model.default_kv_type()})
                     .value();
    ll::sequence_options options;
    options.prompt = ids;
    stage.open(1, options).value();
    const ll::segment part{1, 0, static_cast<std::uint32_t>(ids.size())};
    std::vector<float> next(ids.size() * width);
    const ll::stage_input in{0, std::as_bytes(std::span(rows))};
    const ll::stage_output out{0, std::as_writable_bytes(std::span(next))};
    ll::stage_batch batch;
    batch.segments = {&part, 1};
    if (layer == 0) batch.tokens = ids;
    else batch.inputs = {&in, 1};
    batch.outputs = {&out, 1};
    stage.run(batch).value();
    rows = std::move(next);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

std::vector<float> floats_of(const std::string& path) {
  std::vector<float> all(std::filesystem::file_size(path) / sizeof(float));
  std::ifstream in(path, std::ios::binary);
  in.read(reinterpret_cast<char*>(all.data()), static_cast<std::streamsize>(all.size() * sizeof(float)));
  REQUIRE(in.good());
  return all;
}

}  // namespace

TEST_SUITE("execution/folders") {
  TEST_CASE("language models stay within the tolerance of the reference and continue as it does") {
    for_each_name(language_models, more_language_models, [](const std::string& name) {
      CAPTURE(name);
      const golden_model golden(name, golden_model::form::folder);
      REQUIRE(golden.prompts.size() > 1);
      stage_chain chain(golden.model.graph(), golden.model.weights(), options_for(golden.model));
      double worst = 0;
      for (const auto& p : golden.prompts) {
        worst = std::max(worst, distance(logits_of(chain, p.ids, p.ids.size()), p.logits));
        CHECK(greedy_after(chain, p.ids, p.greedy.size()) == p.greedy);
      }
      CHECK(worst <= golden.tolerance);
      MESSAGE(name << ": largest error " << worst << ", allowed " << golden.tolerance);
    });
  }

  TEST_CASE("the residual stream agrees with the reference after every layer") {
    const auto check = [](const std::string& name) {
      CAPTURE(name);
      const golden_model golden(name, golden_model::form::folder);
      auto expected = floats_of(golden_model::models_folder() + name + "/hidden.f32");
      const auto hidden = hidden_states(golden.model, golden.prompts[0].ids);
      // The reference goes on with the final norm, which no cut shows.
      REQUIRE(expected.size() == hidden.size() + golden.prompts[0].ids.size() * golden.model.sizes().width);
      expected.resize(hidden.size());
      CHECK(distance(hidden, expected) <= golden.tolerance);
    };
    for (const char* name : language_models) check(name);
    for (const char* name : classifiers) check(name);
  }

  TEST_CASE("a folder gives the bits of the GGUF file that holds the same weights") {
    // Not llama-rope3, whose divisors GGUF rounds to float32, and not those of bfloat16, whose smallest numbers it rounds.
    for (const std::string name : {"llama-gqa", "qwen3", "gpt2", "bloom-h4", "bloom-h6", "stablelm-parallel"}) {
      CAPTURE(name);
      const golden_model folder(name, golden_model::form::folder);
      const golden_model file(name);
      stage_chain one(folder.model.graph(), folder.model.weights(), options_for(folder.model));
      stage_chain other(file.model.graph(), file.model.weights(), options_for(file.model));
      for (const auto& p : folder.prompts) CHECK(same_bits(logits_of(one, p.ids, 7), logits_of(other, p.ids, 7)));
    }
  }

  TEST_CASE("every split over two and three stages gives the bits of one") {
    const auto check = [](const std::string& name) {
      CAPTURE(name);
      const golden_model golden(name, golden_model::form::folder);
      const auto& ids = golden.prompts[golden.prompts[0].ids.size() > 1 ? 0 : 2].ids;
      const std::size_t modules = golden.model.modules(ll::dtype::f32).node_count();
      CHECK(modules == (name == "stablelm-parallel" ? 1 : 2) * golden.model.sizes().layers + 2);
      stage_chain whole(golden.model.graph(), golden.model.weights(), options_for(golden.model));
      const auto expected = logits_of(whole, ids, ids.size());
      for (std::size_t a = 0; a + 1 < modules; ++a) {
        for (std::size_t b = a; b + 1 < modules; ++b) {
          CAPTURE(a);
          CAPTURE(b);
          auto options = options_for(golden.model);
          options.cuts = a == b ? std::vector<std::size_t>{a} : std::vector<std::size_t>{a, b};
          stage_chain split(golden.model.graph(), golden.model.weights(), options);
          CHECK(same_bits(logits_of(split, ids, 9), expected));
        }
      }
    };
    for_each_name(language_models, more_language_models, check);
    for_each_name(classifiers, more_classifiers, check);
  }

  TEST_CASE("classifiers give the reference's logits after the last token") {
    for_each_name(classifiers, more_classifiers, [](const std::string& name) {
      CAPTURE(name);
      const golden_model golden(name, golden_model::form::folder);
      REQUIRE(golden.prompts.size() > 1);
      stage_chain chain(golden.model.graph(), golden.model.weights(), options_for(golden.model));
      CHECK(chain.vocabulary() == golden.model.sizes().labels.size());
      double worst = 0;
      for (const auto& p : golden.prompts) {
        const auto judged = ll::without_padding(p.ids, golden.model.sizes().padding);
        auto logits = logits_of(chain, {judged.begin(), judged.end()}, judged.size());
        logits.erase(logits.begin(), logits.end() - static_cast<std::ptrdiff_t>(p.logits.size()));
        worst = std::max(worst, distance(logits, p.logits));
      }
      CHECK(worst <= golden.tolerance);
      MESSAGE(name << ": largest error " << worst << ", allowed " << golden.tolerance);
    });
  }
}

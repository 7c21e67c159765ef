// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A real model against what a reference implementation computed from the same weights in float32.
#include <lingualinked/execution/cpu_executor.hpp>
#include <lingualinked/model/language_model.hpp>

#include "execution/fixture.hpp"
#include "execution/stage_chain.hpp"
#include "support/test_model.hpp"

#include <lingualinked/core/xxh3.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace test_support;

const ll::language_model& model() {
  static const auto opened = ll::language_model::open(test_model_path()).value();
  return opened;
}

const nlohmann::json& reference() {
  static const auto said = read_json(std::string(LINGUALINKED_TEST_DATA) + "/real/smollm2-135m-q4_1.json");
  return said;
}

chain_options plain_options() {
  return {.threads = 2, .kv_type = model().default_kv_type(), .context_tokens = 512, .sequences = 1, .rows = 128};
}

stage_chain& plain_chain() {
  static stage_chain chain(model().graph(), model().weights(), plain_options());
  return chain;
}

double log_sum_exp(std::span<const float> row) {
  const double largest = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (const float x : row) sum += std::exp(double{x} - largest);
  return largest + std::log(sum);
}

}  // namespace

TEST_SUITE("model_file/smollm2") {
  TEST_CASE("the file is the one that the reference read") {
    CHECK(model().sha256().value() == reference()["sha256"].get<std::string>());
  }

  TEST_CASE("30 layers make 62 modules, the head is the embedding, the cache is float16") {
    CHECK(model().sizes().layers == 30);
    const auto modules = model().modules(model().default_kv_type());
    CHECK(modules.node_count() == 62);
    CHECK(model().tied_bytes() == modules.cost(0).weight_bytes);
    CHECK(model().default_kv_type() == ll::dtype::f16);
    CHECK(model().parameters() == 134515008);
    CHECK(model().chat_template());
  }

  TEST_CASE("texts become the reference's token ids") {
    const auto tokenizer = model().make_tokenizer().value();
    for (const auto& p : reference()["prompts"]) {
      CHECK(tokenizer.encode(p["text"].get<std::string>()).value() == p["ids"].get<std::vector<ll::token_id>>());
      CHECK(tokenizer.decode(p["greedy"].get<std::vector<ll::token_id>>()) == p["text_after"].get<std::string>());
    }
    const auto& river = reference()["texts"]["river"];
    CHECK(tokenizer.encode(river["text"].get<std::string>()).value() == river["ids"].get<std::vector<ll::token_id>>());
  }

  TEST_CASE("fed the reference's tokens, clear winners are the same and the first logits within 1.0") {
    const std::size_t width = plain_chain().vocabulary();
    for (const auto& p : reference()["prompts"]) {
      auto ids = p["ids"].get<std::vector<ll::token_id>>();
      const std::size_t prompt = ids.size();
      const auto greedy = p["greedy"].get<std::vector<ll::token_id>>();
      const auto gaps = p["gaps"].get<std::vector<double>>();
      REQUIRE(gaps.size() == greedy.size());
      ids.insert(ids.end(), greedy.begin(), greedy.end());
      const auto logits = logits_of(plain_chain(), ids, 128);
      std::size_t clear = 0;
      for (std::size_t i = 0; i < greedy.size(); ++i) {
        const auto row = std::span(logits).subspan((prompt + i - 1) * width, width);
        if (gaps[i] < 0.5) continue;
        ++clear;
        CAPTURE(i);
        CHECK(std::max_element(row.begin(), row.end()) - row.begin() == greedy[i]);
      }
      CHECK(clear > 15);
      const auto& top = p["last_prompt_position"];
      double worst = 0;
      for (std::size_t i = 0; i < 5; ++i) {
        const float mine = logits[(prompt - 1) * width + top["top5_ids"][i].get<std::size_t>()];
        worst = std::max(worst, std::abs(double{mine} - top["top5_logits"][i].get<double>()));
      }
      CHECK(worst <= 1.0);
      MESSAGE("largest error of the top five logits: " << worst);
    }
  }

  TEST_CASE("the mean negative log likelihood of a text is within 0.5 % of the reference") {
    const auto& river = reference()["texts"]["river"];
    const auto ids = river["ids"].get<std::vector<ll::token_id>>();
    const auto logits = logits_of(plain_chain(), ids, 128);
    const std::size_t width = plain_chain().vocabulary();
    double sum = 0;
    for (std::size_t t = 0; t + 1 < ids.size(); ++t) {
      const auto row = std::span(logits).subspan(t * width, width);
      sum += log_sum_exp(row) - double{row[static_cast<std::size_t>(ids[t + 1])]};
    }
    const double mean = sum / static_cast<double>(ids.size() - 1);
    const double expected = river["mean_nll"].get<double>();
    CHECK(std::abs(mean / expected - 1) < 0.005);
    MESSAGE("mean NLL " << mean << ", reference " << expected);
  }

  TEST_CASE("one hash of the logits, whatever computes them") {  // the scalar contract, which is slow: invariance.test.cpp
    struct way {
      ll::kernels::isa which;
      unsigned threads;
      std::vector<std::size_t> cuts;
      std::vector<std::size_t> chunks;
    };
    using enum ll::kernels::isa;
    const auto best = ll::kernels::best_available();
    const way ways[] = {
        {best, 1, {}, {64, 7, 1}}, {best, 2, {20, 41}, {64, 32}}, {best, 3, {}, {64}},    {best, 1, {0}, {64}},
        {best, 1, {60}, {64}},     {avx2, 2, {7, 50}, {64}},      {avxvnni, 1, {}, {64}},
    };
    auto prompt = reference()["texts"]["river"]["ids"].get<std::vector<ll::token_id>>();
    prompt.resize(64);
    std::uint64_t expected = 0;
    for (const way& w : ways) {
      const auto table = ll::kernels::table_for(w.which);
      if (!table) continue;  // another machine
      auto options = plain_options();
      options.context_tokens = 64;
      options.cuts = w.cuts;
      options.threads = w.threads;
      options.kernels = *table;
      stage_chain chain(model().graph(), model().weights(), options);
      for (const std::size_t chunk : w.chunks) {
        const auto logits = logits_of(chain, prompt, chunk);
        const auto hash = ll::xxh3_64(std::as_bytes(std::span(logits)));
        if (expected == 0) expected = hash;
        INFO(ll::kernels::name_of(w.which) << ", " << w.threads << " threads, " << w.cuts.size() + 1 << " stages, chunk "
                                           << chunk);
        CHECK(hash == expected);
      }
    }
  }

  TEST_CASE("resident weights are hardly more than the file, and decoding speed is worth a line") {
    const auto& options = plain_options();
    auto& chain = plain_chain();
    const std::uint64_t kv =
        ll::kv_cache::bytes_for(options.kv_type,
                                ll::kv_shapes(model().graph(), 0, model().graph().operations.size(), options.rows),
                                options.context_tokens, options.sequences)
            .value_or(0);
    const std::uint64_t resident = chain.stages()[0].memory_bytes() - kv;
    const std::uint64_t file = model().weights().files()[0].bytes;
    CHECK(resident <= std::max(file + file / 10, file + (std::uint64_t{32} << 20)));
    MESSAGE("resident without cache " << resident << " bytes, file " << file);

    ll::sequence_options asked;
    asked.prompt = {504};
    asked.max_tokens = 40;
    chain.open(1, asked);
    std::vector<ll::token_id> next = asked.prompt;
    auto fastest = std::chrono::steady_clock::duration::max();
    for (std::uint32_t i = 0; i < 40; ++i) {
      const ll::segment part{1, i, 1};
      const auto start = std::chrono::steady_clock::now();
      chain.run({&part, 1}, next, false);
      fastest = std::min(fastest, std::chrono::steady_clock::now() - start);
      next = {chain.sampled()[0]};
    }
    chain.release(1);
    MESSAGE("fastest step: " << 1.0 / std::chrono::duration<double>(fastest).count() << " tokens/s with " << options.threads
                             << " threads");
  }
}

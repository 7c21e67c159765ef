// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One answer: the same bits for every instruction set, thread count, chunking, batch and split.
#include <lingualinked/core/xxh3.hpp>
#include <lingualinked/execution/cpu_executor.hpp>

#include "execution/fixture.hpp"
#include "execution/random_model.hpp"
#include "execution/stage_chain.hpp"
#include "support/rounds.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace test_support;

constexpr std::array<std::size_t, 4> chunks{1, 3, 7, 32};

/// All that this machine can run, the best last; under a sanitizer the contract and the best, for tests/kernels runs the others.
std::vector<const ll::kernels::table*> tables() {
  std::vector<const ll::kernels::table*> all;
  for (const auto which : {ll::kernels::isa::scalar, ll::kernels::isa::avx2, ll::kernels::isa::avxvnni, ll::kernels::isa::avx512,
                           ll::kernels::isa::neon, ll::kernels::isa::neon_dot})
    if (const auto found = ll::kernels::table_for(which)) all.push_back(*found);
  if (sanitized && all.size() > 2) all.erase(all.begin() + 1, all.end() - 1);
  return all;
}

/// One stage, two at every cut, and some threes.
std::vector<std::vector<std::size_t>> splits_of(std::size_t modules) {
  std::vector<std::vector<std::size_t>> splits{{}};
  for (std::size_t cut = 0; cut + 1 < modules; ++cut) splits.push_back({cut});
  for (std::size_t cut = 0; cut + 2 < modules; cut += 2) splits.push_back({cut, (cut + modules) / 2});
  return splits;
}

/// `brief`: for models that share all but a few steps with one that has been checked at length.
void check_all_equal(const ll::operation_graph& graph, const ll::tensor_source& weights, ll::dtype kv, std::size_t vocabulary,
                     std::uint64_t seed, bool brief = false) {
  model_maker random(seed);
  const auto prompt = random.tokens(20, vocabulary);
  std::vector<std::vector<ll::token_id>> others;
  for (const std::size_t count : {5U, 40U, 11U, 64U}) others.push_back(random.tokens(count, vocabulary));
  const auto splits = splits_of(ll::cut_into_modules(graph, 4).value().node_count());
  std::vector<float> expected;
  const auto check = [&](stage_chain& chain, std::size_t chunk, bool alone) {
    const auto logits = logits_of(chain, prompt, chunk, alone ? std::span<const std::vector<ll::token_id>>() : others);
    if (expected.empty()) expected = logits;
    return logits.size() == expected.size() && std::memcmp(logits.data(), expected.data(), logits.size() * sizeof(float)) == 0;
  };
  for (const auto* table : tables()) {
    // The dimensions are independent in the code, so the product is thinned where it is slow: every split with one thread, two
    // threads with the best instruction set only, and more threads with one stage.
    const bool best = table == tables().back();
    for (const unsigned threads : {1U, 2U, 3U, 5U}) {
      for (std::size_t i = 0; i < splits.size(); ++i) {
        if (i != 0 && threads > (best ? 2U : 1U)) continue;
        if (brief && (threads > 3 || (i != 0 && threads > 1) || (!best && (i != 0 || threads > 1)))) continue;
        chain_options options{.cuts = splits[i], .threads = threads, .kernels = table, .kv_type = kv};
        options.context_tokens = 80;
        options.rows = 96;
        stage_chain chain(graph, weights, options);
        for (const std::size_t chunk : chunks) {
          if (i != 0 && chunk != 7 && !(best && threads == 1)) continue;
          if (threads > 2 && (chunk == 1 || chunk == 7)) continue;
          if (brief && (i != 0 || !best) && chunk != 7) continue;
          INFO(std::string(table->name) << ", " << threads << " threads, split " << i << ", chunk " << chunk << ", seed "
                                        << seed);
          if (best || i == 0) CHECK(check(chain, chunk, true));
          CHECK(check(chain, chunk, false));
        }
      }
    }
  }
}

}  // namespace

TEST_SUITE("execution/invariance") {
  TEST_CASE("every instruction set, thread count, chunk, batch and split together: one hash of a 64-token prompt") {
    model_maker random(11);
    model_shape shape;
    shape.sizes = {.architecture = "llama",
                   .layers = 1,
                   .width = 32,
                   .feed_forward = 64,
                   .heads = 4,
                   .kv_heads = 2,
                   .head_size = 8,
                   .vocabulary = 37,
                   .context_length = 96,
                   .norm_epsilon = 1e-5F,
                   .rotary = 8};
    shape.types = {ll::dtype::q4_1, ll::dtype::q8_0, ll::dtype::q4_0, ll::dtype::bf16};
    shape.tied = true;
    const tiny_model m = random.make(shape);
    const auto prompt = random.tokens(64, m.sizes.vocabulary);
    std::vector<std::vector<ll::token_id>> others;
    for (const std::size_t count : {5U, 40U, 11U, 64U}) others.push_back(random.tokens(count, m.sizes.vocabulary));
    std::uint64_t expected = 0;
    std::size_t ways = 0;
    for (const auto* table : tables()) {
      for (const unsigned threads : {1U, 2U, 3U, 5U}) {
        for (const std::vector<std::size_t>& cuts : {std::vector<std::size_t>{}, std::vector<std::size_t>{0, 1}}) {
          chain_options options{.cuts = cuts, .threads = threads, .kernels = table, .kv_type = ll::dtype::f16};
          options.rows = 512;
          stage_chain chain(m.graph, m.weights, options);
          for (const std::size_t chunk : {64U, 1U, 7U, 32U, 512U}) {
            for (const bool alone : {true, false}) {
              const auto logits = logits_of(chain, prompt, chunk, alone ? std::span<const std::vector<ll::token_id>>() : others);
              const std::uint64_t hash = ll::xxh3_64(std::as_bytes(std::span(logits)));
              if (ways++ == 0) expected = hash;
              INFO(std::string(table->name) << ", " << threads << " threads, " << cuts.size() + 1 << " devices, chunks of "
                                            << chunk << (alone ? ", alone" : ", in a batch of 5"));
              CHECK(hash == expected);
            }
          }
        }
      }
    }
    MESSAGE(ways << " ways, hash " << expected);
  }
  TEST_CASE("a float model") {
    const golden_model golden("llama-gqa");
    check_all_equal(golden.model.graph(), golden.model.weights(), ll::dtype::f32, golden.model.sizes().vocabulary, 1);
  }
  TEST_CASE("a model of many weight types with a float16 cache") {
    const golden_model golden("llama-legacy");
    check_all_equal(golden.model.graph(), golden.model.weights(), ll::dtype::f16, golden.model.sizes().vocabulary, 2);
  }
  TEST_CASE("a model of large quantised blocks") {
    const golden_model golden("llama-k");
    check_all_equal(golden.model.graph(), golden.model.weights(), ll::dtype::f16, golden.model.sizes().vocabulary, 3);
  }
  TEST_CASE("models of the other architectures") {
    for (const std::string name : {"qwen2", "qwen3", "gemma3", "gpt2", "bloom-h4", "bloom-h6"}) {
      CAPTURE(name);
      const golden_model golden(name);
      check_all_equal(golden.model.graph(), golden.model.weights(), ll::dtype::f32, golden.model.sizes().vocabulary, 5, true);
    }
  }
  TEST_CASE("odd sizes, biases, a window and partial rotation") {
    model_maker random(9);
    model_shape shape;
    shape.sizes = {.architecture = "llama",
                   .layers = 2,
                   .width = 37,
                   .feed_forward = 51,
                   .heads = 6,
                   .kv_heads = 3,
                   .head_size = 12,
                   .vocabulary = 53,
                   .context_length = 96,
                   .norm_epsilon = 1e-6F,
                   .rotary = 8,
                   .window = 9};
    shape.types = {ll::dtype::f32, ll::dtype::bf16, ll::dtype::f16};
    shape.biases = true;
    shape.tied = true;
    const tiny_model m = random.make(shape);
    check_all_equal(m.graph, m.weights, ll::dtype::f32, m.sizes.vocabulary, 4);
  }
}

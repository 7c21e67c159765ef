// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/execution/program.hpp>

#include "execution/interpreter.hpp"
#include "execution/oracle.hpp"
#include "execution/random_model.hpp"
#include "execution/stage_chain.hpp"
#include "execution/zoo.hpp"
#include "support/same_bits.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace {

using namespace test_support;

std::string describe(const model_shape& shape) {
  const auto& h = shape.sizes;
  std::string text = "layers " + std::to_string(h.layers) + " width " + std::to_string(h.width) + " heads " +
                     std::to_string(h.heads) + "/" + std::to_string(h.kv_heads) + " x " + std::to_string(h.head_size) +
                     " rotary " + std::to_string(h.rotary) + " feed-forward " + std::to_string(h.feed_forward) + " window " +
                     std::to_string(h.window) + " types";
  for (const auto type : shape.types) text += " " + std::string(ll::name_of(type));
  return text;
}

ll::hyperparameters random_sizes(model_maker& random, std::initializer_list<std::size_t> head_sizes, std::size_t multiple) {
  ll::hyperparameters h;
  h.architecture = "llama";
  h.layers = 1 + random.below(3);
  h.kv_heads = 1 + random.below(3);
  h.heads = h.kv_heads * (1 + random.below(6 / h.kv_heads));
  h.head_size = random.one_of(head_sizes);
  h.rotary = random.below(3) == 0 ? h.head_size / 2 / 2 * 2 : h.head_size;
  h.width = multiple * (1 + random.below(70 / multiple + 1));
  h.feed_forward = multiple * (1 + random.below(100 / multiple + 1));
  h.vocabulary = 17 + random.below(60);
  h.context_length = 4096;
  h.norm_epsilon = random.one_of({1e-6F, 1e-5F});
  h.rope_base = random.one_of({10000.0, 500.0, 500000.0});
  if (random.below(3) == 0)
    for (std::size_t i = 0; i < h.rotary / 2; ++i) h.rope_divisors.push_back(random.uniform(1, 8));
  h.window = random.below(3) == 0 ? 1 + random.below(12) : 0;
  return h;
}

// The largest difference between logits and the oracle's, relative to the oracle's largest logit.
double relative_error(const std::vector<float>& logits, const llama_oracle::matrix& expected) {
  double worst = 0;
  for (Eigen::Index i = 0; i < expected.size(); ++i)
    worst = std::max(worst, std::abs(double{logits[static_cast<std::size_t>(i)]} - expected.data()[i]));
  return worst / expected.cwiseAbs().maxCoeff();
}

}  // namespace

TEST_SUITE("execution/program") {
  TEST_CASE("random float models give the interpreter's bits and the oracle's numbers") {
    double worst = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      model_maker random(seed);
      model_shape shape{random_sizes(random, {8, 12, 16, 64}, 1),
                        {ll::dtype::f32, ll::dtype::f16, ll::dtype::bf16},
                        random.below(2) == 0,
                        random.below(2) == 0};
      std::rotate(shape.types.begin(), shape.types.begin() + static_cast<std::ptrdiff_t>(random.below(3)), shape.types.end());
      CAPTURE(seed);
      INFO(describe(shape));
      const tiny_model m = random.make(shape);
      const auto prompt = random.tokens(1 + random.below(30), m.sizes.vocabulary);
      stage_chain chain(m.graph, m.weights, {.threads = 1 + static_cast<unsigned>(random.below(3))});
      const auto logits = logits_of(chain, prompt, 1 + random.below(prompt.size()));
      CHECK(same_bits(logits, interpreter(m.graph, m.weights, ll::dtype::f32).run(prompt)));
      const double error = relative_error(logits, llama_oracle(m.sizes, m.weights).logits(prompt));
      CHECK(error < 1e-5);  // 170 roundings of 2^-24
      worst = std::max(worst, error);
    }
    MESSAGE("largest error relative to the largest logit: " << worst);
  }

  TEST_CASE("random quantised models give the interpreter's bits, with every weight type") {
    using enum ll::dtype;
    const std::vector<ll::dtype> small{q8_0, q4_0, q4_1, q5_0, q5_1, iq4_nl, f16, bf16};
    const std::vector<ll::dtype> large{q2_k, q3_k, q4_k, q5_k, q6_k, iq4_xs};
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
      model_maker random(1000 + seed);
      const bool superblocks = seed % 4 == 0;
      model_shape shape;
      shape.sizes = random_sizes(random, {8, 16, 64}, 32);
      // Rows of every matrix are whole blocks: also those of attn_output, heads x head size wide.
      shape.sizes.heads = superblocks ? 4 : random.one_of<std::size_t>({4, 8});
      shape.sizes.kv_heads = random.one_of<std::size_t>({1, 2, 4});
      if (superblocks) {
        shape.sizes.head_size = 64;
        shape.sizes.rotary = 64;
        shape.sizes.rope_divisors.clear();
        shape.sizes.width = 256;
        shape.sizes.feed_forward = 512;
        shape.sizes.layers = 1;
      }
      shape.types = superblocks ? large : small;
      std::rotate(shape.types.begin(), shape.types.begin() + static_cast<std::ptrdiff_t>(random.below(shape.types.size())),
                  shape.types.end());
      shape.tied = random.below(2) == 0;
      shape.biases = random.below(2) == 0;
      CAPTURE(seed);
      INFO(describe(shape));
      const tiny_model m = random.make(shape);
      const auto prompt = random.tokens(1 + random.below(14), m.sizes.vocabulary);
      const ll::dtype kv = random.one_of({f16, f32});
      stage_chain chain(m.graph, m.weights, {.threads = 1 + static_cast<unsigned>(random.below(3)), .kv_type = kv});
      CHECK(
          same_bits(logits_of(chain, prompt, 1 + random.below(prompt.size())), interpreter(m.graph, m.weights, kv).run(prompt)));
    }
  }

  TEST_CASE("contexts of several attention tiles, with and without a window") {
    for (const std::size_t window : {std::size_t{0}, std::size_t{1}, std::size_t{64}, std::size_t{100}}) {
      model_maker random(77 + window);
      model_shape shape;
      shape.sizes = {.architecture = "llama",
                     .layers = 2,
                     .width = 24,
                     .feed_forward = 40,
                     .heads = 4,
                     .kv_heads = 2,
                     .head_size = 8,
                     .vocabulary = 19,
                     .context_length = 4096,
                     .norm_epsilon = 1e-5F,
                     .rotary = 8,
                     .window = window};
      CAPTURE(window);
      const tiny_model m = random.make(shape);
      const auto prompt = random.tokens(150, m.sizes.vocabulary);
      for (const ll::dtype kv : {ll::dtype::f32, ll::dtype::f16}) {
        const auto expected = interpreter(m.graph, m.weights, kv).run(prompt);
        const double error = relative_error(expected, llama_oracle(m.sizes, m.weights).logits(prompt));
        CHECK(error < (kv == ll::dtype::f32 ? 2e-5 : 5e-3));
        for (const unsigned threads : {1U, 2U}) {
          stage_chain chain(m.graph, m.weights, {.threads = threads, .kv_type = kv, .context_tokens = 150});
          for (const std::size_t chunk : {std::size_t{1}, std::size_t{5}, std::size_t{8}, std::size_t{9}, std::size_t{64}}) {
            if (threads != 1 && chunk != 5 && chunk != 64) continue;  // one of each way to share tiles
            CAPTURE(threads);
            CAPTURE(chunk);
            CHECK(same_bits(logits_of(chain, prompt, chunk), expected));
          }
        }
      }
    }
  }

  TEST_CASE("layers with a window keep only what it can see, with the bits of a cache that keeps all") {
    for (const std::size_t window : {std::size_t{1}, std::size_t{40}, std::size_t{64}, std::size_t{100}}) {
      model_maker random(177 + window);
      model_shape shape;
      shape.sizes = {.architecture = "llama",
                     .layers = 2,
                     .width = 8,
                     .feed_forward = 8,
                     .heads = 2,
                     .kv_heads = 1,
                     .head_size = 8,
                     .vocabulary = 11,
                     .context_length = 4096,
                     .norm_epsilon = 1e-5F,
                     .rotary = 8,
                     .window = window,
                     .global_layers = {false, true}};
      CAPTURE(window);
      const tiny_model m = random.make(shape);
      const auto prompt = random.tokens(520, m.sizes.vocabulary);
      const auto expected = interpreter(m.graph, m.weights, ll::dtype::f16).run(prompt);
      for (const std::size_t rows : {std::size_t{1}, std::size_t{9}, std::size_t{70}}) {
        const auto shapes = ll::kv_shapes(m.graph, 0, m.graph.operations.size(), rows);
        CHECK(shapes[0].positions(520).value_or(0) == (window + rows + 63) / 64 * 64 + 64);
        CHECK(shapes[1].positions(520).value_or(0) == 576);
        stage_chain chain(m.graph, m.weights, {.kv_type = ll::dtype::f16, .context_tokens = 520, .rows = rows});
        CAPTURE(rows);
        CHECK(same_bits(logits_of(chain, prompt, rows), expected));
      }
    }
  }

  TEST_CASE("threads meet five times in a layer when decoding, six times in a mixture, twice where each has rows of its own") {
    constexpr std::size_t context = 256;
    const auto barriers_per_layer = [](const std::string& name, unsigned threads, std::size_t rows) {
      std::size_t counted[2] = {};
      for (const std::size_t layers : {2U, 3U}) {
        model_maker random(21);
        auto all = all_species(random, 32);
        species& s = *std::ranges::find(all, name, &species::name);
        s.sizes.layers = layers;
        const tiny_model m = make_species(random, s, std::vector{ll::dtype::q8_0});
        const std::size_t end = m.graph.operations.size();
        const auto weights = ll::stage_weights::load(m.graph.operations, m.weights).value();
        ll::kv_cache cache(ll::dtype::f16, ll::kv_shapes(m.graph, 0, end, 128), context, 1);
        const auto& kernels = **ll::kernels::table_for(ll::kernels::isa::scalar);
        const auto made = ll::program::compile(m.graph, 0, end, weights, cache, kernels, {128, context, threads}).value();
        counted[layers - 2] = made->barriers(rows, 1);
      }
      return counted[1] - counted[0];
    };
    for (const unsigned threads : {2U, 3U}) {
      CAPTURE(threads);
      CHECK(barriers_per_layer("llama with yarn", threads, 1) == 5);
      CHECK(barriers_per_layer("llama with yarn", threads, 8) == 5);
      CHECK(barriers_per_layer("llama with yarn", threads, 9) == 6);
      CHECK(barriers_per_layer("llama with yarn", threads, 128) == 2);
      CHECK(barriers_per_layer("mixtral", threads, 1) == 6);
      CHECK(barriers_per_layer("mixtral", threads, 128) == 6);
      CHECK(barriers_per_layer("qwen2", threads, 1) == 5);
      CHECK(barriers_per_layer("qwen3", threads, 1) == 6);
      CHECK(barriers_per_layer("gpt2", threads, 1) == 6);  // heads of 16 alone are no block of 32: attention is rounded apart
    }
  }

  TEST_CASE("a model that does not end in a linear layer, and a segment that is none, are refused") {
    model_maker random(5);
    model_shape shape;
    shape.sizes = {.architecture = "llama",
                   .layers = 1,
                   .width = 8,
                   .feed_forward = 8,
                   .heads = 1,
                   .kv_heads = 1,
                   .head_size = 8,
                   .vocabulary = 5,
                   .context_length = 64,
                   .norm_epsilon = 1e-5F,
                   .rotary = 8};
    const tiny_model m = random.make(shape);
    const auto& kernels = **ll::kernels::table_for(ll::kernels::isa::scalar);
    const std::size_t all = m.graph.operations.size();
    const auto weights = ll::stage_weights::load(m.graph.operations, m.weights).value();
    ll::kv_cache cache(ll::dtype::f32, ll::kv_shapes(m.graph, 0, all, 1), 64, 1);
    CHECK(ll::program::compile(m.graph, 0, all, weights, cache, kernels, {1, 64, 1}));
    const auto empty = ll::program::compile(m.graph, 3, 3, weights, cache, kernels, {1, 64, 1});
    REQUIRE(!empty);
    CHECK(empty.error().code == ll::errc::invalid_argument);
    const auto beyond = ll::program::compile(m.graph, 0, all + 1, weights, cache, kernels, {1, 64, 1});
    CHECK(!beyond);
    // q and v are both alive here.
    const auto unclean = ll::program::compile(m.graph, 3, all, weights, cache, kernels, {1, 64, 1});
    REQUIRE(!unclean);
    CHECK(unclean.error().code == ll::errc::unsupported);
    ll::operation_graph headless = m.graph;
    headless.operations.pop_back();
    const auto norm_last = ll::program::compile(headless, 0, all - 1, weights, cache, kernels, {1, 64, 1});
    REQUIRE(!norm_last);
    CHECK(norm_last.error().message.find("logits") != std::string::npos);
  }
}

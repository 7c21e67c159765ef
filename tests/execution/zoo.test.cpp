// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every architecture in random sizes: the interpreter's bits however it is run, and the numbers of its equations.
#include <lingualinked/execution/program.hpp>

#include "execution/interpreter.hpp"
#include "execution/stage_chain.hpp"
#include "execution/zoo.hpp"
#include "support/same_bits.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

namespace {

using namespace test_support;

/// One stage with several threads, and two at every cut, in random chunks.
void check_every_cut(model_maker& random, const tiny_model& m, ll::dtype kv, const std::vector<ll::token_id>& prompt,
                     const std::vector<float>& expected) {
  const std::size_t modules = ll::cut_into_modules(m.graph, 4).value().node_count();
  for (std::size_t cut = 0; cut < modules; ++cut) {
    CAPTURE(cut);
    chain_options options{.kv_type = kv};
    if (cut + 1 < modules) options.cuts = {cut};
    else options.threads = 2 + static_cast<unsigned>(random.below(2));
    stage_chain chain(m.graph, m.weights, options);
    CHECK(same_bits(logits_of(chain, prompt, 1 + random.below(prompt.size())), expected));
  }
}

}  // namespace

TEST_SUITE("execution/zoo") {
  TEST_CASE("float models give the interpreter's bits, whole and cut, and the numbers of their equations") {
    double worst = 0;
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      model_maker random(seed);
      for (const species& s : all_species(random, 1)) {
        CAPTURE(seed);
        CAPTURE(s.name);
        const ll::dtype types[] = {ll::dtype::f32, ll::dtype::f16, ll::dtype::bf16};
        const tiny_model m = make_species(random, s, types);
        const auto prompt = random.tokens(2 + random.below(30), m.sizes.vocabulary);
        const auto expected = interpreter(m.graph, m.weights, ll::dtype::f32).run(prompt);
        const auto numbers = species_oracle(s, m.weights).logits(prompt);
        REQUIRE(expected.size() == static_cast<std::size_t>(numbers.size()));
        double error = 0;
        for (std::size_t i = 0; i < expected.size(); ++i)
          error = std::max(error, std::abs(double{expected[i]} - numbers.data()[i]) / numbers.cwiseAbs().maxCoeff());
        CHECK(error < 2e-5);  // 340 roundings of 2^-24
        worst = std::max(worst, error);
        check_every_cut(random, m, ll::dtype::f32, prompt, expected);
      }
    }
    MESSAGE("largest error relative to the largest logit: " << worst);
  }

  TEST_CASE("quantised models give the interpreter's bits, whole and cut") {
    using enum ll::dtype;
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      model_maker random(100 + seed);
      for (const species& s : all_species(random, 32)) {
        CAPTURE(seed);
        CAPTURE(s.name);
        std::vector<ll::dtype> types{q8_0, q4_1, f16, q5_0, q4_0};
        std::rotate(types.begin(), types.begin() + static_cast<std::ptrdiff_t>(random.below(types.size())), types.end());
        const tiny_model m = make_species(random, s, types);
        const auto prompt = random.tokens(2 + random.below(12), m.sizes.vocabulary);
        check_every_cut(random, m, f16, prompt, interpreter(m.graph, m.weights, f16).run(prompt));
      }
    }
  }

  TEST_CASE("learned positions end where their table ends") {
    model_maker random(7);
    for (const species& s : all_species(random, 1)) {
      if (!s.positions) continue;
      const ll::dtype types[] = {ll::dtype::f32};
      const tiny_model m = make_species(random, s, types);
      const auto modules = ll::cut_into_modules(m.graph, 4).value();
      ll::executor_options options{.last_module = modules.node_count() - 1, .context_tokens = 64, .kv_type = ll::dtype::f32};
      CHECK(ll::cpu_executor::create(m.graph, modules, m.weights, options));
      options.context_tokens = 65;
      const auto refused = ll::cpu_executor::create(m.graph, modules, m.weights, options);
      REQUIRE(!refused);
      CHECK(refused.error().code == ll::errc::limit);
      CHECK(refused.error().message.find("64 positions") != std::string::npos);
    }
  }

  TEST_CASE("a plan pays for the cache that is allocated, and memory beside it and the weights stays below its estimate") {
    model_maker random(8);
    for (const species& s : all_species(random, 32)) {
      CAPTURE(s.name);
      const ll::dtype types[] = {ll::dtype::q8_0};
      const tiny_model m = make_species(random, s, types);
      const auto modules = ll::cut_into_modules(m.graph, 2).value();
      const ll::executor_options options{
          .last_module = modules.node_count() - 1, .context_tokens = 64, .sequences = 2, .rows = 32};
      const auto made = ll::cpu_executor::create(m.graph, modules, m.weights, options).value();
      const auto weights = ll::stage_weights::load(m.graph.operations, m.weights).value().bytes();
      std::uint64_t cache = 0;
      for (const std::size_t context : {std::size_t{1000}, options.context_tokens}) {
        auto longer = options;
        longer.context_tokens = context;
        const auto of_modules = ll::kv_bytes_of_modules(m.graph, modules, longer);
        cache = 2 * std::accumulate(of_modules.begin(), of_modules.end(), std::uint64_t{0});
        const auto shapes = ll::kv_shapes(m.graph, 0, m.graph.operations.size(), options.rows);
        CHECK(cache == ll::kv_cache::bytes_for(options.kv_type, shapes, context, 2).value_or(0));
      }
      REQUIRE(made.memory_bytes() > weights + cache);
      CHECK(made.memory_bytes() <= weights + cache + ll::buffer_bytes_estimate(m.graph, options));
    }
  }
}

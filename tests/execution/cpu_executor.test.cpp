// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/execution/cpu_executor.hpp>

#include "execution/allocation_count.hpp"
#include "execution/random_model.hpp"
#include "execution/small_model.hpp"
#include "support/same_bits.hpp"

#include <lingualinked/concepts/executor.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace test_support;

static_assert(ll::Executor<ll::cpu_executor>);

}  // namespace

TEST_SUITE("execution/cpu_executor") {
  TEST_CASE("each module's time is written down when asked, and the answers stay the same") {
    const std::vector<ll::token_id> tokens{1, 2, 3, 4};
    for (const unsigned threads : {1U, 3U}) {
      CAPTURE(threads);
      auto options = small_options();
      options.threads = threads;
      auto plain = make_executor(small_model(), options).value();
      auto timed = make_executor(small_model(), options).value();
      plain.open(1, asking({})).value();
      timed.open(1, asking({})).value();
      std::vector<ll::duration> times;
      timed.time_modules(&times);
      REQUIRE(times.size() == 6);
      const ll::time_point begin = ll::steady_now();
      const auto logits = step(timed, {1, 0, 4}, tokens);
      const ll::duration whole = ll::steady_now() - begin;
      CHECK(same_bits(logits, step(plain, {1, 0, 4}, tokens)));
      ll::duration sum{};
      for (const ll::duration d : times) {
        CHECK(d > ll::duration{});
        sum += d;
      }
      CHECK(sum <= whole);
      timed.time_modules(nullptr);
      times.assign(6, ll::duration{});
      step(timed, {1, 4, 4}, tokens);
      CHECK(times == std::vector<ll::duration>(6));
    }
    auto options = small_options();
    options.first_module = 2;
    options.last_module = 3;
    auto middle = make_executor(small_model(), options).value();
    std::vector<ll::duration> times;
    middle.time_modules(&times);
    CHECK(times.size() == 2);
  }

  TEST_CASE("options that make no sense are refused in words") {
    struct wrong {
      std::string what;
      void (*change)(ll::executor_options&);
      ll::errc code;
      const char* says;
    };
    const wrong table[] = {
        {"interval backwards", [](auto& o) { o.first_module = 2, o.last_module = 1; }, ll::errc::invalid_argument,
         "modules 2 to 1"},
        {"interval beyond", [](auto& o) { o.last_module = 6; }, ll::errc::invalid_argument, "has 6"},
        {"no context", [](auto& o) { o.context_tokens = 0; }, ll::errc::invalid_argument, "at least 1"},
        {"no sequences", [](auto& o) { o.sequences = 0; }, ll::errc::invalid_argument, "at least 1"},
        {"no rows", [](auto& o) { o.rows = 0; }, ll::errc::invalid_argument, "at least 1"},
        {"no threads", [](auto& o) { o.threads = 0; }, ll::errc::invalid_argument, "at least 1"},
        {"context of 2^32", [](auto& o) { o.context_tokens = std::size_t{1} << 32; }, ll::errc::limit, "16777216"},
        {"sequences", [](auto& o) { o.sequences = SIZE_MAX; }, ll::errc::limit, "65536"},
        {"rows", [](auto& o) { o.rows = SIZE_MAX; }, ll::errc::limit, "65536"},
        {"threads", [](auto& o) { o.threads = 1025; }, ll::errc::limit, "1024"},
        {"cache type", [](auto& o) { o.kv_type = ll::dtype::q8_0; }, ll::errc::invalid_argument, "q8_0"},
    };
    for (const wrong& w : table) {
      CAPTURE(w.what);
      auto options = small_options();
      w.change(options);
      const auto made = make_executor(small_model(), options);
      REQUIRE(!made);
      CHECK(made.error().code == w.code);
      INFO(made.error().message);
      CHECK(made.error().message.find(w.says) != std::string::npos);
    }
    const auto foreign = ll::cpu_executor::create(small_model().graph, ll::module_graph({{"one", 0, 1, {}}}, {{}}),
                                                  small_model().weights, {.last_module = 0});
    REQUIRE(!foreign);
    CHECK(foreign.error().code == ll::errc::invalid_argument);
  }

  TEST_CASE("asking for all logits does not change what is sampled") {
    const std::vector<ll::token_id> prompt{3, 1, 4, 1, 5};
    auto a = make_executor(small_model(), small_options()).value();
    auto b = make_executor(small_model(), small_options()).value();
    a.open(1, asking(prompt, 3)).value();
    b.open(1, asking(prompt, 3)).value();
    const ll::segment part{1, 0, 5};
    ll::token_id from_a = -1;
    ll::token_id from_b = -1;
    std::vector<float> logits(5 * small_vocabulary);
    a.run({{&part, 1}, prompt, {}, {}, {&from_a, 1}, {}}).value();
    b.run({{&part, 1}, prompt, {}, {}, {&from_b, 1}, logits}).value();
    CHECK(from_a >= 0);
    CHECK(from_a == from_b);
  }

  TEST_CASE("a batch that nobody wants logits of computes none, and an empty one does nothing") {
    auto e = make_executor(small_model(), small_options()).value();
    CHECK(e.run({}));
    e.open(1, asking({1, 2, 3})).value();
    const ll::segment part{1, 0, 3};
    const std::vector<ll::token_id> tokens{1, 2, 3};
    ll::token_id sampled = 5;
    CHECK(e.run({{&part, 1}, tokens, {}, {}, {&sampled, 1}, {}}));
    CHECK(sampled == -1);
  }

  TEST_CASE("running allocates nothing once a sequence is open") {
    for (const unsigned threads : {1U, 2U}) {
      auto options = small_options();
      options.threads = threads;
      auto e = make_executor(small_model(), options).value();
      const std::vector<ll::token_id> prompt{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
      e.open(1, asking(prompt, 9)).value();
      e.open(2, asking({}, 9)).value();
      std::vector<ll::segment> parts{{1, 0, 11}, {2, 0, 1}};
      std::vector<ll::token_id> tokens = prompt;
      tokens.push_back(7);
      std::vector<ll::token_id> sampled(2);
      e.run({parts, tokens, {}, {}, sampled, {}}).value();
      const std::size_t before = allocation_count();
      for (std::uint32_t i = 0; i < 8; ++i) {
        parts[0] = {1, 11 + i, 1};
        parts[1] = {2, 1 + i, 1};
        const auto ran = e.run({parts, sampled, {}, {}, sampled, {}});
        if (!ran) FAIL(ran.error().message);
      }
      CHECK(allocation_count() == before);
    }
  }

  TEST_CASE("memory_bytes counts weights, cache and buffers, and the estimate of buffers is never below") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      CAPTURE(seed);
      model_maker random(seed);
      model_shape shape;
      auto& h = shape.sizes;
      h = {.architecture = "llama",
           .layers = 1 + random.below(3),
           .width = 32 * (1 + random.below(4)),
           .feed_forward = 32 * (1 + random.below(9)),
           .heads = 4,
           .kv_heads = random.one_of<std::size_t>({1, 2, 4}),
           .head_size = random.one_of<std::size_t>({8, 16, 64}),
           .vocabulary = 10 + random.below(300),
           .context_length = 512,
           .norm_epsilon = 1e-5F};
      h.rotary = h.head_size;
      shape.types = {random.one_of({ll::dtype::f32, ll::dtype::q4_1})};
      const tiny_model m = random.make(shape);
      const auto modules = ll::cut_into_modules(m.graph, 2).value();
      ll::executor_options o{.context_tokens = 1 + random.below(300),
                             .sequences = 1 + random.below(4),
                             .rows = 1 + random.below(130),
                             .threads = 1 + static_cast<unsigned>(random.below(4))};
      o.first_module = random.below(modules.node_count());
      o.last_module = o.first_module + random.below(modules.node_count() - o.first_module);
      const auto e = make_executor(m, o).value();
      const auto& first = modules.modules()[o.first_module];
      const auto& last = modules.modules()[o.last_module];
      const std::span part(m.graph.operations.data() + first.first_operation, last.end_operation - first.first_operation);
      const auto weights = ll::stage_weights::load(part, m.weights).value().bytes();
      const auto cache =
          ll::kv_cache::bytes_for(o.kv_type, ll::kv_shapes(m.graph, first.first_operation, last.end_operation, o.rows),
                                  o.context_tokens, o.sequences)
              .value_or(0);
      REQUIRE(e.memory_bytes() > weights + cache);
      CHECK(e.memory_bytes() - weights - cache <= ll::buffer_bytes_estimate(m.graph, o));
    }
  }

  TEST_CASE("an executor can be moved between batches") {
    auto a = make_executor(small_model(), small_options()).value();
    a.open(1, asking({})).value();
    const auto first = step(a, {1, 0, 2}, {1, 2});
    ll::cpu_executor b = std::move(a);
    const auto second = step(b, {1, 2, 2}, {3, 4});
    auto whole = make_executor(small_model(), small_options()).value();
    whole.open(1, asking({})).value();
    auto all = step(whole, {1, 0, 4}, {1, 2, 3, 4});
    CHECK(same_bits(std::vector<float>(all.begin() + 2 * small_vocabulary, all.end()), second));
    CHECK(first.size() == 2 * small_vocabulary);
  }
}

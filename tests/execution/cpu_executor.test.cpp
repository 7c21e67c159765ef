// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/execution/cpu_executor.hpp>

#include "execution/allocation_count.hpp"
#include "execution/random_model.hpp"
#include "execution/stage_chain.hpp"
#include "support/same_bits.hpp"

#include <lingualinked/concepts/executor.hpp>
#include <lingualinked/text/sampler.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace test_support;

static_assert(ll::Executor<ll::cpu_executor>);

constexpr std::size_t width = 16;
constexpr std::size_t vocabulary = 31;

const tiny_model& small_model() {
  static const tiny_model made = [] {
    model_shape shape;
    shape.sizes = {.architecture = "llama",
                   .layers = 2,
                   .width = width,
                   .feed_forward = 24,
                   .heads = 4,
                   .kv_heads = 2,
                   .head_size = 8,
                   .vocabulary = vocabulary,
                   .context_length = 64,
                   .norm_epsilon = 1e-5F,
                   .rotary = 8};
    return model_maker(3).make(shape);
  }();
  return made;
}

ll::executor_options small_options() {
  return {.first_module = 0,
          .last_module = 5,
          .context_tokens = 20,
          .sequences = 2,
          .rows = 12,
          .kv_type = ll::dtype::f32,
          .threads = 2};
}

ll::result<ll::cpu_executor> make(const tiny_model& m, const ll::executor_options& options) {
  return ll::cpu_executor::create(m.graph, ll::cut_into_modules(m.graph, 4).value(), m.weights, options);
}

ll::sequence_options asking(std::vector<ll::token_id> prompt, std::uint32_t max_tokens = 0,
                            ll::sampling_parameters sampling = {}) {
  ll::sequence_options o;
  o.prompt = std::move(prompt);
  o.max_tokens = max_tokens;
  o.sampling = sampling;
  return o;
}

/// Logits of one segment, alone.
std::vector<float> step(ll::cpu_executor& e, ll::segment part, const std::vector<ll::token_id>& tokens) {
  std::vector<float> logits(tokens.size() * vocabulary);
  ll::token_id sampled = 0;
  e.run({{&part, 1}, tokens, {}, {}, {&sampled, 1}, logits}).value();
  return logits;
}

}  // namespace

TEST_SUITE("execution/cpu_executor") {
  TEST_CASE("each module's time is written down when asked, and the answers stay the same") {
    const std::vector<ll::token_id> tokens{1, 2, 3, 4};
    for (const unsigned threads : {1U, 3U}) {
      CAPTURE(threads);
      auto options = small_options();
      options.threads = threads;
      auto plain = make(small_model(), options).value();
      auto timed = make(small_model(), options).value();
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
    auto middle = make(small_model(), options).value();
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
      const auto made = make(small_model(), options);
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

  TEST_CASE("what a batch gets wrong is an error, and leaves the bits of the next good batch alone") {
    struct wrong {
      std::string what;
      std::vector<ll::segment> segments;
      std::vector<ll::token_id> tokens;
      std::size_t logits;
      std::size_t sampled;
      std::size_t outputs;
      ll::errc code;
      const char* says;
    };
    const std::vector<ll::token_id> twelve(12, 1);
    const std::vector<wrong> table{
        {"unknown sequence", {{9, 0, 1}}, {1}, 0, 1, 0, ll::errc::invalid_argument, "sequence 9 is not open"},
        {"one known, one unknown", {{1, 3, 1}, {9, 0, 1}}, {1, 1}, 0, 2, 0, ll::errc::invalid_argument, "not open"},
        {"position too small", {{1, 2, 1}}, {1}, 0, 1, 0, ll::errc::invalid_argument, "at position 3, not 2"},
        {"position too large", {{1, 4, 1}}, {1}, 0, 1, 0, ll::errc::invalid_argument, "at position 3, not 4"},
        {"position far away", {{1, UINT32_MAX, 1}}, {1}, 0, 1, 0, ll::errc::invalid_argument, "at position 3"},
        {"twice in one batch", {{1, 3, 1}, {1, 3, 1}}, {1, 1}, 0, 2, 0, ll::errc::invalid_argument, "twice"},
        {"empty segment", {{1, 3, 0}}, {}, 0, 1, 0, ll::errc::invalid_argument, "empty"},
        {"too many rows", {{2, 0, 12}, {1, 3, 1}}, std::vector<ll::token_id>(13, 1), 0, 2, 0, ll::errc::limit, "12 rows"},
        {"far too many rows", {{1, 3, UINT32_MAX}}, {1}, 0, 1, 0, ll::errc::limit, "12 rows"},
        {"token too large", {{1, 3, 2}}, {1, vocabulary}, 0, 1, 0, ll::errc::invalid_argument, "token id 31"},
        {"token negative", {{1, 3, 2}}, {-1, 1}, 0, 1, 0, ll::errc::invalid_argument, "token id -1"},
        {"tokens missing", {{1, 3, 2}}, {1}, 0, 1, 0, ll::errc::invalid_argument, "1 tokens for 2 rows"},
        {"tokens too many", {{1, 3, 2}}, {1, 1, 1}, 0, 1, 0, ll::errc::invalid_argument, "3 tokens for 2 rows"},
        {"logits too small", {{1, 3, 2}}, {1, 1}, 2 * vocabulary - 1, 1, 0, ll::errc::invalid_argument, "62 numbers"},
        {"logits too large", {{1, 3, 2}}, {1, 1}, 3 * vocabulary, 1, 0, ll::errc::invalid_argument, "62 numbers"},
        {"no place for the token", {{1, 3, 2}}, {1, 1}, 0, 0, 0, ll::errc::invalid_argument, "one place"},
        {"an output on the tail", {{1, 3, 1}}, {1}, 0, 1, 4 * width, ll::errc::invalid_argument, "gives 0 bytes"},
    };
    auto fresh = make(small_model(), small_options()).value();
    fresh.open(1, asking({})).value();
    step(fresh, {1, 0, 3}, {4, 5, 6});
    const auto expected = step(fresh, {1, 3, 4}, {7, 8, 9, 10});

    auto e = make(small_model(), small_options()).value();
    for (const wrong& w : table) {
      CAPTURE(w.what);
      e.open(1, asking({})).value();
      e.open(2, asking({})).value();
      step(e, {1, 0, 3}, {4, 5, 6});
      std::vector<float> logits(w.logits);
      std::vector<ll::token_id> sampled(w.sampled);
      std::vector<std::byte> out(w.outputs);
      const ll::stage_output output{0, out};
      ll::stage_batch batch{w.segments, w.tokens, {}, {}, sampled, logits};
      if (!out.empty()) batch.outputs = {&output, 1};
      const auto ran = e.run(batch);
      REQUIRE(!ran);
      CHECK(ran.error().code == w.code);
      INFO(ran.error().message);
      CHECK(ran.error().message.find(w.says) != std::string::npos);
      CHECK(same_bits(step(e, {1, 3, 4}, {7, 8, 9, 10}), expected));
      e.release(1);
      e.release(2);
    }
  }

  TEST_CASE("a full context refuses the next token and keeps what it has") {
    auto e = make(small_model(), small_options()).value();
    e.open(1, asking({})).value();
    const std::vector<ll::token_id> ten(10, 3);
    step(e, {1, 0, 10}, ten);
    std::vector<ll::token_id> eleven(11, 3);
    ll::segment part{1, 10, 11};
    ll::token_id sampled = 0;
    const auto full = e.run({{&part, 1}, eleven, {}, {}, {&sampled, 1}, {}});
    REQUIRE(!full);
    CHECK(full.error().code == ll::errc::limit);
    CHECK(full.error().message.find("context of 20 tokens is full") != std::string::npos);
    step(e, {1, 10, 10}, ten);
    part = {1, 20, 1};
    CHECK(!e.run({{&part, 1}, {ten.data(), 1}, {}, {}, {&sampled, 1}, {}}));
  }

  TEST_CASE("stages in between check the size of what comes in and of what is to go out") {
    auto options = small_options();
    options.first_module = 1;
    options.last_module = 3;
    auto e = make(small_model(), options).value();
    CHECK(e.vocabulary() == 0);
    CHECK(e.output_width() == width);
    e.open(1, asking({})).value();
    std::vector<std::byte> in(2 * width * 4);
    std::vector<std::byte> out(2 * width * 4);
    const ll::segment part{1, 0, 2};
    const auto run = [&](std::size_t inputs, std::size_t in_bytes, std::size_t out_bytes, std::span<float> logits) {
      const std::vector<ll::stage_input> from(inputs, {0, std::span(in).first(in_bytes)});
      const ll::stage_output to{0, std::span(out).first(out_bytes)};
      return e.run({{&part, 1}, {}, from, {&to, 1}, {}, logits});
    };
    std::vector<float> logits(2 * vocabulary);
    CHECK(!run(0, 0, out.size(), {}));
    CHECK(!run(2, in.size(), out.size(), {}));
    CHECK(!run(1, in.size() - 4, out.size(), {}));
    CHECK(!run(1, in.size(), out.size() - 4, {}));
    CHECK(!run(1, in.size(), out.size(), logits));
    CHECK(run(1, in.size(), out.size(), {}));
  }

  TEST_CASE("sequences are opened once, up to the number planned for") {
    auto e = make(small_model(), small_options()).value();
    e.open(1, asking({})).value();
    const auto twice = e.open(1, asking({}));
    REQUIRE(!twice);
    CHECK(twice.error().code == ll::errc::invalid_argument);
    e.open(2, asking({})).value();
    const auto busy = e.open(3, asking({}));
    REQUIRE(!busy);
    CHECK(busy.error().code == ll::errc::busy);
    e.release(77);  // nobody
    e.release(1);
    CHECK(e.open(3, asking({})));
    e.release(3);
    const auto long_prompt = e.open(4, asking(std::vector<ll::token_id>(21, 1)));
    REQUIRE(!long_prompt);
    CHECK(long_prompt.error().code == ll::errc::limit);
    ll::sampling_parameters hot;
    hot.temperature = std::numeric_limits<float>::quiet_NaN();
    CHECK(!e.open(4, asking({}, 1, hot)));
    CHECK(e.open(4, asking({})));  // the failures took no slot
  }

  TEST_CASE("a slot that is used again holds nothing of the sequence before") {
    auto fresh = make(small_model(), small_options()).value();
    fresh.open(1, asking({})).value();
    const auto expected = step(fresh, {1, 0, 5}, {1, 2, 3, 4, 5});
    auto e = make(small_model(), small_options()).value();
    for (ll::sequence_id id = 10; id < 16; ++id) {
      e.open(id, asking({})).value();
      step(e, {id, 0, 11}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 30});
      e.release(id);
      e.open(id, asking({})).value();
      CHECK(same_bits(step(e, {id, 0, 5}, {1, 2, 3, 4, 5}), expected));
      e.release(id);
    }
  }

  TEST_CASE("a text goes on in another sequence as if it had never been cut, whatever its sampler carries") {
    const ll::sampling_parameters sampling{
        .temperature = 1.3F, .presence_penalty = 0.8F, .mirostat = ll::mirostat_version::v2, .mirostat_tau = 3, .seed = 11};
    const std::vector<ll::token_id> prompt{3, 1, 4, 1, 5};
    const auto tokens_of = [&](const ll::sequence_options& asked, std::vector<ll::sampler_state>& states) {
      auto e = make(small_model(), small_options()).value();
      e.open(1, asked).value();
      std::vector<ll::token_id> made;
      std::vector<ll::token_id> next = asked.prompt;
      for (std::uint32_t position = 0; made.size() < asked.max_tokens; position += static_cast<std::uint32_t>(next.size())) {
        if (!made.empty()) next = {made.back()};
        const ll::segment part{1, position, static_cast<std::uint32_t>(next.size())};
        made.push_back(0);
        states.emplace_back();
        e.run({{&part, 1}, next, {}, {}, {&made.back(), 1}, {}, {&states.back(), 1}}).value();
      }
      return made;
    };
    std::vector<ll::sampler_state> states;
    const auto whole = tokens_of(asking(prompt, 8, sampling), states);
    CHECK(std::ranges::all_of(states, [](const ll::sampler_state& s) { return s.mirostat_mu.has_value(); }));
    for (std::size_t cut = 1; cut < whole.size(); ++cut) {
      auto rest = asking(prompt, static_cast<std::uint32_t>(whole.size() - cut), sampling);
      rest.prompt.insert(rest.prompt.end(), whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
      rest.past.sampling = states[cut - 1];
      std::vector<ll::sampler_state> more;
      CHECK(tokens_of(rest, more) == std::vector<ll::token_id>(whole.begin() + static_cast<std::ptrdiff_t>(cut), whole.end()));
      CHECK(more.back() == states.back());
    }
    // Of a text whose beginning was dropped, draws and penalties still know how long it was and what stood there.
    auto shifted = asking({4, 1, 5}, 1, sampling);
    shifted.past.dropped_tokens = 2;
    shifted.past.recent = prompt;
    auto plain = make(small_model(), small_options()).value();
    plain.open(1, asking({})).value();
    const auto logits = step(plain, {1, 0, 3}, shifted.prompt);
    ll::sampler draws;
    ll::sampler_state fresh;
    std::vector<ll::sampler_state> ignored;
    CHECK(tokens_of(shifted, ignored).front() ==
          draws.draw(std::span(logits).last(vocabulary), sampling, 5, prompt, fresh).value());
    CHECK(ignored.front() == fresh);
  }

  TEST_CASE("tokens are due from the end of the prompt on, and drawn as the sampler draws them") {
    const std::vector<ll::token_id> prompt{3, 1, 4, 1, 5, 9, 2, 6};
    for (const ll::sampling_parameters& sampling :
         {ll::sampling_parameters{}, ll::sampling_parameters{.repeat_penalty = 1.7F},
          ll::sampling_parameters{.frequency_penalty = 0.5F, .presence_penalty = 0.25F, .logit_bias = {{3, 1.5F}}},
          ll::sampling_parameters{.temperature = 1.2F, .mirostat = ll::mirostat_version::v2, .mirostat_tau = 2, .seed = 8},
          ll::sampling_parameters{
              .temperature = 1.5F, .top_k = 9, .top_p = 0.95F, .min_p = 0.01F, .repeat_penalty = 1.2F, .seed = 5}}) {
      auto plain = make(small_model(), small_options()).value();
      auto e = make(small_model(), small_options()).value();
      plain.open(1, asking({})).value();
      e.open(1, asking(prompt, 10, sampling)).value();
      e.open(2, asking(prompt)).value();
      std::vector<ll::token_id> log = prompt;
      ll::sampler draws;
      ll::sampler_state drawn;
      std::vector<ll::token_id> next(prompt.begin(), prompt.begin() + 5);
      std::uint32_t position = 0;
      for (int round = 0; round < 8; ++round) {
        const auto count = static_cast<std::uint32_t>(next.size());
        const auto logits = step(plain, {1, position, count}, next);
        // Another sequence, which wants no token, rides along.
        const std::vector<ll::segment> parts{{2, static_cast<std::uint32_t>(round), 1}, {1, position, count}};
        std::vector<ll::token_id> tokens{prompt[static_cast<std::size_t>(round)]};
        tokens.insert(tokens.end(), next.begin(), next.end());
        std::vector<ll::token_id> sampled(2, 99);
        e.run({parts, tokens, {}, {}, sampled, {}}).value();
        position += count;
        CHECK(sampled[0] == -1);
        if (position < prompt.size()) {
          CHECK(sampled[1] == -1);
          next.assign(prompt.begin() + position, prompt.end());
          continue;
        }
        const auto row = std::span(logits).last(vocabulary);
        CHECK(sampled[1] == draws.draw(row, sampling, position, log, drawn).value());
        log.push_back(sampled[1]);
        next = {sampled[1]};
      }
    }
  }

  TEST_CASE("asking for all logits does not change what is sampled") {
    const std::vector<ll::token_id> prompt{3, 1, 4, 1, 5};
    auto a = make(small_model(), small_options()).value();
    auto b = make(small_model(), small_options()).value();
    a.open(1, asking(prompt, 3)).value();
    b.open(1, asking(prompt, 3)).value();
    const ll::segment part{1, 0, 5};
    ll::token_id from_a = -1;
    ll::token_id from_b = -1;
    std::vector<float> logits(5 * vocabulary);
    a.run({{&part, 1}, prompt, {}, {}, {&from_a, 1}, {}}).value();
    b.run({{&part, 1}, prompt, {}, {}, {&from_b, 1}, logits}).value();
    CHECK(from_a >= 0);
    CHECK(from_a == from_b);
  }

  TEST_CASE("a logit that is not finite is an error, whoever looks at it, and the sequence stays where it was") {
    tiny_model m = small_model();
    auto& norm = m.weights.data("output_norm.weight");
    const float huge = std::numeric_limits<float>::max();
    for (std::size_t i = 0; i < width; ++i) std::memcpy(norm.data() + 4 * i, &huge, 4);
    auto& head = m.weights.data("output.weight");
    for (std::size_t i = 0; i < head.size(); i += 4) std::memcpy(head.data() + i, &huge, 4);
    auto e = make(m, small_options()).value();
    e.open(1, asking({1}, 2)).value();
    e.open(2, asking({1})).value();
    for (const bool all : {false, true}) {
      const ll::segment part{all ? ll::sequence_id{2} : ll::sequence_id{1}, 0, 1};
      const ll::token_id token = 1;
      ll::token_id sampled = -1;
      std::vector<float> logits(all ? vocabulary : 0);
      for (int again = 0; again < 2; ++again) {  // the same position again: nothing moved
        const auto ran = e.run({{&part, 1}, {&token, 1}, {}, {}, {&sampled, 1}, logits});
        REQUIRE(!ran);
        CHECK(ran.error().code == ll::errc::numeric);
        CHECK(ran.error().message.find("not finite") != std::string::npos);
      }
    }
  }

  TEST_CASE("a batch that nobody wants logits of computes none, and an empty one does nothing") {
    auto e = make(small_model(), small_options()).value();
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
      auto e = make(small_model(), options).value();
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
      const auto e = make(m, o).value();
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
    auto a = make(small_model(), small_options()).value();
    a.open(1, asking({})).value();
    const auto first = step(a, {1, 0, 2}, {1, 2});
    ll::cpu_executor b = std::move(a);
    const auto second = step(b, {1, 2, 2}, {3, 4});
    auto whole = make(small_model(), small_options()).value();
    whole.open(1, asking({})).value();
    auto all = step(whole, {1, 0, 4}, {1, 2, 3, 4});
    CHECK(same_bits(std::vector<float>(all.begin() + 2 * vocabulary, all.end()), second));
    CHECK(first.size() == 2 * vocabulary);
  }
}

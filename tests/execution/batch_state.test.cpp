// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/execution/batch_state.hpp>

#include "execution/random_model.hpp"
#include "execution/small_model.hpp"
#include "support/same_bits.hpp"

#include <lingualinked/text/sampler.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace test_support;

}  // namespace

TEST_SUITE("execution/batch_state") {
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
        {"token too large", {{1, 3, 2}}, {1, small_vocabulary}, 0, 1, 0, ll::errc::invalid_argument, "token id 31"},
        {"token negative", {{1, 3, 2}}, {-1, 1}, 0, 1, 0, ll::errc::invalid_argument, "token id -1"},
        {"tokens missing", {{1, 3, 2}}, {1}, 0, 1, 0, ll::errc::invalid_argument, "1 tokens for 2 rows"},
        {"tokens too many", {{1, 3, 2}}, {1, 1, 1}, 0, 1, 0, ll::errc::invalid_argument, "3 tokens for 2 rows"},
        {"logits too small", {{1, 3, 2}}, {1, 1}, 2 * small_vocabulary - 1, 1, 0, ll::errc::invalid_argument, "62 numbers"},
        {"logits too large", {{1, 3, 2}}, {1, 1}, 3 * small_vocabulary, 1, 0, ll::errc::invalid_argument, "62 numbers"},
        {"no place for the token", {{1, 3, 2}}, {1, 1}, 0, 0, 0, ll::errc::invalid_argument, "one place"},
        {"an output on the tail", {{1, 3, 1}}, {1}, 0, 1, 4 * small_width, ll::errc::invalid_argument, "gives 0 bytes"},
    };
    auto fresh = make_executor(small_model(), small_options()).value();
    fresh.open(1, asking({})).value();
    step(fresh, {1, 0, 3}, {4, 5, 6});
    const auto expected = step(fresh, {1, 3, 4}, {7, 8, 9, 10});

    auto e = make_executor(small_model(), small_options()).value();
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
    auto e = make_executor(small_model(), small_options()).value();
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
    auto e = make_executor(small_model(), options).value();
    CHECK(e.vocabulary() == 0);
    CHECK(e.output_width() == small_width);
    e.open(1, asking({})).value();
    std::vector<std::byte> in(2 * small_width * 4);
    std::vector<std::byte> out(2 * small_width * 4);
    const ll::segment part{1, 0, 2};
    const auto run = [&](std::size_t inputs, std::size_t in_bytes, std::size_t out_bytes, std::span<float> logits) {
      const std::vector<ll::stage_input> from(inputs, {0, std::span(in).first(in_bytes)});
      const ll::stage_output to{0, std::span(out).first(out_bytes)};
      return e.run({{&part, 1}, {}, from, {&to, 1}, {}, logits});
    };
    std::vector<float> logits(2 * small_vocabulary);
    CHECK(!run(0, 0, out.size(), {}));
    CHECK(!run(2, in.size(), out.size(), {}));
    CHECK(!run(1, in.size() - 4, out.size(), {}));
    CHECK(!run(1, in.size(), out.size() - 4, {}));
    CHECK(!run(1, in.size(), out.size(), logits));
    CHECK(run(1, in.size(), out.size(), {}));
  }

  TEST_CASE("sequences are opened once, up to the number planned for") {
    auto e = make_executor(small_model(), small_options()).value();
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
    auto fresh = make_executor(small_model(), small_options()).value();
    fresh.open(1, asking({})).value();
    const auto expected = step(fresh, {1, 0, 5}, {1, 2, 3, 4, 5});
    auto e = make_executor(small_model(), small_options()).value();
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
      auto e = make_executor(small_model(), small_options()).value();
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
    auto plain = make_executor(small_model(), small_options()).value();
    plain.open(1, asking({})).value();
    const auto logits = step(plain, {1, 0, 3}, shifted.prompt);
    ll::sampler draws;
    ll::sampler_state fresh;
    std::vector<ll::sampler_state> ignored;
    CHECK(tokens_of(shifted, ignored).front() ==
          draws.draw(std::span(logits).last(small_vocabulary), sampling, 5, prompt, fresh).value());
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
      auto plain = make_executor(small_model(), small_options()).value();
      auto e = make_executor(small_model(), small_options()).value();
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
        const auto row = std::span(logits).last(small_vocabulary);
        CHECK(sampled[1] == draws.draw(row, sampling, position, log, drawn).value());
        log.push_back(sampled[1]);
        next = {sampled[1]};
      }
    }
  }

  TEST_CASE("a logit that is not finite is an error, whoever looks at it, and the sequence stays where it was") {
    tiny_model m = small_model();
    auto& norm = m.weights.data("output_norm.weight");
    const float huge = std::numeric_limits<float>::max();
    for (std::size_t i = 0; i < small_width; ++i) std::memcpy(norm.data() + 4 * i, &huge, 4);
    auto& head = m.weights.data("output.weight");
    for (std::size_t i = 0; i < head.size(); i += 4) std::memcpy(head.data() + i, &huge, 4);
    auto e = make_executor(m, small_options()).value();
    e.open(1, asking({1}, 2)).value();
    e.open(2, asking({1})).value();
    for (const bool all : {false, true}) {
      const ll::segment part{all ? ll::sequence_id{2} : ll::sequence_id{1}, 0, 1};
      const ll::token_id token = 1;
      ll::token_id sampled = -1;
      std::vector<float> logits(all ? small_vocabulary : 0);
      for (int again = 0; again < 2; ++again) {  // the same position again: nothing moved
        const auto ran = e.run({{&part, 1}, {&token, 1}, {}, {}, {&sampled, 1}, logits});
        REQUIRE(!ran);
        CHECK(ran.error().code == ll::errc::numeric);
        CHECK(ran.error().message.find("not finite") != std::string::npos);
      }
    }
  }
}

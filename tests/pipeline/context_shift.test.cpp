// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/pipeline/context_shift.hpp>

#include <doctest/doctest.h>

#include <lingualinked/pipeline/local_session.hpp>
#include <lingualinked/transport/inproc.hpp>

#include "runtime/fake_model.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace ll = lingualinked;

namespace {

using stages = ll::local_session<ll::inproc_transport, fake::executor>;
using ids = std::vector<ll::token_id>;

/// The definition, step by step: every context is a prompt of its own.
std::pair<ids, std::size_t> in_fresh_contexts(const fake::model& m, const ids& prompt, std::uint32_t wanted,
                                              std::uint32_t context, std::uint32_t keep, const ids& ends) {
  ids text = prompt;
  ids made;
  std::size_t shifts = 0;
  while (made.size() < wanted) {
    if (text.size() >= context) {
      ++shifts;
      while (text.size() > context) text.erase(text.begin() + keep);
      for (std::uint32_t drop = (context - keep) / 2; drop > 0; --drop) text.erase(text.begin() + keep);
    }
    ll::sequence_options one;
    one.prompt = text;
    one.max_tokens = 1;
    const ll::token_id token = m.generate(one).front();
    made.push_back(token);
    text.push_back(token);
    if (std::find(ends.begin(), ends.end(), token) != ends.end()) break;
  }
  return {made, shifts};
}

}  // namespace

TEST_SUITE("pipeline/context_shift") {
  TEST_CASE("a text beyond its context has the tokens of fresh prompts, however the model is split") {
    for (std::uint64_t seed = 0; seed < 120; ++seed) {
      CAPTURE(seed);
      std::mt19937_64 random(seed);
      const fake::model m = fake::model::random(9, 3, random);
      const std::vector<std::vector<std::uint32_t>> splits{{}, {4}, {1, 8}, {2, 3, 6}};
      auto plan = fake::plan_of(m, splits[seed % 4]);
      plan.context_tokens = static_cast<std::uint32_t>(2 + random() % 20);
      plan.chunk_tokens = static_cast<std::uint32_t>(1 + random() % 5);
      const ll::inproc_hub hub;
      auto session = stages::start(
          plan,
          [&](ll::peer_id self) -> ll::result<ll::inproc_transport> {
            ll::inproc_transport end(hub);
            if (auto heard = end.listen(std::to_string(self)); !heard) return heard.error();
            for (const ll::planned_stage& s : plan.stages) {
              if (s.peer == self) break;
              if (auto connected = end.connect(self, s.peer, std::to_string(s.peer)); !connected) return connected.error();
            }
            return end;
          },
          [&](const ll::control::deploy& d, const ll::load_progress&) -> ll::result<ll::made_executor<fake::executor>> {
            return ll::made_executor<fake::executor>{fake::executor(m, d), 1, fake::vocabulary, 0};
          });
      REQUIRE(session);
      ll::sequence_options options;
      options.prompt.resize(1 + random() % 40);
      for (ll::token_id& id : options.prompt) id = static_cast<ll::token_id>(random() % 90);
      options.max_tokens = static_cast<std::uint32_t>(1 + random() % 60);
      if (random() % 3 == 0) options.end_tokens = {7, 8, 9, 10};
      const ll::context_shift shift{plan.context_tokens,
                                    static_cast<std::uint32_t>(random() % std::min<std::size_t>(plan.context_tokens - 1, 8))};
      const auto [expected, shifts] =
          in_fresh_contexts(m, options.prompt, options.max_tokens, shift.context_tokens, shift.keep_tokens, options.end_tokens);
      ids streamed;
      const auto made = ll::generate_shifting(
          [&](const ll::sequence_options& o, auto& on_token) { return session->generate(o, on_token); }, options, shift,
          [&](ll::token_id t) {
            streamed.push_back(t);
            return true;
          });
      REQUIRE(made);
      CHECK(made->made.tokens == expected);
      CHECK(streamed == expected);
      CHECK(made->windows.size() + (options.prompt.size() >= shift.context_tokens ? 1 : 0) == shifts + 1);
      CHECK(made->made.stages.size() == plan.stages.size());
      const bool ended = expected.size() < options.max_tokens;
      CHECK((made->made.reason == ll::finish_reason::stop || !ended));
    }
  }

  TEST_CASE("draws are numbered over the whole text, and penalties and mirostat see what was dropped") {
    ll::sequence_options options;
    options.prompt = {0, 1, 2, 3, 4, 5};
    options.max_tokens = 9;
    options.sampling.temperature = 1;
    options.sampling.presence_penalty = 1;
    options.sampling.repeat_window_tokens = 7;
    options.sampling.mirostat = ll::mirostat_version::v2;
    std::vector<ll::sequence_options> asked;
    const auto counting = [&](const ll::sequence_options& o, auto& on_token) -> ll::result<ll::generation> {
      asked.push_back(o);
      ll::generation g;
      for (std::uint32_t i = 0; i < o.max_tokens; ++i) {
        g.tokens.push_back(static_cast<ll::token_id>(o.past.dropped_tokens + o.prompt.size() + i));
        on_token(g.tokens.back());
      }
      g.stages.resize(2);
      g.stages.back().sampling.mirostat_mu = static_cast<double>(asked.size());
      return g;
    };
    const auto made = ll::generate_shifting(counting, options, {8, 2}, [](ll::token_id) { return true; });
    REQUIRE(made);
    CHECK(made->made.tokens == ids{6, 7, 8, 9, 10, 11, 12, 13, 14});
    REQUIRE(asked.size() == 4);
    CHECK(asked[0].past == ll::sequence_past{});
    CHECK(asked[1].prompt == ids{0, 1, 5, 6, 7});
    CHECK(asked[1].past.dropped_tokens == 3);
    CHECK(asked[1].past.recent == ids{1, 2, 3, 4, 5, 6, 7});
    CHECK(asked[1].past.sampling.mirostat_mu == 1.0);
    CHECK(asked[3].prompt == ids{0, 1, 11, 12, 13});
    CHECK(asked[3].past.dropped_tokens == 9);
    CHECK(asked[3].past.recent == ids{7, 8, 9, 10, 11, 12, 13});
    CHECK(asked[3].past.sampling.mirostat_mu == 3.0);
    CHECK(asked[3].max_tokens == 1);
  }

  TEST_CASE("a report of mirostat that is missing ends the text with an error, and so does a context that cannot shift") {
    ll::sequence_options options;
    options.prompt = {1};
    options.sampling.temperature = 1;
    options.sampling.mirostat = ll::mirostat_version::v1;
    const auto silent = [](const ll::sequence_options& o, auto&) -> ll::result<ll::generation> {
      return ll::generation{ids(o.max_tokens, 3), ll::finish_reason::length, {}};
    };
    const auto any = [](ll::token_id) { return true; };
    const auto lost = ll::generate_shifting(silent, options, {8, 0}, any);
    REQUIRE_FALSE(lost);
    CHECK(lost.error().code == ll::errc::protocol);
    const auto tight = ll::generate_shifting(silent, options, {8, 7}, any);
    REQUIRE_FALSE(tight);
    CHECK(tight.error().code == ll::errc::limit);
    CHECK(tight.error().message == "a context of 8 tokens that keeps its first 7 cannot shift. Keep at most 6");
  }
}

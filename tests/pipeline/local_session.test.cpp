// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/pipeline/local_session.hpp>

#include <doctest/doctest.h>

#include <lingualinked/transport/inproc.hpp>

#include "runtime/fake_model.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ll = lingualinked;

namespace {

using stages = ll::local_session<ll::inproc_transport, fake::executor>;

/// All ends listen under their number and know each other.
auto connected_ends(const ll::session_plan& plan, std::uint64_t queue_bytes = ll::inproc_queue_bytes) {
  return [plan, hub = ll::inproc_hub(queue_bytes)](ll::peer_id self) mutable -> ll::result<ll::inproc_transport> {
    ll::inproc_transport end(hub);
    if (auto heard = end.listen(std::to_string(self)); !heard) return heard.error();
    for (const ll::planned_stage& s : plan.stages) {
      if (s.peer == self) break;
      if (auto connected = end.connect(self, s.peer, std::to_string(s.peer)); !connected) return connected.error();
    }
    return end;
  };
}

auto maker(const fake::model& m) {
  return [&m](const ll::control::deploy& plan, const ll::load_progress&) -> ll::result<ll::made_executor<fake::executor>> {
    return ll::made_executor<fake::executor>{fake::executor(m, plan), 1, fake::vocabulary, 0};
  };
}

ll::sequence_options ask(std::vector<ll::token_id> prompt, std::uint32_t max_tokens) {
  ll::sequence_options options;
  options.prompt = std::move(prompt);
  options.max_tokens = max_tokens;
  return options;
}

}  // namespace

TEST_SUITE("pipeline/local_session") {
  TEST_CASE("any split in the calling thread gives the tokens of the undivided model") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      CAPTURE(seed);
      std::mt19937_64 random(seed);
      const fake::model m = fake::model::random(9, 3, random);
      const std::vector<std::vector<std::uint32_t>> splits{{}, {4}, {1, 8}, {2, 3, 6}};
      const auto plan = fake::plan_of(m, splits[seed % 4]);
      auto session = stages::start(plan, connected_ends(plan), maker(m));
      REQUIRE(session);
      for (int i = 0; i < 3; ++i) {
        const auto options = ask({i, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 1 + static_cast<std::uint32_t>(random() % 9));
        std::vector<ll::token_id> streamed;
        const auto made = session->generate(options, [&](ll::token_id t) { streamed.push_back(t); });
        REQUIRE(made);
        CHECK(made->tokens == m.generate(options));
        CHECK(streamed == made->tokens);
        CHECK(made->stages.size() == plan.stages.size());
      }
    }
  }

  TEST_CASE("requests that run together get the answers they get alone, also when one is refused or has had enough") {
    const fake::model m(6);
    auto plan = fake::plan_of(m, {2, 4});
    plan.sequences = 3;
    auto session = stages::start(plan, connected_ends(plan), maker(m));
    REQUIRE(session);
    std::vector<ll::sequence_options> requests;
    for (int i = 0; i < 7; ++i) requests.push_back(ask({i, 2, 3, 4, 5, 6, 7, 8, 9}, 2 + static_cast<std::uint32_t>(i)));
    requests[2].prompt.clear();
    std::vector<std::vector<ll::token_id>> streamed(requests.size());
    const auto made = session->generate_all(requests, [&](std::size_t index, ll::token_id t) {
      streamed[index].push_back(t);
      return index != 5 || streamed[index].size() < 3;
    });
    REQUIRE(made.size() == requests.size());
    for (std::size_t i = 0; i < made.size(); ++i) {
      CAPTURE(i);
      if (i == 2) {
        REQUIRE(!made[i]);
        CHECK(made[i].error().code == ll::errc::invalid_argument);
        continue;
      }
      REQUIRE(made[i]);
      auto expected = m.generate(requests[i]);
      if (i == 5) expected.resize(3);
      CHECK(made[i]->reason == (i == 5 ? ll::finish_reason::cancelled : ll::finish_reason::length));
      CHECK(made[i]->tokens == expected);
      CHECK(streamed[i] == expected);
    }
  }

  TEST_CASE("queues with room for a single frame slow a session down and change nothing") {
    const fake::model m(6);
    const auto plan = fake::plan_of(m, {2, 4});
    auto session = stages::start(plan, connected_ends(plan, 1), maker(m));
    REQUIRE(session);
    const auto options = ask(std::vector<ll::token_id>(50, 3), 6);
    const auto made = session->generate(options);
    REQUIRE(made);
    CHECK(made->tokens == m.generate(options));
  }

  TEST_CASE("logits come once for every position, in order") {
    const fake::model m(5);
    const auto plan = fake::plan_of(m, {2});
    auto session = stages::start(plan, connected_ends(plan), maker(m));
    REQUIRE(session);
    std::uint32_t next = 0;
    const auto made =
        session->logits({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, [&](std::uint32_t first, std::uint32_t width, auto values) {
          CHECK(first == next);
          CHECK(width == fake::vocabulary);
          next += static_cast<std::uint32_t>(values.size()) / width;
        });
    REQUIRE(made);
    CHECK(next == 10);
    CHECK(made->tokens.empty());
  }

  TEST_CASE("a flag ends requests between batches, also within a prompt") {
    const fake::model m(5);
    const auto plan = fake::plan_of(m, {2});
    auto session = stages::start(plan, connected_ends(plan), maker(m));
    REQUIRE(session);
    std::atomic<bool> cancelled = false;
    const auto options = ask(std::vector<ll::token_id>(40, 3), 20);
    std::size_t rows = 0;
    const auto judged = session->logits(
        options.prompt,
        [&](std::uint32_t, std::uint32_t width, auto values) {
          rows += values.size() / width;
          cancelled = true;
        },
        &cancelled);
    REQUIRE(judged);
    CHECK(judged->reason == ll::finish_reason::cancelled);
    CHECK(rows > 0);
    CHECK(rows < 40);
    int calls = 0;
    const auto made = session->generate(
        options, [&](ll::token_id) { ++calls; }, &cancelled);
    REQUIRE(made);
    CHECK(made->reason == ll::finish_reason::cancelled);
    CHECK(calls == 0);
    cancelled = false;
    CHECK(session
              ->generate(
                  options, [](ll::token_id) {}, &cancelled)
              ->tokens == m.generate(options));
  }

  TEST_CASE("a callback that says no, or throws, ends its request and nothing else") {
    const fake::model m(5);
    const auto plan = fake::plan_of(m, {2});
    auto session = stages::start(plan, connected_ends(plan), maker(m));
    REQUIRE(session);
    const auto options = ask({1, 2, 3}, 20);
    int calls = 0;
    const auto made = session->generate(options, [&](ll::token_id) { return ++calls < 3; });
    REQUIRE(made);
    CHECK(made->reason == ll::finish_reason::cancelled);
    CHECK(calls == 3);
    CHECK_THROWS_AS(static_cast<void>(session->generate(options, [](ll::token_id) { throw std::runtime_error("enough"); })),
                    std::runtime_error);
    CHECK(session->generate(options)->tokens == m.generate(options));
  }

  TEST_CASE("what an executor refuses is the request's error; what a maker refuses is the session's") {
    const fake::model m(5);
    const auto plan = fake::plan_of(m, {2});
    auto session = stages::start(plan, connected_ends(plan), maker(m));
    REQUIRE(session);
    auto options = ask({1, fake::executor::poison_token}, 3);
    const auto poisoned = session->generate(options);
    REQUIRE(!poisoned);
    CHECK(poisoned.error().code == ll::errc::numeric);
    CHECK(session->generate(ask({}, 3)).error().code == ll::errc::invalid_argument);
    CHECK(session->generate(ask(std::vector<ll::token_id>(64, 1), 1)).error().code == ll::errc::limit);
    options = ask({1, 2}, 3);
    CHECK(session->generate(options)->tokens == m.generate(options));

    const auto none =
        stages::start(plan, connected_ends(plan),
                      [](const ll::control::deploy&, const ll::load_progress&) -> ll::result<ll::made_executor<fake::executor>> {
                        return ll::error{ll::errc::io, "no such file"};
                      });
    REQUIRE(!none);
    CHECK(none.error() == ll::error{ll::errc::io, "device a (place-a): no such file"});
  }

  TEST_CASE("a transport that loses a peer ends the session with an error") {
    const fake::model m(5);
    const auto plan = fake::plan_of(m, {2});
    // These ends do not know each other.
    auto session = stages::start(
        plan, [hub = ll::inproc_hub()](ll::peer_id) { return ll::inproc_transport(hub); }, maker(m));
    REQUIRE(session);
    for (int i = 0; i < 2; ++i) {
      const auto made = session->generate(ask({1, 2}, 3));
      REQUIRE(!made);
      CHECK(made.error().code == ll::errc::peer_lost);
    }
  }
}

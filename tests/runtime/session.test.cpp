// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/runtime/coordinator.hpp>
#include <lingualinked/runtime/worker.hpp>

#include <doctest/doctest.h>

#include "network.hpp"
#include "support/rounds.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ll = lingualinked;

namespace {

std::vector<std::uint32_t> random_cuts(std::size_t modules, std::size_t stages, std::mt19937_64& random) {
  std::set<std::uint32_t> cuts;
  while (cuts.size() + 1 < stages) cuts.insert(1 + static_cast<std::uint32_t>(random() % (modules - 1)));
  return {cuts.begin(), cuts.end()};
}

ll::sequence_options random_options(std::mt19937_64& random) {
  ll::sequence_options options;
  options.prompt.resize(1 + random() % 30);
  for (auto& t : options.prompt) t = static_cast<ll::token_id>(random() % fake::vocabulary);
  options.max_tokens = static_cast<std::uint32_t>(random() % 12);
  if (random() % 2 == 0) options.end_tokens = {static_cast<ll::token_id>(random() % fake::vocabulary)};
  options.all_logits = random() % 4 == 0;
  return options;
}

std::vector<float> expected_logits(const fake::model& m, const ll::sequence_options& options) {
  std::vector<float> rows;
  std::vector<std::uint64_t> memory(m.node_count(), 1);
  std::vector<std::uint64_t> value(m.node_count());
  for (const ll::token_id token : options.prompt) {
    for (std::uint32_t i = 0; i < m.node_count(); ++i) {
      if (i == 0) memory[i] = fake::mix(memory[i], static_cast<std::uint64_t>(token));
      for (const auto u : m.predecessors(i)) memory[i] = fake::mix(memory[i], value[u]);
      value[i] = fake::mix(i, memory[i]);
    }
    for (std::size_t v = 0; v < fake::vocabulary; ++v) rows.push_back(fake::model::logit(value.back(), v));
  }
  return rows;
}

/// Every worker that lives holds nothing and is nobody's.
void check_forgotten(fake::network& net, std::size_t stages) {
  const bool quiet = net.run_until(
      [&] {
        for (std::size_t i = 0; i < stages; ++i)
          if (net.alive(i) && net.worker_at(i).current() != ll::worker::state::idle) return false;
        return true;
      },
      std::chrono::seconds(15));
  CHECK(quiet);
  for (std::size_t i = 0; i < stages; ++i) CHECK((!net.alive(i) || net.worker_at(i).empty()));
}

}  // namespace

TEST_SUITE("runtime/session") {
  TEST_CASE("tokens and logits are those of the undivided model, whatever the split, the network and the batching") {
    for (std::uint64_t seed = 0; seed < test_support::rounds(400); ++seed) {
      CAPTURE(seed);
      std::mt19937_64 random(seed);
      const std::size_t modules = 4 + random() % 8;
      const fake::model m = fake::model::random(modules, random() % 5, random);
      const std::size_t stages = 1 + random() % 4;
      auto plan = fake::plan_of(m, random_cuts(modules, stages, random));
      plan.chunk_tokens = 1 + static_cast<std::uint32_t>(random() % 9);
      plan.sequences = 1 + static_cast<std::uint32_t>(random() % 4);
      plan.micro_batch_sequences = static_cast<std::uint32_t>(seed % 5);
      fake::network net(m, plan, seed, seed % 2 == 0 ? 20 : 0);
      REQUIRE(net.run_until_ready());
      std::vector<ll::sequence_options> wanted;
      for (std::size_t i = 1 + random() % 6; i > 0; --i) {
        wanted.push_back(random_options(random));
        REQUIRE(net.submit(wanted.back()).value() == wanted.size());
        for (auto wait = random() % 30; wait > 0; --wait) net.step();
      }
      REQUIRE(net.run_until_answered());
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        CAPTURE(i);
        const auto& got = net.request(i + 1);
        REQUIRE(got.answers == 1);
        if (got.failed) FAIL(got.failed->what.message);
        const auto tokens = m.generate(wanted[i]);
        CHECK(got.tokens == tokens);
        const auto& ends = wanted[i].end_tokens;
        const bool stopped = !tokens.empty() && std::find(ends.begin(), ends.end(), tokens.back()) != ends.end();
        CHECK(got.finished->reason == (stopped ? ll::finish_reason::stop : ll::finish_reason::length));
        if (wanted[i].all_logits) CHECK(got.logits == expected_logits(m, wanted[i]));
        if (!wanted[i].all_logits) CHECK(got.logits.empty());
        REQUIRE(got.finished->stages.size() == plan.stages.size());
      }
      for (std::size_t s = 0; s < stages; ++s) CHECK(net.worker_at(s).empty());
      net.shutdown();
      check_forgotten(net, stages);
    }
  }

  TEST_CASE("a tensor for a later stage goes there directly") {
    fake::model m(6);
    m.add_edge(1, 5);
    const auto plan = fake::plan_of(m, {2, 4});
    fake::network net(m, plan, 1);
    std::map<std::pair<std::size_t, std::size_t>, std::set<std::uint32_t>> tensors_between;
    net.on_frame = [&](std::size_t from, std::size_t to, const ll::frame_header& header) {
      if (header.kind == ll::frame_kind::activation) tensors_between[{from, to}].insert(header.tensor);
    };
    REQUIRE(net.run_until_ready());
    ll::sequence_options options;
    options.prompt = {1, 2, 3};
    options.max_tokens = 4;
    (void)net.submit(options);
    REQUIRE(net.run_until_answered());
    CHECK(net.request(1).tokens == m.generate(options));
    REQUIRE(plan.transmissions.size() == 3);
    CHECK(plan.transmissions[1] == ll::transmission{1, 5, 0, 2, 16});
    CHECK(tensors_between[{0, 1}] == std::set<std::uint32_t>{0});
    CHECK(tensors_between[{0, 2}] == std::set<std::uint32_t>{1});
    CHECK(tensors_between[{1, 2}] == std::set<std::uint32_t>{2});
  }

  TEST_CASE("requests beyond the plan's sequences wait for their turn") {
    const fake::model m(5);
    auto plan = fake::plan_of(m, {2});
    plan.sequences = 2;
    fake::network net(m, plan, 3);
    REQUIRE(net.run_until_ready());
    for (int i = 0; i < 7; ++i) {
      ll::sequence_options options;
      options.prompt = {i};
      options.max_tokens = 5;
      (void)net.submit(options);
    }
    REQUIRE(net.run_until_answered());
    for (int i = 0; i < 7; ++i) {
      ll::sequence_options options;
      options.prompt = {i};
      options.max_tokens = 5;
      CHECK(net.request(static_cast<ll::sequence_id>(i) + 1).tokens == m.generate(options));
    }
  }

  TEST_CASE("cancelling at any moment ends the request, and only that") {
    const fake::model m(5);
    ll::sequence_options options;
    options.prompt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    options.max_tokens = 6;
    const auto expected = m.generate(options);
    for (std::size_t moment = 0; moment < 140; ++moment) {
      CAPTURE(moment);
      fake::network net(m, fake::plan_of(m, {2, 3}), 5);
      REQUIRE(net.run_until_ready());
      (void)net.submit(options);
      (void)net.submit(options);
      for (std::size_t i = 0; i < moment; ++i) net.step();
      const bool answered = net.request(1).answers == 1;
      net.cancel(1);
      REQUIRE(net.run_until_answered());
      CHECK(net.request(1).answers == 1);
      REQUIRE(net.request(1).finished);
      if (!answered && net.request(1).tokens.size() < expected.size())
        CHECK(net.request(1).finished->reason == ll::finish_reason::cancelled);
      CHECK(std::equal(net.request(1).tokens.begin(), net.request(1).tokens.end(), expected.begin()));
      CHECK(net.request(2).tokens == expected);
      for (std::size_t s = 0; s < 3; ++s) CHECK(net.worker_at(s).empty());
    }
  }

  TEST_CASE("requests that are cancelled out of shared batches leave the others right") {
    for (std::uint64_t seed = 0; seed < test_support::rounds(300); ++seed) {
      CAPTURE(seed);
      std::mt19937_64 random(seed);
      const fake::model m = fake::model::random(6, 2, random);
      fake::network net(m, fake::plan_of(m, random_cuts(6, 3, random)), seed);
      REQUIRE(net.run_until_ready());
      std::vector<ll::sequence_options> wanted;
      for (std::size_t i = 0; i < 8; ++i) {
        wanted.push_back(random_options(random));
        (void)net.submit(wanted.back());
      }
      for (ll::sequence_id cancelled = 1; cancelled <= 8; cancelled += 2) {
        for (auto wait = random() % 60; wait > 0; --wait) net.step();
        net.cancel(cancelled);
      }
      REQUIRE(net.run_until_answered());
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        CAPTURE(i);
        const auto& got = net.request(i + 1);
        CHECK(got.answers == 1);
        REQUIRE(got.finished);
        const auto expected = m.generate(wanted[i]);
        if (got.finished->reason != ll::finish_reason::cancelled) CHECK(got.tokens == expected);
        REQUIRE(got.tokens.size() <= expected.size());
        CHECK(std::equal(got.tokens.begin(), got.tokens.end(), expected.begin()));
      }
      for (std::size_t s = 0; s < 3; ++s) CHECK(net.worker_at(s).empty());
    }
  }

  TEST_CASE("a sequence that a stage refuses, or a batch that fails, takes nobody else with it") {
    const fake::model m(5);
    auto plan = fake::plan_of(m, {2, 3});
    fake::network net(m, plan, 9);
    REQUIRE(net.run_until_ready());
    ll::sequence_options good;
    good.prompt = {1, 2, 3};
    good.max_tokens = 5;
    ll::sequence_options refused = good;
    refused.prompt[0] = fake::executor::refused_token;
    ll::sequence_options poison = good;
    poison.prompt[2] = fake::executor::poison_token;
    (void)net.submit(refused);
    (void)net.submit(poison);
    REQUIRE(net.run_until_answered());
    (void)net.submit(good);
    (void)net.submit(good);
    REQUIRE(net.run_until_answered());
    REQUIRE(net.request(1).failed);
    CHECK(net.request(1).failed->what.code == ll::errc::limit);
    CHECK(net.request(1).failed->what.message.find("device c (place-c)") != std::string::npos);
    REQUIRE(net.request(2).failed);
    CHECK(net.request(2).failed->what.code == ll::errc::numeric);
    CHECK(net.request(3).tokens == m.generate(good));
    CHECK(net.request(4).tokens == m.generate(good));
    for (std::size_t s = 0; s < 3; ++s) CHECK(net.worker_at(s).empty());
  }

  TEST_CASE("whichever worker dies at whichever moment, every request is answered once, soon, and nothing is left behind") {
    const fake::model m = [] {
      fake::model made(6);
      made.add_edge(0, 4);
      return made;
    }();
    ll::sequence_options options;
    options.prompt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    options.max_tokens = 4;
    const auto expected = m.generate(options);
    for (std::size_t stage = 0; stage < 3; ++stage) {
      for (const bool told : {true, false}) {
        for (std::size_t moment = 0; moment < 200; moment += told ? 1 : 3) {
          CAPTURE(stage);
          CAPTURE(told);
          CAPTURE(moment);
          fake::network net(m, fake::plan_of(m, {2, 4}), 11);
          std::size_t submitted = 0;
          for (std::size_t i = 0; i < moment; ++i) {
            net.step();
            for (; net.ready() && submitted < 2; ++submitted) (void)net.submit(options);
          }
          net.kill(stage, told);
          const ll::time_point killed = net.now();
          REQUIRE(net.run_until([&] { return net.over().has_value(); }, std::chrono::seconds(20)));
          const bool met = moment > 20;  // before, the worker may not have answered at all
          CHECK(net.now() - killed <= (met ? std::chrono::milliseconds(3000) : std::chrono::milliseconds(11000)));
          CHECK(net.over()->code == ll::errc::peer_lost);
          CHECK(net.the_coordinator().open_requests() == 0);
          for (std::size_t s = 1; s <= submitted; ++s) {
            CHECK(net.request(s).answers == 1);
            const auto& tokens = net.request(s).tokens;
            CHECK(std::equal(tokens.begin(), tokens.end(), expected.begin()));
            if (net.request(s).failed) CHECK(net.request(s).failed->what.code == ll::errc::peer_lost);
          }
          CHECK(!net.submit(options));
          check_forgotten(net, 3);
        }
      }
    }
  }

  TEST_CASE("a coordinator that dies at any moment leaves idle workers behind") {
    const fake::model m(5);
    for (std::size_t moment = 0; moment < 120; ++moment) {
      CAPTURE(moment);
      fake::network net(m, fake::plan_of(m, {2, 3}), 13);
      bool submitted = false;
      for (std::size_t i = 0; i < moment; ++i) {
        net.step();
        ll::sequence_options options;
        options.prompt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
        options.max_tokens = 6;
        if (net.ready() && !submitted) submitted = net.submit(options).has_value();
      }
      net.kill_coordinator();
      check_forgotten(net, 3);
    }
  }

  TEST_CASE("an executor that never answers is noticed by the lack of progress, although its worker is alive") {
    const fake::model m(5);
    for (std::size_t stage = 0; stage < 2; ++stage) {
      fake::network net(m, fake::plan_of(m, {2}), 17);
      REQUIRE(net.run_until_ready());
      ll::sequence_options options;
      options.prompt = {1, 2, 3};
      options.max_tokens = 30;
      (void)net.submit(options);
      for (int i = 0; i < 40; ++i) net.step();
      net.hang(stage);
      const ll::time_point begin = net.now();
      REQUIRE(net.run_until_answered());
      REQUIRE(net.request(1).failed);
      CHECK(net.request(1).failed->what.code == ll::errc::timeout);
      CHECK(net.now() - begin >= std::chrono::seconds(59));
      CHECK(net.now() - begin <= std::chrono::seconds(61));
    }
  }
}

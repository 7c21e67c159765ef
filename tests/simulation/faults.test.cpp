// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/simulation/faults.hpp>

#include <doctest/doctest.h>

#include <lingualinked/runtime/limits.hpp>

#include "runtime/fake_model.hpp"
#include "support/rounds.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

namespace ll = lingualinked;
using fake_session = ll::simulated_session<fake::executor>;

namespace {

// Shorter than a user would choose, so that what hangs ends soon.
constexpr ll::coordinator_options patience{.progress_limit = std::chrono::seconds(8)};

ll::simulated_world random_world(std::uint64_t seed, std::mt19937_64& random, std::size_t stages) {
  ll::simulated_world world;
  const auto up_to = [&](double most) { return most * static_cast<double>(random() % 1000) / 1000; };
  for (std::size_t i = 0; i < stages; ++i) {
    const double seconds = up_to(0.02);
    world.devices.push_back(
        {[seconds](const ll::stage_job& job) { return seconds * job.rows(); }, up_to(1e-3), up_to(1), up_to(1e-3), {0.5, 1, 3}});
  }
  const double latency = up_to(0.01);
  const double bandwidth = 1e5 + up_to(1e6);
  world.links = [=](std::size_t, std::size_t) { return ll::link_behaviour{{latency, bandwidth}, {0.5, 1, 4}}; };
  world.coordinator = patience;
  world.logits_width = fake::vocabulary;
  world.seed = seed;
  world.repeat_percent = seed % 4 == 0 ? 10 : 0;
  return world;
}

std::vector<std::uint32_t> random_cuts(std::size_t modules, std::size_t stages, std::mt19937_64& random) {
  std::set<std::uint32_t> cuts;
  while (cuts.size() + 1 < stages) cuts.insert(1 + static_cast<std::uint32_t>(random() % (modules - 1)));
  return {cuts.begin(), cuts.end()};
}

ll::sequence_options random_options(std::mt19937_64& random) {
  ll::sequence_options options;
  options.prompt.resize(1 + random() % 20);
  for (auto& t : options.prompt) t = static_cast<ll::token_id>(random() % fake::vocabulary);
  options.max_tokens = static_cast<std::uint32_t>(random() % 20);
  return options;
}

/// Whether the request came to its one end: complete and right, cancelled, or failed with a reason and right as far as it came.
void check_ended(const ll::simulated_request& r, const std::vector<ll::token_id>& expected) {
  REQUIRE(r.answers == 1);
  REQUIRE(r.tokens.size() <= expected.size());
  CHECK(std::equal(r.tokens.begin(), r.tokens.end(), expected.begin()));
  if (r.failed) {
    CHECK(!r.failed->what.message.empty());
    return;
  }
  REQUIRE(r.finished);
  if (r.finished->reason != ll::finish_reason::cancelled) CHECK(r.tokens == expected);
}

}  // namespace

TEST_SUITE("simulation/faults") {
  TEST_CASE("whatever goes wrong, every request ends exactly once, in time, and what was said of it was right") {
    std::size_t complete = 0;
    std::size_t failed = 0;
    for (std::uint64_t seed = 0; seed < test_support::rounds(1500); ++seed) {
      CAPTURE(seed);
      std::mt19937_64 random(seed);
      const std::size_t modules = 4 + random() % 6;
      const std::size_t stages = 1 + random() % 4;
      const fake::model m = fake::model::random(modules, random() % 3, random);
      auto plan = fake::plan_of(m, random_cuts(modules, stages, random));
      plan.sequences = 1 + static_cast<std::uint32_t>(random() % 3);
      plan.chunk_tokens = 1 + static_cast<std::uint32_t>(random() % 9);
      plan.micro_batch_sequences = static_cast<std::uint32_t>(seed % 4);
      fake_session session(
          plan, [&](const ll::control::deploy& part) { return fake::executor(m, part); }, random_world(seed, random, stages));
      double worst_stall = 0;
      for (const ll::fault& f : ll::draw_faults(seed, stages, 6, 1 + random() % 3)) {
        ll::inject(session, f);
        worst_stall += f.amount;
      }
      std::vector<std::vector<ll::token_id>> expected;
      const auto ask = [&] {
        const auto options = random_options(random);
        if (session.submit(options)) expected.push_back(m.generate(options));
      };
      // Requests and second thoughts at any time while things go wrong.
      for (int i = 0; i < 5; ++i) session.at(ll::time_point{} + std::chrono::milliseconds(random() % 6000), ask);
      session.at(ll::time_point{} + std::chrono::milliseconds(random() % 8000), [&] { session.cancel(1); });
      const ll::time_point last_event{std::chrono::seconds(8)};
      const auto quiet = [&] { return session.now() >= last_event && session.the_coordinator().open_requests() == 0; };
      // Work that goes on, slowly, then the silence that ends what does not.
      const auto deadline = last_event + std::chrono::seconds(20) + ll::from_seconds(2 * worst_stall) + patience.connect_limit +
                            patience.progress_limit + patience.worker_silence + patience.close_limit;
      while (!quiet() && session.now() < deadline && session.step()) {}
      CHECK(session.the_coordinator().open_requests() == 0);
      REQUIRE(session.requests().size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CAPTURE(i);
        check_ended(session.requests()[i], expected[i]);
        (session.requests()[i].failed ? failed : complete) += 1;
      }
    }
    // The seeds must try both ends, or they try nothing.
    CHECK(complete > test_support::rounds(1000));
    CHECK(failed > test_support::rounds(1000));
  }

  TEST_CASE("a token stream does not depend on how long anything takes") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      CAPTURE(seed);
      std::mt19937_64 random(seed);
      const fake::model m = fake::model::random(8, 2, random);
      const auto options = random_options(random);
      for (std::size_t stages = 1; stages <= 4; ++stages) {
        fake_session session(
            fake::plan_of(m, random_cuts(8, stages, random)),
            [&](const ll::control::deploy& part) { return fake::executor(m, part); }, random_world(seed, random, stages));
        session.slow_down(random() % stages, 10);
        REQUIRE(session.run_until_ready());
        session.stall(random() % (stages + 1), random() % stages, std::chrono::seconds(1));
        for (int i = 0; i < 3; ++i) REQUIRE(session.submit(options));
        REQUIRE(session.run_until_answered());
        for (const auto& r : session.requests()) CHECK(r.tokens == m.generate(options));
      }
    }
  }

  TEST_CASE("equal seeds give equal runs, to the nanosecond") {
    const fake::model m(6);
    const auto run = [&](std::uint64_t seed) {
      std::mt19937_64 random(3);
      fake_session session(
          fake::plan_of(m, {2, 4}), [&](const ll::control::deploy& part) { return fake::executor(m, part); },
          random_world(seed, random, 3));
      for (const ll::fault& f : ll::draw_faults(seed, 3, 3, 2)) ll::inject(session, f);
      ll::sequence_options options;
      options.prompt = {1, 2, 3};
      options.max_tokens = 9;
      if (session.run_until_ready()) (void)session.submit(options);
      session.run_until_answered();
      return std::pair(session.now(), session.steps());
    };
    CHECK(run(5) == run(5));
    CHECK(run(5) != run(6));
  }

  TEST_CASE("drawn faults are of every kind, inside the plan and inside the time") {
    std::set<ll::fault::kind> kinds;
    for (std::uint64_t seed = 0; seed < test_support::rounds(200); ++seed) {
      for (std::size_t stages = 1; stages <= 3; ++stages) {
        const auto faults = ll::draw_faults(seed, stages, 2.5, 4);
        CHECK(faults.size() == 4);
        CHECK(faults == ll::draw_faults(seed, stages, 2.5, 4));
        for (const ll::fault& f : faults) {
          kinds.insert(f.what);
          CHECK(f.at_seconds < 2.5);
          CHECK(f.a < stages + (f.what >= ll::fault::kind::link_stalls ? 1 : 0));
          CHECK(f.b <= stages);
          CHECK(f.a != f.b);
        }
      }
    }
    CHECK(kinds.size() == 7);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/simulation/instance_world.hpp>

#include <doctest/doctest.h>

#include <lingualinked/partition/evaluate.hpp>
#include <lingualinked/simulation/executor.hpp>
#include <lingualinked/transport/frame.hpp>

#include "partition/random_instances.hpp"
#include "support/rounds.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ll = lingualinked;
using planning_reference::dice;

namespace {

/// Random modules, devices and links; stages in random order on as many devices.
struct random_plan {
  ll::placement_instance instance;
  std::vector<ll::stage_interval> stages;
};
random_plan make_random_plan(std::uint64_t seed, std::size_t most_stages) {
  dice roll(seed);
  random_plan p;
  const std::size_t stages = 1 + roll.below(most_stages);
  const std::size_t modules = stages + roll.below(20);
  p.instance = planning_reference::make_fleet(seed, modules, stages, 1, 1000);
  p.instance.header.reset();
  p.instance.context_tokens = 2048;
  for (auto& m : p.instance.modules) m.cut_bytes = (m.cut_bytes + 3) / 4 * 4;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < stages; ++i) order.insert(order.begin() + static_cast<std::ptrdiff_t>(roll.below(i + 1)), i);
  std::size_t next = 0;
  for (std::size_t i = 0; i < stages; ++i) {
    const std::size_t spare = modules - next - (stages - i);
    const std::size_t last = i + 1 == stages ? modules - 1 : next + roll.below(spare + 1);
    p.stages.push_back({order[i], next, last});
    next = last + 1;
  }
  return p;
}

/// What the definition says, of the frames as they are on the wire: a header, and a segment for each row.
double expected_tau(ll::placement_instance instance, const std::vector<ll::stage_interval>& stages) {
  const std::uint64_t frame_bytes = ll::frame_header_bytes + instance.micro_batch_sequences * ll::segment_bytes;
  for (auto& m : instance.modules) m.cut_bytes += frame_bytes;
  instance.token_bytes += frame_bytes;
  return ll::evaluate(instance, stages).value().tau_seconds;
}

/// Mean time between two tokens of the first sequence, once everything has settled.
double simulated_round(const random_plan& p, std::uint32_t rounds) {
  const ll::session_plan plan = ll::session_plan_of(p.instance, p.stages).value();
  ll::simulated_session<ll::simulated_executor> session(
      plan, [](const ll::control::deploy&) { return ll::simulated_executor(); }, ll::world_of(p.instance, p.stages));
  REQUIRE(session.run_until_ready());
  ll::sequence_options options;
  options.prompt = {1};
  options.max_tokens = 2 * rounds;
  for (std::uint32_t i = 0; i < plan.sequences; ++i) REQUIRE(session.submit(options));
  REQUIRE(session.run_until_answered(std::chrono::hours(24)));
  const auto& times = session.request(1).token_times;
  return ll::in_seconds(times[2 * rounds - 1] - times[rounds - 1]) / rounds;
}

}  // namespace

TEST_SUITE("simulation/instance_world") {
  TEST_CASE("one sequence takes T for each token, whatever the plan") {
    for (std::uint64_t seed = 1; seed <= test_support::rounds(80); ++seed) {
      CAPTURE(seed);
      const random_plan p = make_random_plan(seed, 8);
      CHECK(simulated_round(p, 20) == doctest::Approx(expected_tau(p.instance, p.stages)).epsilon(1e-3));
    }
  }

  TEST_CASE("many sequences take max(T, K P) a round") {
    for (std::uint64_t seed = 1; seed <= test_support::rounds(48); ++seed) {
      CAPTURE(seed);
      random_plan p = make_random_plan(seed, 6);
      p.instance.sequences = 1 + static_cast<std::uint32_t>(dice(seed + 1000).below(seed % 16 == 0 ? 20 : 6));
      CAPTURE(p.instance.sequences);
      CHECK(simulated_round(p, 12) == doctest::Approx(expected_tau(p.instance, p.stages)).epsilon(1e-3));
    }
  }

  TEST_CASE("micro-batches of b take max(T(b), m P(b)) for a round of all sequences, also on slow ways") {
    for (std::uint64_t seed = 1; seed <= test_support::rounds(40); ++seed) {
      CAPTURE(seed);
      random_plan p = make_random_plan(seed, 6);
      dice roll(seed + 2000);
      const auto b = 1 + static_cast<std::uint32_t>(roll.below(4));
      p.instance.sequences = 1 + static_cast<std::uint32_t>(roll.below(seed % 20 == 0 ? 20 : 4));
      p.instance.micro_batch_sequences = b;
      CAPTURE(b);
      CAPTURE(p.instance.sequences);
      for (auto& m : p.instance.modules) m.cut_bytes *= b;
      p.instance.token_bytes *= b;
      CHECK(simulated_round(p, 12) == doctest::Approx(expected_tau(p.instance, p.stages)).epsilon(1e-3));
    }
  }

  TEST_CASE("a residual edge goes beside the stream, so a round takes no longer than the definition says") {
    for (std::uint64_t seed = 1; seed <= test_support::rounds(60); ++seed) {
      CAPTURE(seed);
      random_plan p = make_random_plan(seed, 5);
      if (p.stages.size() < 3) continue;
      const double without = expected_tau(p.instance, p.stages);
      p.instance.edges.push_back({0, p.instance.modules.size() - 1, 4000});
      ll::placement_instance charged = p.instance;
      charged.edges.front().bytes += ll::frame_header_bytes + ll::segment_bytes;
      const double round = simulated_round(p, 20);
      CHECK(round <= expected_tau(charged, p.stages) * 1.001);
      CHECK(round >= without * 0.999);
    }
  }

  TEST_CASE("a thousand tokens over eight stages are a few ten thousand events") {
    random_plan p = make_random_plan(3, 8);
    for (std::uint64_t seed = 4; p.stages.size() < 8; ++seed) p = make_random_plan(seed, 8);
    CHECK(simulated_round(p, 500) == doctest::Approx(expected_tau(p.instance, p.stages)).epsilon(1e-3));
  }
}

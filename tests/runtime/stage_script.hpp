// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <doctest/doctest.h>

#include <lingualinked/runtime/worker.hpp>

#include "fake_model.hpp"
#include "script.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace script {

constexpr ll::peer_id stranger = 4711;

/// Stage `stage` of three (modules 0-1, 2-3, 4-5; module 1 also feeds module 5), with everything around it played by hand.
struct stage_script {
  explicit stage_script(std::size_t stage, bool leave = false)
      : plan(three_stages()), me(stage), w(ll::worker_identity{"isa", 2, "fake"}, leave) {}

  static ll::session_plan three_stages() {
    fake::model m(6);
    m.add_edge(1, 5);
    return fake::plan_of(m, {2, 4});
  }
  [[nodiscard]] ll::peer_id peer(std::size_t stage) const { return plan.stages[stage].peer; }

  void say(const ll::control::message& what) { w.control(plan.self, what, now, out); }
  void hello() { say(ll::control::hello{1, 1, peer(me)}); }
  void deploy() {
    hello();
    say(ll::deploy_for(plan, me));
  }
  std::uint64_t session() {
    const auto prepare = all<ll::prepare_stage>(out);
    REQUIRE(prepare.size() == 1);
    return number = prepare.front().session;
  }
  void serve() {
    deploy();
    w.prepared(session(), ll::prepared_stage{123, 3, 0.5}, out);
    REQUIRE(w.current() == ll::worker::state::serving);
    out.clear();
  }
  void open(ll::sequence_id sequence, std::size_t prompt, std::uint32_t max_tokens = 5) {
    ll::sequence_options o;
    o.prompt.assign(prompt, 1);
    o.max_tokens = max_tokens;
    say(ll::control::open{sequence, o});
    REQUIRE(all<ll::open_sequence>(out).size() == 1);
    w.opened(number, sequence, {}, out);
    REQUIRE(messages<ll::control::opened>(out).size() == 1);
  }
  void arrive(ll::message m) { w.frame(m, out); }
  /// Answers the batch that is to run; `sampled` at the tail.
  ll::stage_job run(std::vector<ll::token_id> sampled = {}, const ll::result<void>& outcome = {}) {
    auto batches = all<ll::run_batch>(out);
    REQUIRE(batches.size() == 1);
    ll::stage_job job = std::move(batches.front().job);
    const ll::stage_job seen = job;
    if (!sampled.empty()) job.sampled = std::move(sampled);
    w.ran(std::move(job), outcome, std::chrono::milliseconds(10), out);
    return seen;
  }

  ll::session_plan plan;
  std::size_t me;
  ll::worker w;
  std::uint64_t number = 0;
  ll::time_point now{};
  std::vector<ll::worker_action> out;
};

}  // namespace script

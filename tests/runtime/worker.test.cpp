// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/runtime/worker.hpp>

#include <doctest/doctest.h>

#include "fake_model.hpp"
#include "script.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace ll = lingualinked;
using namespace std::chrono_literals;

namespace {

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
    const auto prepare = script::all<ll::prepare_stage>(out);
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
    REQUIRE(script::all<ll::open_sequence>(out).size() == 1);
    w.opened(number, sequence, {}, out);
    REQUIRE(script::messages<ll::control::opened>(out).size() == 1);
  }
  void arrive(ll::message m) { w.frame(m, out); }
  /// Answers the batch that is to run; `sampled` at the tail.
  ll::stage_job run(std::vector<ll::token_id> sampled = {}, const ll::result<void>& outcome = {}) {
    auto batches = script::all<ll::run_batch>(out);
    REQUIRE(batches.size() == 1);
    ll::stage_job job = std::move(batches.front().job);
    const ll::stage_job seen = job;
    if (!sampled.empty()) job.sampled = std::move(sampled);
    w.ran(std::move(job), outcome, 10ms, out);
    return seen;
  }

  ll::session_plan plan;
  std::size_t me;
  ll::worker w;
  std::uint64_t number = 0;
  ll::time_point now{};
  std::vector<ll::worker_action> out;
};

}  // namespace

TEST_SUITE("runtime/worker") {
  TEST_CASE("greeting, plan and preparation lead to serving, and bye back to idle") {
    stage_script s(1);
    CHECK(s.w.next_deadline() == ll::time_point::max());
    s.hello();
    CHECK(s.w.current() == ll::worker::state::greeted);
    const auto welcome = script::messages<ll::control::welcome>(s.out);
    REQUIRE(welcome.size() == 1);
    CHECK(welcome.front() == ll::control::welcome{1, 1, "isa", 2, "fake"});
    s.say(ll::deploy_for(s.plan, 1));
    CHECK(s.w.current() == ll::worker::state::preparing);
    const auto connects = script::all<ll::connect_peer>(s.out);
    REQUIRE(connects.size() == 1);
    CHECK(connects.front().self == s.peer(1));
    CHECK(connects.front().peer == s.peer(2));
    CHECK(connects.front().endpoint == "place-c");
    s.w.prepared(s.session(), ll::prepared_stage{123, 3, 0.5}, s.out);
    CHECK(s.w.current() == ll::worker::state::serving);
    CHECK(script::messages<ll::control::ready>(s.out) == std::vector<ll::control::ready>{{1, 123, 0.5}});
    s.say(ll::control::bye{});
    CHECK(s.w.current() == ll::worker::state::idle);
    CHECK(script::all<ll::disconnect_peer>(s.out).size() == 3);  // its producer, its consumer, the coordinator
    CHECK(!script::all<ll::end_session>(s.out).front().leave);
    CHECK(s.out.empty());
  }

  TEST_CASE("each stage reaches those that it sends to, and the tail the first") {
    const std::vector<std::vector<std::size_t>> expected{{1, 2}, {2}, {0}};
    for (std::size_t stage = 0; stage < 3; ++stage) {
      stage_script s(stage);
      s.deploy();
      std::vector<ll::peer_id> peers;
      for (const auto& c : script::all<ll::connect_peer>(s.out)) peers.push_back(c.peer);
      std::vector<ll::peer_id> wanted;
      for (const std::size_t other : expected[stage]) wanted.push_back(s.peer(other));
      CHECK(peers == wanted);
    }
  }

  TEST_CASE("the same message twice changes nothing and is answered again") {
    stage_script s(1);
    s.hello();
    s.hello();
    CHECK(script::messages<ll::control::welcome>(s.out).size() == 2);
    s.say(ll::deploy_for(s.plan, 1));
    s.say(ll::deploy_for(s.plan, 1));
    s.w.prepared(s.session(), ll::prepared_stage{}, s.out);
    s.say(ll::deploy_for(s.plan, 1));
    CHECK(script::messages<ll::control::ready>(s.out).size() == 2);
    s.number = 1;
    s.open(1, 3);
    s.say(ll::control::open{1, {}});
    CHECK(script::messages<ll::control::opened>(s.out).size() == 1);
    s.say(ll::control::close{1});
    s.say(ll::control::close{1});
    CHECK(script::messages<ll::control::report>(s.out).size() == 2);
    CHECK(script::all<ll::release_sequence>(s.out).size() == 1);
    s.say(ll::control::open{1, {}});
    CHECK(script::all<ll::open_sequence>(s.out).empty());
    CHECK(s.w.empty());
    CHECK(!script::failure(s.out));
  }

  TEST_CASE("a second coordinator is told that the worker is busy, and disturbs nothing") {
    stage_script s(1);
    s.serve();
    s.w.control(stranger, ll::control::hello{1, 1, 9}, s.now, s.out);
    REQUIRE(s.out.size() == 1);
    CHECK(std::get<ll::send_control>(s.out[0]).to == stranger);
    CHECK(script::failure(s.out)->what.code == ll::errc::busy);
    for (const ll::control::message& m : {ll::control::message(ll::control::bye{}), ll::control::message(ll::control::close{1}),
                                          ll::control::message(ll::deploy_for(s.plan, 1))})
      s.w.control(stranger, m, s.now, s.out);
    s.w.unreadable(stranger, {ll::errc::malformed, "?"}, s.out);
    s.w.peer_lost(stranger, s.out);
    CHECK(s.out.empty());
    CHECK(s.w.current() == ll::worker::state::serving);
  }

  TEST_CASE("another protocol, another contract, another model and a senseless plan are refused in words") {
    struct way {
      std::string words;
      ll::errc code;
      std::function<void(stage_script&)> how;
    };
    const std::vector<way> ways{
        {"speaks protocol 2", ll::errc::unsupported,
         [](auto& s) {
           s.say(ll::control::hello{2, 1, s.peer(1)});
         }},
        {"by contract 9", ll::errc::unsupported,
         [](auto& s) {
           s.say(ll::control::hello{1, 9, s.peer(1)});
         }},
        {"nobody", ll::errc::protocol,
         [](auto& s) {
           s.say(ll::control::hello{1, 1, 0});
         }},
        {"model (fake) is not the coordinator's (other)", ll::errc::unsupported,
         [](auto& s) {
           s.plan.model_fingerprint = "other";
           s.deploy();
         }},
        {"to another worker", ll::errc::protocol,
         [](auto& s) {
           s.hello();
           s.say(ll::deploy_for(s.plan, 2));
         }},
        {"before the stage was ready", ll::errc::protocol,
         [](auto& s) {
           s.hello();
           s.say(ll::control::open{1, {}});
         }},
        {"before the stage was ready", ll::errc::protocol,
         [](auto& s) {
           s.deploy();
           s.say(ll::control::close{1});
         }},
        {"a second plan", ll::errc::protocol,
         [](auto& s) {
           s.deploy();
           s.plan.sequences = 2;
           s.say(ll::deploy_for(s.plan, 1));
         }},
        {"only workers send", ll::errc::protocol,
         [](auto& s) {
           s.hello();
           s.say(ll::control::opened{1});
         }},
        {"a control message: bad", ll::errc::malformed,
         [](auto& s) {
           s.hello();
           s.w.unreadable(s.plan.self, {ll::errc::malformed, "bad"}, s.out);
         }},
        {"disk", ll::errc::io,
         [](auto& s) {
           s.deploy();
           s.w.prepared(s.session(), ll::error{ll::errc::io, "disk"}, s.out);
         }},
        {"connection to stage 2 is gone: refused", ll::errc::peer_lost,
         [](auto& s) {
           s.serve();
           s.w.peer_lost(s.peer(2), s.out, "refused");
         }},
        {"connection to stage 0 is gone", ll::errc::peer_lost,
         [](auto& s) {
           s.serve();
           s.w.peer_lost(s.peer(0), s.out);
         }},
    };
    for (const way& bad : ways) {
      CAPTURE(bad.words);
      stage_script s(1);
      bad.how(s);
      const auto failed = script::failure(s.out);
      REQUIRE(failed);
      CHECK(failed->sequence == 0);
      CHECK(failed->what.code == bad.code);
      CAPTURE(failed->what.message);
      CHECK(failed->what.message.find(bad.words) != std::string::npos);
      // It stays sane: quiet until the session is over, and then there for the next.
      s.out.clear();
      s.say(ll::deploy_for(s.plan, 1));
      CHECK(script::all<ll::prepare_stage>(s.out).empty());
      s.say(ll::control::bye{});
      CHECK(s.w.current() == ll::worker::state::idle);
      s.out.clear();
      s.plan = stage_script::three_stages();
      s.serve();
    }
  }

  TEST_CASE("every bad frame is reported once, and good ones after it are not waited for") {
    struct way {
      std::string words;
      std::function<ll::message(const stage_script&)> make;
    };
    const std::vector<ll::segment> one{{1, 0, 2}};
    const auto edited = [&](std::function<void(ll::message&)> edit) {
      return [=](const stage_script& s) {
        ll::message m = script::activation(s.peer(0), 0, 0, one, 4);
        edit(m);
        return m;
      };
    };
    const std::vector<way> ways{
        {"epoch 2", edited([](auto& m) { m.header.epoch = 2; })},
        {"kind logits", edited([](auto& m) { m.header.kind = ll::frame_kind::logits; })},
        {"kind control", edited([](auto& m) { m.header.kind = ll::frame_kind::control; })},
        {"token frame", edited([](auto& m) { m.header.kind = ll::frame_kind::token; })},
        {"does not go to stage 1", edited([](auto& m) { m.header.tensor = 1; })},
        {"does not go to stage 1", edited([](auto& m) { m.header.tensor = 99; })},
        {"not sent by stage 0", [&](const stage_script& s) { return script::activation(s.peer(2), 0, 0, one, 4); }},
        {"step 1 came where step 0 was due", edited([](auto& m) { m.header.step = 1; })},
        {"rows of 5 numbers", [&](const stage_script& s) { return script::activation(s.peer(0), 0, 0, one, 5); }},
        {"dtype 1", edited([](auto& m) { m.header.dtype = 1; })},
        {"its shape asks for 64", edited([](auto& m) { m.header.rows = 3; })},
        {"payload bytes", edited([](auto& m) { m.payload.pop_back(); })},
        {"payload bytes", edited([](auto& m) { m.payload.clear(); })},
        {"segment", edited([](auto& m) { m.header.segments = 4'000'000'000; })},
        {"9 rows; at most 8",
         [](const stage_script& s) {
           return script::activation(s.peer(0), 0, 0, {{1, 0, 9}}, 4);
         }},
        {"position 65 of a context of 64",
         [](const stage_script& s) {
           return script::activation(s.peer(0), 0, 0, {{1, 63, 2}}, 4);
         }},
        {"names a sequence twice",
         [](const stage_script& s) {
           return script::activation(s.peer(0), 0, 0, {{1, 0, 1}, {2, 0, 1}, {1, 1, 1}}, 4);
         }},
        {"0 tokens",
         [](const stage_script& s) {
           return script::activation(s.peer(0), 0, 0, {{1, 0, 0}}, 4);
         }},
    };
    for (const way& bad : ways) {
      CAPTURE(bad.words);
      stage_script s(1);
      s.serve();
      s.open(1, 2);
      s.arrive(bad.make(s));
      const auto failed = script::failure(s.out);
      REQUIRE(failed);
      CHECK(failed->sequence == 0);
      CAPTURE(failed->what.message);
      CHECK(failed->what.message.find(bad.words) != std::string::npos);
      s.arrive(script::activation(s.peer(0), 0, 0, one, 4));
      s.arrive(bad.make(s));
      CHECK(s.out.empty());
      s.say(ll::control::bye{});
      CHECK(s.w.empty());
    }
  }

  TEST_CASE("frames of strangers, of older epochs, of unknown sequences and replays are dropped in silence") {
    stage_script s(1);
    auto early = script::activation(s.peer(0), 0, 0, {{1, 0, 2}}, 4);
    s.arrive(early);
    s.serve();
    s.open(1, 2);
    s.arrive(script::activation(stranger, 0, 0, {{1, 0, 2}}, 4));
    auto old = script::activation(s.peer(0), 0, 0, {{1, 0, 2}}, 4);
    old.header.epoch = 0;
    s.arrive(old);
    CHECK(s.out.empty());
    s.arrive(script::activation(s.peer(0), 0, 0, {{1, 0, 2}}, 4));
    s.run();
    CHECK(script::all<ll::send_frame>(s.out).size() == 1);
    s.arrive(script::activation(s.peer(0), 0, 0, {{1, 0, 2}}, 4));
    CHECK(s.out.empty());
    // The step goes on without the unknown sequence.
    s.arrive(script::activation(s.peer(0), 0, 1, {{77, 0, 2}}, 4));
    const auto frames = script::all<ll::send_frame>(s.out);
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].header.step == 1);
    CHECK(frames[0].header.segments == 0);
    CHECK(frames[0].payload.empty());
    CHECK(s.out.empty());
  }

  TEST_CASE("the first stage answers a prompt piece by piece, feeds tokens back, and keeps few steps under way") {
    stage_script s(0);
    s.serve();
    s.open(1, 60, 3);
    std::uint32_t steps = 0;
    while (!s.out.empty()) {
      const auto job = s.run();
      CHECK(job.step == steps);
      CHECK(job.segments == std::vector<ll::segment>{{1, steps * 8, steps == 7 ? 4U : 8U}});
      const auto frames = script::all<ll::send_frame>(s.out);
      REQUIRE(frames.size() == 2);
      CHECK(frames[0].to == s.peer(1));
      CHECK(frames[1].to == s.peer(2));
      ++steps;
    }
    CHECK(steps == ll::limits::steps_in_flight(3));
    s.arrive(script::tokens(s.peer(2), 0, {}, {}));
    CHECK(s.run().step == 6);
    s.arrive(script::tokens(s.peer(2), 0, {}, {}));  // a replay gives no room
    CHECK(script::all<ll::run_batch>(s.out).empty());
    for (std::uint32_t step = 1; step < 7; ++step) s.arrive(script::tokens(s.peer(2), step, {}, {}));
    CHECK(s.run().step == 7);
    s.arrive(script::tokens(s.peer(2), 7, {{1, 56, 4}}, {42}));
    const auto job = s.run();
    CHECK(job.segments == std::vector<ll::segment>{{1, 60, 1}});
    CHECK(job.tokens == std::vector<ll::token_id>{42});
  }

  TEST_CASE("wrong answers of the tail are found by the first stage") {
    struct way {
      std::string words;
      ll::sequence_id sequence;
      std::function<ll::message(const stage_script&)> make;
    };
    const std::vector<way> ways{
        {"answers step 1 where step 0 of 1", 0, [](auto& s) { return script::tokens(s.peer(2), 1, {}, {}); }},
        {"not from the last stage", 0,
         [](auto& s) {
           return script::tokens(s.peer(1), 0, {{1, 0, 2}}, {1});
         }},
        {"token 1 for position 3 where position 2", 1,
         [](auto& s) {
           return script::tokens(s.peer(2), 0, {{1, 0, 3}}, {1});
         }},
        {"token 1 for position 1 where position 2", 1,
         [](auto& s) {
           return script::tokens(s.peer(2), 0, {{1, 0, 1}}, {1});
         }},
        {"token -5", 1,
         [](auto& s) {
           return script::tokens(s.peer(2), 0, {{1, 0, 2}}, {-5});
         }},
    };
    for (const way& bad : ways) {
      CAPTURE(bad.words);
      stage_script s(0);
      s.serve();
      s.open(1, 2);
      s.run();
      s.out.clear();
      s.arrive(bad.make(s));
      const auto failed = script::failure(s.out);
      REQUIRE(failed);
      CHECK(failed->sequence == bad.sequence);
      CHECK(failed->what.code == ll::errc::protocol);
      CAPTURE(failed->what.message);
      CHECK(failed->what.message.find(bad.words) != std::string::npos);
      CHECK(script::all<ll::run_batch>(s.out).empty());
    }
  }

  TEST_CASE("the tail waits for both inputs of a step, samples where it is due and stops by itself") {
    stage_script s(2);
    s.serve();
    s.open(1, 3, 2);
    const auto both = [&](std::uint32_t step, const ll::segment& segment) {
      s.arrive(script::activation(s.peer(0), 1, step, {segment}, 4));
      CHECK(script::all<ll::run_batch>(s.out).empty());
      s.arrive(script::activation(s.peer(1), 2, step, {segment}, 2));
    };
    both(0, {1, 0, 2});  // not the end of the prompt: the step is answered, nothing is sampled
    const auto job = s.run({9});
    REQUIRE(job.inputs.size() == 2);
    CHECK(job.inputs[0].tensor == 1);
    CHECK(job.inputs[0].bytes == 32);
    CHECK(job.inputs[1].bytes == 16);
    CHECK(job.sampled == std::vector<ll::token_id>{-1});
    auto frames = script::all<ll::send_frame>(s.out);
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].to == s.peer(0));
    CHECK(frames[0].header.segments == 0);
    both(1, {1, 2, 1});
    s.run({41});
    frames = script::all<ll::send_frame>(s.out);
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].to == s.peer(0));
    CHECK(frames[1].to == s.plan.self);
    for (const auto& f : frames) {
      CHECK(f.header.kind == ll::frame_kind::token);
      CHECK(f.header.segments == 1);
      CHECK(ll::token_at(f.header, f.payload, 0) == 41);
    }
    both(2, {1, 3, 1});
    s.run({42});  // the second and last
    frames = script::all<ll::send_frame>(s.out);
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].header.segments == 0);
    CHECK(frames[1].header.segments == 1);
    s.say(ll::control::close{1});
    const auto report = script::messages<ll::control::report>(s.out);
    REQUIRE(report.size() == 1);
    CHECK(report[0].busy_seconds == doctest::Approx(0.03));
    CHECK(report[0].received_bytes == 3 * 2 * (64 + 16) + 4 * (16 + 8));
    CHECK(report[0].sent_bytes == 3 * (64 + 16 + 4));
    CHECK(s.w.empty());
  }

  TEST_CASE("inputs of one step that disagree are found") {
    const std::vector<std::pair<std::vector<ll::segment>, std::string>> seconds{
        {{{1, 0, 1}, {2, 0, 2}}, "disagree on sequence 1"},
        {{{2, 0, 2}, {1, 0, 2}}, "order their sequences differently"},
    };
    for (const auto& [second, words] : seconds) {
      CAPTURE(words);
      stage_script s(2);
      s.serve();
      s.open(1, 9);
      s.open(2, 9);
      s.arrive(script::activation(s.peer(0), 1, 0, {{1, 0, 2}, {2, 0, 2}}, 4));
      s.arrive(script::activation(s.peer(1), 2, 0, second, 2));
      const auto failed = script::failure(s.out);
      REQUIRE(failed);
      CHECK(failed->what.message.find(words) != std::string::npos);
    }
    // What only one of them still sends is left out: its sequence is being closed.
    stage_script s(2);
    s.serve();
    s.open(1, 9);
    s.open(2, 9);
    s.arrive(script::activation(s.peer(0), 1, 0, {{1, 0, 2}, {2, 0, 3}}, 4));
    s.arrive(script::activation(s.peer(1), 2, 0, {{2, 0, 3}}, 2));
    CHECK(s.run().segments == std::vector<ll::segment>{{2, 0, 3}});
    // So its next rows have a gap before them.
    s.out.clear();
    s.arrive(script::activation(s.peer(0), 1, 1, {{1, 2, 1}}, 4));
    s.arrive(script::activation(s.peer(1), 2, 1, {{1, 2, 1}}, 2));
    const auto failed = script::failure(s.out);
    REQUIRE(failed);
    CHECK(failed->sequence == 1);
    CHECK(failed->what.message == "position 2 came where position 0 was due");
  }

  TEST_CASE("a producer that runs ahead without end is stopped") {
    stage_script s(2);
    s.serve();
    for (std::uint32_t step = 0; step < ll::limits::steps_in_flight(3); ++step)
      s.arrive(script::activation(s.peer(0), 1, step, {{1, 0, 1}}, 4));
    CHECK(s.out.empty());
    s.arrive(script::activation(s.peer(0), 1, ll::limits::steps_in_flight(3), {{1, 0, 1}}, 4));
    CHECK(script::failure(s.out)->what.code == ll::errc::limit);
  }

  TEST_CASE("a batch that fails takes its sequences with it, not the step") {
    stage_script s(1);
    s.serve();
    s.open(1, 4);
    s.open(2, 4);
    s.arrive(script::activation(s.peer(0), 0, 0, {{1, 0, 2}, {2, 0, 1}}, 4));
    s.arrive(script::activation(s.peer(0), 0, 1, {{1, 2, 2}}, 4));
    s.run({}, ll::error{ll::errc::numeric, "not finite"});
    const auto failed = script::messages<ll::control::failed>(s.out);
    REQUIRE(failed.size() == 2);
    CHECK(failed[0] == ll::control::failed{1, {ll::errc::numeric, "not finite"}});
    const auto frames = script::all<ll::send_frame>(s.out);
    REQUIRE(frames.size() == 2);  // the step that failed and the one that waited, both empty
    CHECK(frames[0].header.segments == 0);
    CHECK(frames[1].header.segments == 0);
    s.say(ll::control::close{1});
    s.say(ll::control::close{2});
    CHECK(s.w.empty());
  }

  TEST_CASE("a tail that samples nothing where a token is due is an error of that sequence") {
    stage_script s(2);
    s.serve();
    s.open(1, 1);
    s.arrive(script::activation(s.peer(0), 1, 0, {{1, 0, 1}}, 4));
    s.arrive(script::activation(s.peer(1), 2, 0, {{1, 0, 1}}, 2));
    s.run({-1});
    const auto failed = script::failure(s.out);
    REQUIRE(failed);
    CHECK(failed->sequence == 1);
    CHECK(failed->what.code == ll::errc::internal);
  }

  TEST_CASE("more sequences than the plan allows, and options that make no sense, are refused alone") {
    stage_script s(0);
    s.serve();
    for (ll::sequence_id q = 1; q <= 4; ++q) {
      ll::sequence_options o;
      o.prompt = {1};
      s.say(ll::control::open{q, o});
    }
    CHECK(script::all<ll::open_sequence>(s.out).size() == 4);
    s.say(ll::control::open{5, {}});
    auto failed = script::failure(s.out);
    REQUIRE(failed);
    CHECK(failed->sequence == 5);
    CHECK(failed->what.code == ll::errc::busy);
    s.say(ll::control::close{1});
    script::messages<ll::control::report>(s.out);
    s.say(ll::control::open{6, {}});  // no prompt
    failed = script::failure(s.out);
    REQUIRE(failed);
    CHECK(failed->sequence == 6);
    CHECK(failed->what.code == ll::errc::invalid_argument);
  }

  TEST_CASE("heartbeats come in every state, with growing progress; silence ends the session") {
    stage_script s(1);
    s.deploy();
    s.out.clear();
    const auto beat = [&](ll::duration later) {
      s.now += later;
      s.w.tick(s.now, s.out);
      const auto beats = script::messages<ll::control::heartbeat>(s.out);
      return beats.empty() ? std::uint64_t{999'999} : beats.front().progress;
    };
    CHECK(beat(499ms) == 999'999);
    CHECK(beat(1ms) == 0);
    s.w.preparing(1, 5000);
    CHECK(s.w.next_deadline() == s.now + 500ms);
    CHECK(beat(500ms) == 5000);
    s.w.prepared(1, ll::prepared_stage{}, s.out);
    s.number = 1;
    s.out.clear();
    s.open(1, 2);
    s.arrive(script::activation(s.peer(0), 0, 0, {{1, 0, 2}}, 4));
    CHECK(beat(500ms) == 5000);
    s.run();
    CHECK(beat(500ms) == 5001);
    s.say(ll::control::heartbeat{});
    for (int i = 0; i < 19; ++i) CHECK(beat(500ms) == 5001);
    s.out.clear();
    s.now += 500ms;
    s.w.tick(s.now, s.out);
    CHECK(s.w.current() == ll::worker::state::idle);
    CHECK(script::all<ll::end_session>(s.out).size() == 1);
  }

  TEST_CASE("a worker that was asleep itself does not take that for the coordinator's silence") {
    stage_script s(1);
    s.serve();
    s.w.tick(s.now += 1h, s.out);
    CHECK(s.w.current() == ll::worker::state::serving);
    for (int i = 0; i < 20; ++i) s.w.tick(s.now += 500ms, s.out);
    CHECK(s.w.current() == ll::worker::state::idle);
  }

  TEST_CASE("the loss of the coordinator ends the session in every state; answers of the past are ignored") {
    for (int state = 1; state <= 3; ++state) {
      stage_script s(1, true);
      s.hello();
      if (state > 1) s.say(ll::deploy_for(s.plan, 1));
      if (state > 2) s.w.prepared(1, ll::prepared_stage{}, s.out);
      s.out.clear();
      s.w.peer_lost(s.plan.self, s.out);
      CHECK(s.w.current() == ll::worker::state::idle);
      CHECK(script::all<ll::end_session>(s.out).front().leave);
      s.out.clear();
      s.w.prepared(1, ll::prepared_stage{}, s.out);
      s.w.opened(1, 1, {}, s.out);
      ll::stage_job job;
      job.session = 1;
      s.w.ran(job, {}, 1ms, s.out);
      s.w.tick(s.now + 1h, s.out);
      CHECK(s.out.empty());
      s.deploy();
      s.w.prepared(1, ll::prepared_stage{}, s.out);  // of the first session
      CHECK(s.w.current() == ll::worker::state::preparing);
    }
  }

  TEST_CASE("a worker that is told to stop says so") {
    stage_script s(1);
    s.w.leave(s.out);
    CHECK(s.out.empty());
    s.serve();
    s.w.leave(s.out);
    CHECK(script::failure(s.out)->what.code == ll::errc::peer_lost);
    CHECK(s.w.current() == ll::worker::state::idle);
  }

  TEST_CASE("frames with random damage never break the machine") {
    std::mt19937_64 random(1);
    for (int round = 0; round < 20000; ++round) {
      CAPTURE(round);
      stage_script s(random() % 3);
      s.serve();
      s.open(1, 3);
      s.out.clear();
      for (int i = 0; i < 4; ++i) {
        const auto step = static_cast<std::uint32_t>(random() % 2);
        ll::message m = random() % 2 == 0 ? script::activation(s.peer(random() % 3), static_cast<std::uint32_t>(random() % 3),
                                                               step, {{1, 0, 2}}, random() % 2 == 0 ? 4 : 2)
                                          : script::tokens(s.peer(2), step, {{1, 0, 3}}, {4});
        switch (random() % 6) {
          case 0: m.header.segments = static_cast<std::uint32_t>(random()); break;
          case 1: m.header.rows = static_cast<std::uint32_t>(random()); break;
          case 2: m.header.width = static_cast<std::uint32_t>(random()); break;
          case 3: m.payload.resize(random() % 100); break;
          case 4: m.payload[random() % m.payload.size()] ^= std::byte{0x80}; break;
          default: m.header.dtype = static_cast<std::uint8_t>(random()); break;
        }
        s.arrive(m);
        for (auto& batch : script::all<ll::run_batch>(s.out)) s.w.ran(std::move(batch.job), {}, 1ms, s.out);
      }
      s.say(ll::control::close{1});
      CHECK(script::messages<ll::control::report>(s.out).size() == 1);
    }
  }
}

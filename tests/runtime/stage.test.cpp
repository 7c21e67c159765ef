// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/runtime/stage.hpp>

#include <doctest/doctest.h>

#include "stage_script.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace ll = lingualinked;
using namespace std::chrono_literals;
using script::stage_script;
using script::stranger;

TEST_SUITE("runtime/stage") {
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

  TEST_CASE("the first stage lets tokens wait for the others of their micro-batch") {
    stage_script s(0);
    s.plan.sequences = 3;
    s.plan.micro_batch_sequences = 2;
    s.serve();
    s.open(1, 1);
    CHECK(s.run().segments == std::vector<ll::segment>{{1, 0, 1}});
    s.open(2, 1);
    CHECK(s.run().segments == std::vector<ll::segment>{{2, 0, 1}});
    s.open(3, 1);
    CHECK(s.run().segments == std::vector<ll::segment>{{3, 0, 1}});
    s.out.clear();
    s.arrive(script::tokens(s.peer(2), 0, {{1, 0, 1}}, {41}));
    CHECK(s.out.empty());
    s.arrive(script::tokens(s.peer(2), 1, {{2, 0, 1}}, {42}));
    CHECK(s.run().segments == std::vector<ll::segment>{{1, 1, 1}, {2, 1, 1}});
    s.out.clear();
    s.arrive(script::tokens(s.peer(2), 2, {{3, 0, 1}}, {43}));  // nobody is left to wait for: two batches are as few as can be
    CHECK(s.run().segments == std::vector<ll::segment>{{3, 1, 1}});
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

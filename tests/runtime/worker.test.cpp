// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/runtime/worker.hpp>

#include <doctest/doctest.h>

#include "stage_script.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ll = lingualinked;
using namespace std::chrono_literals;
using script::stage_script;
using script::stranger;

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
        {"speaks protocol 2", ll::errc::protocol,
         [](auto& s) {
           s.say(ll::control::hello{2, 1, s.peer(1)});
         }},
        {"by contract 9", ll::errc::protocol,
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
        {"connection to the device of modules 4 to 5 is gone: refused. See", ll::errc::peer_lost,
         [](auto& s) {
           s.serve();
           s.w.peer_lost(s.peer(2), s.out, "refused");
         }},
        {"connection to the device of modules 0 to 1 is gone. See", ll::errc::peer_lost,
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
}

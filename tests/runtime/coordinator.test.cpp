// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/runtime/coordinator.hpp>

#include <doctest/doctest.h>

#include "fake_model.hpp"
#include "script.hpp"

#include <algorithm>
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

/// A coordinator of three stages with the workers played by hand.
struct session_script {
  session_script() : plan(fake::plan_of(fake::model(6), {2, 4})), c(plan) {}

  [[nodiscard]] ll::peer_id peer(std::size_t stage) const { return plan.stages[stage].peer; }
  void say(std::size_t stage, const ll::control::message& what) { c.control(peer(stage), what, now, out); }
  void welcome(std::size_t stage) { say(stage, ll::control::welcome{1, 1, "isa", 2, "fake"}); }
  void connect() {
    c.start(now, out);
    for (std::size_t i = 0; i < 3; ++i) welcome(i);
    REQUIRE(c.current() == ll::coordinator::state::deploying);
    out.clear();
  }
  void serve() {
    connect();
    for (std::size_t i = 0; i < 3; ++i) say(i, ll::control::ready{1, 100 + i, 0.5});
    REQUIRE(c.current() == ll::coordinator::state::serving);
    out.clear();
  }
  /// A request that runs, with a prompt of ten tokens.
  ll::sequence_id ask(std::uint32_t max_tokens = 5, bool all_logits = false) {
    ll::sequence_options o;
    o.prompt.assign(10, 1);
    o.max_tokens = max_tokens;
    o.end_tokens = {13};
    o.all_logits = all_logits;
    const auto q = c.submit(o, now, out);
    REQUIRE(q);
    for (const std::size_t stage : {2U, 1U, 0U}) say(stage, ll::control::opened{*q});
    script::messages<ll::control::open>(out);
    return *q;
  }
  void token(std::uint32_t step, ll::sequence_id q, std::uint32_t position, ll::token_id t) {
    auto m = script::tokens(peer(2), step, {{q, position, 1}}, {t});
    c.frame(m, now, out);
  }
  void arrive(ll::message m) { c.frame(m, now, out); }
  void report(ll::sequence_id q) {
    for (std::size_t i = 0; i < 3; ++i) say(i, ll::control::report{q, 0.1 * static_cast<double>(i), 10, 20, 30});
  }

  ll::session_plan plan;
  ll::coordinator c;
  ll::time_point now{};
  std::vector<ll::coordinator_action> out;
};

template <class A>
std::vector<A> all(session_script& s) {
  return script::all<A>(s.out);
}

}  // namespace

TEST_SUITE("runtime/coordinator") {
  TEST_CASE("it greets everybody, deploys when all have answered, and serves when all are ready") {
    session_script s;
    ll::sequence_options o;
    o.prompt = {1};
    CHECK(s.c.submit(o, s.now, s.out).error().code == ll::errc::invalid_argument);
    s.c.start(s.now, s.out);
    CHECK(all<ll::connect_peer>(s).size() == 3);
    const auto hello = script::messages<ll::control::hello>(s.out);
    REQUIRE(hello.size() == 3);
    CHECK(hello[1].you == s.peer(1));
    s.welcome(2);
    s.welcome(0);
    s.welcome(0);
    CHECK(s.out.empty());
    s.welcome(1);
    const auto deploy = script::messages<ll::control::deploy>(s.out);
    REQUIRE(deploy.size() == 3);
    for (std::uint32_t i = 0; i < 3; ++i) {
      CHECK(deploy[i].stage == i);
      CHECK(deploy[i].stages.size() == 3);
      CHECK(ll::check_deploy(deploy[i], s.peer(i)));
    }
    s.say(1, ll::control::heartbeat{500});
    const auto progress = all<ll::stage_progress>(s);
    REQUIRE(progress.size() == 1);
    CHECK(progress[0].stage == 1);
    CHECK(progress[0].progress == 500);
    s.say(1, ll::control::ready{1, 101, 0.5});
    s.say(2, ll::control::ready{1, 102, 0.5});
    CHECK(s.out.empty());
    s.say(0, ll::control::ready{1, 100, 0.5});
    const auto ready = all<ll::session_ready>(s);
    REQUIRE(ready.size() == 1);
    REQUIRE(ready[0].stages.size() == 3);
    CHECK(ready[0].stages[2].memory_bytes == 102);
    CHECK(ready[0].stages[2].isa == "isa");
  }

  TEST_CASE("the first stage is told of a sequence after all the others know it, and only the ends get the prompt") {
    session_script s;
    s.serve();
    ll::sequence_options o;
    o.prompt = {1, 2, 3};
    o.max_tokens = 2;
    const auto q = s.c.submit(o, s.now, s.out);
    REQUIRE(q);
    std::vector<ll::peer_id> told;
    for (const auto& m : all<ll::send_control>(s)) {
      told.push_back(m.to);
      CHECK(std::get<ll::control::open>(m.what).options.prompt.size() == (m.to == s.peer(2) ? 3 : 0));
    }
    CHECK(told == std::vector<ll::peer_id>{s.peer(2), s.peer(1)});
    s.say(1, ll::control::opened{*q});
    CHECK(s.out.empty());
    s.say(2, ll::control::opened{*q});
    const auto first = all<ll::send_control>(s);
    REQUIRE(first.size() == 1);
    CHECK(first[0].to == s.peer(0));
    CHECK(std::get<ll::control::open>(first[0].what).options.prompt == o.prompt);
  }

  TEST_CASE("tokens are told in order, an end token or the limit ends the request with every stage's report") {
    for (const bool stops : {true, false}) {
      session_script s;
      s.serve();
      const auto q = s.ask(3);
      s.token(1, q, 9, 50);
      s.token(1, q, 9, 50);  // a replay
      s.token(2, q, 10, 51);
      CHECK(all<ll::token_made>(s).size() == 2);
      s.token(4, q, 11, stops ? 13 : 52);
      const auto made = all<ll::token_made>(s);
      REQUIRE(made.size() == 1);
      CHECK(made[0].position == 12);
      CHECK(script::messages<ll::control::close>(s.out).size() == 3);
      CHECK(s.out.empty());
      s.token(5, q, 12, 60);  // closed: of no interest
      s.say(0, ll::control::opened{q});
      CHECK(s.out.empty());
      s.report(q);
      s.report(q);
      const auto done = all<ll::request_finished>(s);
      REQUIRE(done.size() == 1);
      CHECK(done[0].reason == (stops ? ll::finish_reason::stop : ll::finish_reason::length));
      REQUIRE(done[0].stages.size() == 3);
      CHECK(done[0].stages[2].busy_seconds == doctest::Approx(0.2));
      CHECK(s.c.open_requests() == 0);
    }
  }

  TEST_CASE("logits come before the mark that ends a request without tokens") {
    session_script s;
    s.serve();
    const auto q = s.ask(0, true);
    s.arrive(script::logits(s.peer(2), {q, 0, 8}, 3));
    s.arrive(script::logits(s.peer(2), {q, 0, 8}, 3));  // a replay
    s.arrive(script::logits(s.peer(2), {q, 8, 2}, 3));
    const auto rows = all<ll::logits_made>(s);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].values().size() == 24);
    CHECK(rows[1].first_position == 8);
    CHECK(rows[1].rows == 2);
    s.token(1, q, 9, -1);
    s.report(q);
    CHECK(all<ll::token_made>(s).empty());
    CHECK(all<ll::request_finished>(s).size() == 1);
  }

  TEST_CASE("what breaks the rules ends the session: every request fails once, every worker hears goodbye") {
    struct way {
      std::string words;
      ll::errc code;
      std::function<void(session_script&, ll::sequence_id)> how;
    };
    const auto protocol = ll::errc::protocol;
    const std::vector<way> ways{
        {"device c (place-c): token 5 of sequence 1 came for position 11 where position 10", protocol,
         [](auto& s, auto q) { s.token(1, q, 10, 5); }},
        {"where position 10 was due", protocol, [](auto& s, auto q) { s.token(1, q, 3, 5); }},
        {"token -1", protocol, [](auto& s, auto q) { s.token(1, q, 9, -1); }},
        {"should not send", protocol,
         [](auto& s, auto q) {
           s.arrive(script::tokens(s.peer(1), 1, {{q, 9, 1}}, {5}));
         }},
        {"should not send", protocol,
         [](auto& s, auto q) {
           auto m = script::tokens(s.peer(2), 1, {{q, 9, 1}}, {5});
           m.header.epoch = 2;
           s.arrive(m);
         }},
        {"kind activation", protocol,
         [](auto& s, auto q) {
           s.arrive(script::activation(s.peer(2), 0, 1, {{q, 0, 1}}, 2));
         }},
        {"payload bytes", ll::errc::malformed,
         [](auto& s, auto q) {
           auto m = script::tokens(s.peer(2), 1, {{q, 9, 1}}, {5});
           m.payload.pop_back();
           s.arrive(m);
         }},
        {"9 rows; at most 8", protocol,
         [](auto& s, auto q) {
           s.arrive(script::tokens(s.peer(2), 1, {{q, 1, 9}}, {5}));
         }},
        {"logits of positions 0 to 0", protocol,
         [](auto& s, auto q) {
           s.arrive(script::logits(s.peer(2), {q, 0, 1}, 3));
         }},
        {"only coordinators send", protocol, [](auto& s, auto) { s.say(1, ll::control::bye{}); }},
        {"was not given", protocol,
         [](auto& s, auto) {
           s.say(1, ll::control::ready{2, 0, 0});
         }},
        {"device b (place-b): a control message: bad", ll::errc::malformed,
         [](auto& s, auto) {
           s.c.unreadable(s.peer(1), {ll::errc::malformed, "bad"}, s.out);
         }},
        {"device a (place-a): broken", ll::errc::internal,
         [](auto& s, auto) {
           s.say(0, ll::control::failed{0, {ll::errc::internal, "broken"}});
         }},
        {"device b (place-b) is gone: the connection to it was lost. See", ll::errc::peer_lost,
         [](auto& s, auto) { s.c.peer_lost(s.peer(1), s.out); }},
        {"(queue stuck)", ll::errc::peer_lost, [](auto& s, auto) { s.c.peer_lost(s.peer(1), s.out, "queue stuck"); }},
        {"the session was closed", ll::errc::cancelled, [](auto& s, auto) { s.c.shutdown(s.out); }},
    };
    for (const way& bad : ways) {
      CAPTURE(bad.words);
      session_script s;
      s.serve();
      const auto running = s.ask();
      s.ask();
      for (int i = 0; i < 4; ++i) s.ask();  // two of them wait for a sequence
      s.out.clear();
      bad.how(s, running);
      const auto failed = all<ll::request_failed>(s);
      REQUIRE(failed.size() == 6);
      for (const auto& f : failed) {
        CHECK(f.what.code == bad.code);
        CAPTURE(f.what.message);
        CHECK(f.what.message.find(bad.words) != std::string::npos);
      }
      CHECK(script::messages<ll::control::bye>(s.out).size() == 3);
      CHECK(all<ll::disconnect_peer>(s).size() == 3);
      CHECK(all<ll::session_over>(s).size() == 1);
      CHECK(s.out.empty());
      CHECK(s.c.next_deadline() == ll::time_point::max());
      bad.how(s, running);
      s.c.tick(s.now + 1h, s.out);
      CHECK(s.out.empty());
      ll::sequence_options o;
      o.prompt = {1};
      CHECK(s.c.submit(o, s.now, s.out).error().code == bad.code);
    }
  }

  TEST_CASE("missing rows of logits are found when the end of the prompt comes") {
    session_script s;
    s.serve();
    const auto q = s.ask(0, true);
    s.arrive(script::logits(s.peer(2), {q, 0, 8}, 3));
    s.token(1, q, 9, -1);
    const auto failed = all<ll::request_failed>(s);
    REQUIRE(failed.size() == 1);
    CHECK(failed[0].what.message.find("8 of 10 came") != std::string::npos);
  }

  TEST_CASE("a worker with another protocol, contract or model is refused by name; a busy one says so") {
    const std::vector<std::pair<ll::control::message, std::string>> answers{
        {ll::control::welcome{2, 1, "", 1, "fake"}, "speaks protocol 2"},
        {ll::control::welcome{1, 7, "", 1, "fake"}, "by contract 7"},
        {ll::control::welcome{1, 1, "", 1, "else"}, "another model (else, not fake)"},
        {ll::control::failed{0, {ll::errc::busy, "serves another"}}, "serves another"},
        {ll::control::ready{1, 0, 0}, "was not given"},
    };
    for (const auto& [answer, words] : answers) {
      CAPTURE(words);
      session_script s;
      s.c.start(s.now, s.out);
      s.say(1, answer);
      const auto over = all<ll::session_over>(s);
      REQUIRE(over.size() == 1);
      CHECK(over[0].why.message.find("device b (place-b)") == 0);
      CHECK(over[0].why.message.find(words) != std::string::npos);
    }
  }

  TEST_CASE("every wait ends: for welcome, for loading, for heartbeats, for progress, for reports") {
    const auto run_to_end = [](session_script& s, std::vector<std::size_t> alive) {
      const ll::time_point begin = s.now;
      for (int i = 0; i < 1000 && s.c.current() != ll::coordinator::state::over; ++i) {
        s.now = std::max(s.now, s.c.next_deadline());
        for (const std::size_t stage : alive) s.say(stage, ll::control::heartbeat{0});
        s.c.tick(s.now, s.out);
      }
      const auto over = all<ll::session_over>(s);
      REQUIRE(over.size() == 1);
      return std::pair(over[0].why, s.now - begin);
    };
    {
      session_script s;
      s.c.start(s.now, s.out);
      s.welcome(0);
      s.welcome(2);
      const auto [why, after] = run_to_end(s, {0, 2});
      CHECK(why.code == ll::errc::peer_lost);
      CHECK(why.message.find("device b (place-b) did not answer within 10.0 s") == 0);
      CHECK(after == 10s);
    }
    {
      session_script s;
      s.connect();
      s.say(0, ll::control::ready{1, 0, 0});
      s.say(2, ll::control::ready{1, 0, 0});
      s.now += 30s;
      s.say(0, ll::control::heartbeat{0});
      s.say(1, ll::control::heartbeat{77});
      s.say(2, ll::control::heartbeat{0});
      const auto [why, after] = run_to_end(s, {0, 1, 2});
      CHECK(why.code == ll::errc::timeout);
      CHECK(why.message.find("device b (place-b) loaded nothing for 60.0 s") == 0);
      CHECK(after == 60s);
    }
    {
      session_script s;
      s.serve();
      s.ask();
      const auto [why, after] = run_to_end(s, {0, 2});
      CHECK(why.code == ll::errc::peer_lost);
      CHECK(why.message.find("device b (place-b) is gone: it was silent for 2.5 s") == 0);
      CHECK(after == 2500ms);
      CHECK(all<ll::request_failed>(s).size() == 1);
    }
    {
      session_script s;
      s.serve();
      const auto q = s.ask();
      s.now += 2s;
      for (std::size_t i = 0; i < 3; ++i) s.say(i, ll::control::heartbeat{0});
      s.token(1, q, 9, 5);
      const auto [why, after] = run_to_end(s, {0, 1, 2});
      CHECK(why.code == ll::errc::timeout);
      CHECK(after == 60s);
    }
    {
      session_script s;
      s.serve();
      const auto q = s.ask();
      s.c.cancel(q, s.now, s.out);
      s.say(0, ll::control::report{q, 0.5, 1, 2, 3});
      s.now += 5s;
      for (std::size_t i = 0; i < 3; ++i) s.say(i, ll::control::heartbeat{0});
      s.c.tick(s.now, s.out);
      const auto done = all<ll::request_finished>(s);
      REQUIRE(done.size() == 1);
      CHECK(done[0].reason == ll::finish_reason::cancelled);
      CHECK(done[0].stages[0].busy_seconds == 0.5);
      CHECK(s.c.current() == ll::coordinator::state::serving);
    }
  }

  TEST_CASE("a session that waits for its user sends heartbeats and never ends by itself") {
    session_script s;
    s.serve();
    int beats = 0;
    for (int i = 0; i < 1000; ++i) {
      s.now = s.c.next_deadline();
      for (std::size_t stage = 0; stage < 3; ++stage) s.say(stage, ll::control::heartbeat{0});
      s.c.tick(s.now, s.out);
      beats += static_cast<int>(script::messages<ll::control::heartbeat>(s.out).size());
    }
    CHECK(beats >= 3 * 900);
    CHECK(s.c.current() == ll::coordinator::state::serving);
    CHECK(s.ask() == 1);
  }

  TEST_CASE("a coordinator that was asleep itself does not take that for the workers' silence") {
    session_script s;
    s.serve();
    s.now += 1h;
    s.c.tick(s.now, s.out);
    CHECK(s.c.current() == ll::coordinator::state::serving);
    for (int i = 0; i < 5; ++i) s.c.tick(s.now += 500ms, s.out);
    CHECK(s.c.current() == ll::coordinator::state::over);
  }

  TEST_CASE("a failed sequence is closed everywhere and fails alone; one in the queue is cancelled at once") {
    session_script s;
    s.serve();
    const auto q = s.ask();
    for (int i = 0; i < 3; ++i) s.ask();
    const auto waiting = s.ask();
    s.out.clear();
    s.c.cancel(waiting, s.now, s.out);
    const auto done = all<ll::request_finished>(s);
    REQUIRE(done.size() == 1);
    CHECK(done[0].sequence == waiting);
    s.say(1, ll::control::failed{q, {ll::errc::numeric, "not finite"}});
    s.say(2, ll::control::failed{q, {ll::errc::internal, "later"}});
    CHECK(script::messages<ll::control::close>(s.out).size() == 3);
    CHECK(all<ll::request_failed>(s).empty());
    s.report(q);
    const auto failed = all<ll::request_failed>(s);
    REQUIRE(failed.size() == 1);
    CHECK(failed[0].what == ll::error{ll::errc::numeric, "device b (place-b): not finite"});
    CHECK(s.c.open_requests() == 3);
    s.c.cancel(99, s.now, s.out);
    CHECK(s.out.empty());
  }

  TEST_CASE("strangers are not heard") {
    session_script s;
    s.serve();
    const auto q = s.ask();
    s.c.control(4711, ll::control::failed{0, {ll::errc::internal, "x"}}, s.now, s.out);
    s.c.peer_lost(4711, s.out);
    s.c.unreadable(4711, {ll::errc::malformed, "x"}, s.out);
    auto m = script::tokens(4711, 1, {{q, 9, 1}}, {5});
    s.c.frame(m, s.now, s.out);
    auto old = script::tokens(s.peer(2), 1, {{q, 9, 1}}, {5});
    old.header.epoch = 0;
    s.c.frame(old, s.now, s.out);
    s.token(1, 99, 9, 5);
    CHECK(s.out.empty());
    CHECK(s.c.current() == ll::coordinator::state::serving);
  }
}

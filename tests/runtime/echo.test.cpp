// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/runtime/echo.hpp>

#include <doctest/doctest.h>

#include <lingualinked/runtime/worker.hpp>

#include "script.hpp"

#include <cstdint>
#include <random>
#include <vector>

namespace ll = lingualinked;

namespace {

constexpr ll::peer_id echo_coordinator = 7;
constexpr ll::peer_id echo_stranger = 8;

ll::message echo_ping(std::uint32_t rows, std::uint32_t width, std::uint32_t answer_rows, std::uint32_t step = 1,
                      ll::peer_id from = echo_coordinator) {
  ll::message m;
  m.from = from;
  m.header = ll::echo_header(rows, width, answer_rows, step);
  m.payload = ll::echo_payload(m.header);
  return m;
}

struct greeted_worker {
  greeted_worker() {
    w.control(echo_coordinator, ll::control::hello{1, 1, 9}, {}, out);
    out.clear();
  }
  std::vector<ll::send_frame> give(ll::message m) {
    w.frame(m, out);
    return script::all<ll::send_frame>(out);
  }
  [[nodiscard]] bool failed() { return !script::messages<ll::control::failed>(out).empty(); }

  ll::worker w{ll::worker_identity{"isa", 1, "fake"}};
  std::vector<ll::worker_action> out;
};

}  // namespace

TEST_SUITE("runtime/echo") {
  TEST_CASE("a greeted worker answers with as many rows as it is asked for") {
    greeted_worker g;
    const auto answers = g.give(echo_ping(3, 576, 5, 42));
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].to == echo_coordinator);
    CHECK(answers[0].header.kind == ll::frame_kind::activation);
    CHECK(answers[0].header.step == 42);
    CHECK(answers[0].header.rows == 5);
    CHECK(answers[0].header.width == 576);
    CHECK(answers[0].payload.size() == ll::segment_bytes + 5 * 576 * 4);
    CHECK(ll::check_frame(answers[0].header, answers[0].payload));
    CHECK_FALSE(g.failed());
  }
  TEST_CASE("strangers, idle workers and workers with a plan echo nothing") {
    greeted_worker g;
    CHECK(g.give(echo_ping(1, 4, 1, 1, echo_stranger)).empty());
    CHECK_FALSE(g.failed());
    ll::worker idle{ll::worker_identity{"isa", 1, "fake"}};
    ll::message m = echo_ping(1, 4, 1);
    std::vector<ll::worker_action> out;
    idle.frame(m, out);
    CHECK(out.empty());
    g.w.control(echo_coordinator, ll::control::bye{}, {}, g.out);
    g.out.clear();
    CHECK(g.give(echo_ping(1, 4, 1)).empty());
    CHECK(g.out.empty());
  }
  TEST_CASE("what asks for too much, too often, or is no echo ends the session's usefulness with one error") {
    const std::uint32_t most = static_cast<std::uint32_t>(ll::limits::echo_frame_bytes / 4);
    std::vector<ll::message> bad{echo_ping(1, 1, most + 1), echo_ping(most + 1, 1, 1), echo_ping(1, 1, 0), echo_ping(1, 1, 1)};
    bad[3].header.width = 0xFFFFFFFF;
    bad.push_back(echo_ping(1, 4, 1));
    bad.back().header.dtype = 1;
    bad.push_back(echo_ping(1, 4, 1));
    bad.back().payload.pop_back();
    bad.push_back(echo_ping(1, 4, 1));
    bad.back().header.kind = ll::frame_kind::token;
    for (std::size_t i = 0; i < bad.size(); ++i) {
      CAPTURE(i);
      greeted_worker g;
      CHECK(g.give(bad[i]).empty());
      CHECK(g.failed());
      g.out.clear();
      CHECK(g.give(echo_ping(1, 4, 1)).empty());
    }
    greeted_worker g;
    CHECK(g.give(echo_ping(1, 1, most)).size() == 1);
    CHECK_FALSE(g.failed());
  }
  TEST_CASE("a session has so many echoes and bytes, and the next begins anew") {
    greeted_worker g;
    for (std::uint64_t i = 0; i < ll::limits::echo_frames; ++i) REQUIRE(g.give(echo_ping(1, 1, 1)).size() == 1);
    CHECK(g.give(echo_ping(1, 1, 1)).empty());
    CHECK(g.failed());
    g.w.control(echo_coordinator, ll::control::bye{}, {}, g.out);
    g.w.control(echo_coordinator, ll::control::hello{1, 1, 9}, {}, g.out);
    g.out.clear();
    CHECK(g.give(echo_ping(1, 1, 1)).size() == 1);
    ll::link_echo echo;
    std::vector<ll::worker_action> out;
    std::uint64_t answered = 0;
    for (ll::message m = echo_ping(1, 1, 1U << 20); echo.answer(m, echo_coordinator, out); m = echo_ping(1, 1, 1U << 20)) {
      out.clear();
      REQUIRE(++answered <= ll::limits::echo_bytes >> 22);
    }
    CHECK(answered == (ll::limits::echo_bytes - 1) / ((4U << 20) + 4 + ll::segment_bytes));
  }
  TEST_CASE("random frames never crash it") {
    std::mt19937_64 random(5);
    for (int i = 0; i < 20000; ++i) {
      greeted_worker g;
      ll::message m = echo_ping(static_cast<std::uint32_t>(random() % 5), static_cast<std::uint32_t>(random() % 5),
                                static_cast<std::uint32_t>(random() % 5));
      m.header.kind = static_cast<ll::frame_kind>(random() % 6);
      m.header.segments = static_cast<std::uint32_t>(random() % 3);
      if (random() % 2 == 0) m.payload.resize(random() % 128);
      for (const auto& answer : g.give(std::move(m))) CHECK(ll::check_frame(answer.header, answer.payload));
    }
  }
}

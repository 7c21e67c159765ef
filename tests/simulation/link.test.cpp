// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/simulation/link.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

namespace ll = lingualinked;
using std::chrono::milliseconds;

TEST_SUITE("simulation/link") {
  TEST_CASE("a frame takes bytes over bandwidth, then the latency; the next waits until it has left, not until it is there") {
    ll::simulated_link link({{0.010, 1e6}, {}}, 1, 1);
    const ll::time_point start{};
    CHECK(link.send(start, 2000) == start + milliseconds(12));
    CHECK(link.send(start, 1000) == start + milliseconds(13));
    CHECK(link.send(start + milliseconds(50), 1000) == start + milliseconds(61));
  }

  TEST_CASE("frames arrive in the order in which they were sent, however the latency jumps") {
    ll::simulated_link link({{0.010, 1e9}, {0, 3}}, 7, 1);
    ll::time_point last{};
    bool waited = false;
    for (int i = 0; i < 1000; ++i) {
      const ll::time_point sent{milliseconds(i)};
      const ll::time_point arrival = link.send(sent, 0);
      CHECK(arrival >= std::max(last, sent));
      CHECK(arrival <= sent + milliseconds(30));
      waited = waited || arrival == last;
      last = arrival;
    }
    CHECK(waited);
  }

  TEST_CASE("a stalled link sends nothing until it is over, and forgets nothing") {
    ll::simulated_link link({{0.001, 1e6}, {}}, 1, 1);
    link.stall(ll::time_point{milliseconds(100)});
    CHECK(link.send(ll::time_point{milliseconds(5)}, 1000) == ll::time_point{milliseconds(102)});
    CHECK(link.send(ll::time_point{milliseconds(6)}, 1000) == ll::time_point{milliseconds(103)});
  }

  TEST_CASE("by default a frame is there at once") {
    ll::simulated_link link({}, 1, 1);
    CHECK(link.send(ll::time_point{milliseconds(5)}, 1U << 30) == ll::time_point{milliseconds(5)});
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/simulation/event_queue.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>
#include <vector>

namespace ll = lingualinked;
using std::chrono::milliseconds;

TEST_SUITE("simulation/event_queue") {
  TEST_CASE("events happen in order of time, and of asking where times are equal") {
    std::mt19937 random(1);
    ll::event_queue events;
    std::vector<std::pair<ll::time_point, int>> expected;
    std::vector<std::pair<ll::time_point, int>> happened;
    for (int i = 0; i < 1000; ++i) {
      const ll::time_point when{milliseconds(random() % 50)};
      expected.emplace_back(when, i);
      events.at(when, [&, i] { happened.emplace_back(events.now(), i); });
    }
    std::sort(expected.begin(), expected.end());
    while (!events.empty()) events.step();
    CHECK(happened == expected);
  }

  TEST_CASE("an event may ask for others; what should have happened before now happens now") {
    ll::event_queue events;
    std::vector<int> order;
    events.after(milliseconds(5), [&] {
      events.at(ll::time_point{}, [&] { order.push_back(1); });
      events.after(milliseconds(1), [&] { order.push_back(3); });
      events.after(milliseconds(0), [&] { order.push_back(2); });
    });
    CHECK(events.next() == ll::time_point{milliseconds(5)});
    while (!events.empty()) events.step();
    CHECK(order == std::vector{1, 2, 3});
    CHECK(events.now() == ll::time_point{milliseconds(6)});
    CHECK(events.next() == ll::time_point::max());
  }

  TEST_CASE("seconds become nanoseconds, rounded") {
    CHECK(ll::from_seconds(1.5e-9) == ll::duration(2));
    CHECK(ll::from_seconds(3600.000000001) == std::chrono::hours(1) + ll::duration(1));
  }
}

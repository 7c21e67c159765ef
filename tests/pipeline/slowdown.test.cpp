// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/pipeline/compute_thread.hpp>

#include <doctest/doctest.h>

#include <chrono>

namespace ll = lingualinked;
using namespace std::chrono_literals;

TEST_SUITE("pipeline/slowdown") {
  TEST_CASE("a batch is stretched by the factor, and a wait ends no sooner than it should") {
    CHECK(ll::detail::stretched(10ms, 3) == 30ms);
    CHECK(ll::detail::stretched(1ms, 1.5) == 1500us);
    CHECK(ll::detail::stretched(0ms, 1000) == 0ms);
    for (const ll::duration wait : {0us, 50us, 300us, 1000us}) {
      const ll::time_point end = ll::steady_now() + wait;
      ll::detail::wait_until(end);
      CHECK(ll::steady_now() >= end);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/execution/slowed_executor.hpp>

#include <lingualinked/concepts/archetypes.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>

namespace ll = lingualinked;
using namespace std::chrono_literals;

namespace {

// Neither copied nor shared: it knows whether it is held, and counts how often it was.
struct watched_turn {
  bool held = false;
  int times = 0;
  void lock() {
    CHECK(!held);
    held = true;
    ++times;
  }
  void unlock() {
    CHECK(held);
    held = false;
  }
};

// Computes for as long as it is told, and wants to be alone at that.
struct busy_executor {
  std::shared_ptr<watched_turn> turn;
  ll::duration computes{};
  std::optional<ll::errc> fails;

  ll::result<void> open(ll::sequence_id sequence, const ll::sequence_options&) {
    if (sequence == 7) return ll::error{ll::errc::limit, "seven"};
    return {};
  }
  ll::result<void> run(const ll::stage_batch&) {
    if (turn) CHECK(turn->held);
    for (const ll::time_point end = ll::steady_now() + computes; ll::steady_now() < end;) {}
    if (fails) return ll::error{*fails, "as told"};
    return {};
  }
  void release(ll::sequence_id sequence) noexcept { released = sequence; }
  ll::sequence_id released = 0;
};

static_assert(ll::Executor<ll::slowed_executor<ll::archetypes::executor>>);
static_assert(ll::Executor<ll::slowed_executor<busy_executor, watched_turn>>);

}  // namespace

TEST_SUITE("execution/slowed_executor") {
  TEST_CASE("a time is stretched by the factor, and a wait ends no sooner than it should") {
    CHECK(ll::detail::stretched(10ms, 3) == 30ms);
    CHECK(ll::detail::stretched(1ms, 1.5) == 1500us);
    CHECK(ll::detail::stretched(0ms, 1000) == 0ms);
    for (const ll::duration wait : {0us, 50us, 300us, 1000us}) {
      const ll::time_point end = ll::steady_now() + wait;
      ll::detail::wait_until(end);
      CHECK(ll::steady_now() >= end);
    }
  }

  TEST_CASE("a batch takes the factor times as long, and computes in a turn that is given back before the wait") {
    const auto turn = std::make_shared<watched_turn>();
    ll::slowed_executor<busy_executor, watched_turn> slowed({turn, 500us, {}}, 4, turn);
    const ll::time_point begin = ll::steady_now();
    CHECK(slowed.run({}));
    CHECK(ll::steady_now() - begin >= 2ms);
    CHECK(turn->times == 1);
    CHECK(!turn->held);
  }

  TEST_CASE("whoever fails says so, and leaves the turn") {
    const auto turn = std::make_shared<watched_turn>();
    ll::slowed_executor<busy_executor, watched_turn> slowed({turn, {}, ll::errc::io}, 1, turn);
    const auto outcome = slowed.run({});
    REQUIRE(!outcome);
    CHECK(outcome.error().code == ll::errc::io);
    CHECK(!turn->held);
    CHECK(slowed.open(1, {}));
    const auto opened = slowed.open(7, {});
    REQUIRE(!opened);
    CHECK(opened.error().code == ll::errc::limit);
  }

  TEST_CASE("without turns and slowness it only passes on") {
    ll::slowed_executor<busy_executor, watched_turn> slowed({nullptr, {}, {}}, 1, nullptr);
    CHECK(slowed.run({}));
    slowed.release(3);
  }
}

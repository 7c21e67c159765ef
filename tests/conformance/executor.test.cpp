// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/concepts/executor.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/archetypes.hpp>

namespace ll = lingualinked;

namespace {

using base = ll::archetypes::executor;

// Each lacks exactly one thing.
struct opens_blindly : base {
  void open(ll::sequence_id, const ll::sequence_options&) {}
};
struct runs_blindly : base {
  void run(const ll::stage_batch&) {}
};
struct runs_another_batch : base {
  ll::result<void> run(int) { return {}; }
};
struct changes_the_batch : base {
  ll::result<void> run(ll::stage_batch&) { return {}; }
};
struct release_may_throw : base {
  void release(ll::sequence_id) {}
};
struct stays_in_place : base {
  stays_in_place() = default;
  stays_in_place(stays_in_place&&) = delete;
};

static_assert(ll::Executor<base>);

static_assert(!ll::Executor<int>);
static_assert(!ll::Executor<opens_blindly>);
static_assert(!ll::Executor<runs_blindly>);
static_assert(!ll::Executor<runs_another_batch>);
static_assert(!ll::Executor<changes_the_batch>);
static_assert(!ll::Executor<release_may_throw>);
static_assert(!ll::Executor<stays_in_place>);

}  // namespace

TEST_SUITE("conformance/executor") {
  TEST_CASE("the least executor takes an empty batch") {
    base executor;
    CHECK(executor.open(1, {}).has_value());
    CHECK(executor.run({}).has_value());
    executor.release(1);
  }
}

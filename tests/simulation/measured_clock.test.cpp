// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/simulation/measured_clock.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace ll = lingualinked;

namespace {

/// Embedding, two layers of the same kind, and a head.
ll::device_profile four_modules() {
  ll::device_profile p;
  p.kinds = {{"embedding", 1, 0, {{32, 3, 0}}}, {"layer", 10, 0.1, {{32, 100, 1}, {64, 180, 2}}}, {"head", 50, 0, {}}};
  p.module_kind = {0, 1, 1, 2};
  return p;
}
ll::stage_job measured_job(std::vector<ll::segment> segments) {
  ll::stage_job job;
  job.segments = std::move(segments);
  return job;
}

}  // namespace

TEST_SUITE("simulation/measured_clock") {
  TEST_CASE("one token takes what was measured in decoding, every module of a kind the same") {
    const auto clock = ll::measured_clock(four_modules(), {0, 0, 3}, 4, 5);
    REQUIRE(clock);
    for (const std::uint32_t context : {10U, 300U})
      CHECK((*clock)(measured_job({{1, context, 1}})) == doctest::Approx(1 + 2 * (10 + 0.1 * context) + 50));
  }

  TEST_CASE("a piece of a prompt takes what such a piece took; the head only where the prompt ends") {
    const auto clock = ll::measured_clock(four_modules(), {0, 1, 3}, 4, 96);
    REQUIRE(clock);
    CHECK((*clock)(measured_job({{1, 0, 32}})) == doctest::Approx(2 * 100));
    CHECK((*clock)(measured_job({{1, 16, 48}})) == doctest::Approx(2 * (140 + 1.5 * 16)));
    CHECK((*clock)(measured_job({{1, 32, 64}})) == doctest::Approx(2 * (180 + 2 * 32) + 50));
  }

  TEST_CASE("tokens of several sequences share the weights, and each brings its context") {
    const auto clock = ll::measured_clock(four_modules(), {0, 1, 2}, 4, 5);
    REQUIRE(clock);
    // 2 rows on the line from (1, 10) to (32, 100)
    CHECK((*clock)(measured_job({{1, 40, 1}, {2, 70, 1}})) == doctest::Approx(2 * (10 + 90.0 / 31 + 0.1 * 40 + 0.1 * 70)));
  }

  TEST_CASE("batches that were measured take what they took, the head too") {
    ll::device_profile p = four_modules();
    p.kinds[1].batches = {{2, 11}, {4, 12}};
    p.kinds[2].batches = {{4, 80}};
    const auto clock = ll::measured_clock(p, {0, 1, 3}, 4, 5);
    REQUIRE(clock);
    CHECK((*clock)(measured_job({{1, 40, 1}, {2, 70, 1}})) == doctest::Approx(2 * (11 + 0.1 * 40 + 0.1 * 70) + 60));
  }

  TEST_CASE("a profile of another form is refused") {
    CHECK(!ll::measured_clock(four_modules(), {0, 0, 2}, 3, 5));
    ll::device_profile strange = four_modules();
    strange.module_kind[1] = 3;
    CHECK(!ll::measured_clock(strange, {0, 1, 2}, 4, 5));
  }
}

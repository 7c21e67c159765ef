// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/probe/link_meter.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <random>

namespace ll = lingualinked;

namespace {

struct link {
  double latency;
  double there;
  double back;
};

/// What the meter says of a link whose pings take exactly that, give or take some noise. Counts the bytes it asked for.
ll::measured_link measure(const link& l, double noise, std::uint64_t* bytes = nullptr) {
  std::mt19937_64 random(3);
  std::exponential_distribution<double> late(1);
  ll::link_meter meter(2304);
  for (std::size_t n = 0; !meter.done(); ++n) {
    REQUIRE(n < 200);
    const ll::link_ping p = meter.next();
    CHECK(p.there_bytes % 4 == 0);
    CHECK(p.back_bytes % 4 == 0);
    if (bytes != nullptr) *bytes += p.there_bytes + p.back_bytes;
    const double seconds =
        2 * l.latency + static_cast<double>(p.there_bytes) / l.there + static_cast<double>(p.back_bytes) / l.back;
    meter.answered(seconds * (1 + noise * late(random)));
  }
  return meter.verdict();
}

}  // namespace

TEST_SUITE("probe/link_meter") {
  TEST_CASE("latency and the bandwidth of each direction are found again, exactly where nothing disturbs") {
    for (const link& l : {link{1e-4, 1e9, 1e9}, link{5e-3, 2e7, 1e6}, link{2e-2, 5e5, 4e7}, link{0.3, 1e5, 1e5}}) {
      CAPTURE(l.there);
      CAPTURE(l.back);
      const auto found = measure(l, 0);
      CHECK(found.latency_seconds == doctest::Approx(l.latency).epsilon(0.01));
      CHECK(found.bandwidth_there_bytes_per_second == doctest::Approx(l.there).epsilon(0.01));
      CHECK(found.bandwidth_back_bytes_per_second == doctest::Approx(l.back).epsilon(0.01));
      CHECK(found.latency_p95_seconds == doctest::Approx(l.latency).epsilon(0.01));
    }
  }
  TEST_CASE("late answers move the tail more than the median") {
    const auto found = measure({5e-3, 2e7, 1e7}, 0.1);
    CHECK(found.latency_seconds == doctest::Approx(5e-3 * (1 + 0.1 * std::log(2.0))).epsilon(0.05));
    CHECK(found.latency_p95_seconds > 1.15 * found.latency_seconds);
    CHECK(found.residuals.front() < 1);
    CHECK(found.residuals.back() > 1.1);
  }
  TEST_CASE("a slow link is asked for less than a megabyte at a time") {
    std::uint64_t fast = 0;
    std::uint64_t slow = 0;
    measure({1e-3, 1e9, 1e9}, 0, &fast);
    measure({1e-3, 1e5, 1e5}, 0, &slow);
    CHECK(fast > 90U << 20);
    CHECK(slow < 10U << 20);
  }
  TEST_CASE("times that make no sense give numbers all the same") {
    for (const double seconds : {0.0, 1e-9, 5.0}) {
      ll::link_meter meter(2304, 20);
      while (!meter.done()) meter.answered(seconds);
      const auto found = meter.verdict();
      CHECK(std::isfinite(found.bandwidth_there_bytes_per_second));
      CHECK(found.bandwidth_there_bytes_per_second > 0);
      CHECK(found.latency_seconds >= 0);
      CHECK(found.latency_p95_seconds >= found.latency_seconds);
    }
  }
}

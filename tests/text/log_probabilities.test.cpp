// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/text/log_probabilities.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace ll = lingualinked;

TEST_SUITE("text/log_probabilities") {
  TEST_CASE("chosen and likeliest tokens have the logarithms of their definition") {
    constexpr unsigned seed = 23;
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 4);
    std::vector<ll::token_log_probability> found;
    for (int round = 0; round < 300; ++round) {
      std::vector<float> logits(1 + random() % 80);
      for (float& x : logits) x = std::round(normal(random) * 2) / 2;  // with ties
      const auto chosen = static_cast<ll::token_id>(random() % logits.size());
      const std::size_t top = random() % 12;
      REQUIRE(ll::log_probabilities(logits, chosen, top, found));
      long double sum = 0;
      for (const float x : logits) sum += std::exp(static_cast<long double>(x));
      std::vector<ll::token_id> order(logits.size());
      std::iota(order.begin(), order.end(), 0);
      const auto logit = [&](ll::token_id id) { return logits[static_cast<std::size_t>(id)]; };
      std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return logit(a) > logit(b); });
      order.resize(std::min(top, order.size()));
      order.insert(order.begin(), chosen);
      CAPTURE(round);
      REQUIRE(found.size() == order.size());
      for (std::size_t i = 0; i < order.size(); ++i) {
        CHECK(found[i].id == order[i]);
        const auto expected = static_cast<long double>(logit(order[i])) - std::log(sum);
        CHECK(std::fabs(found[i].log_probability - static_cast<double>(expected)) < 1e-12);
      }
    }
  }

  TEST_CASE("logits far apart neither overflow nor vanish") {
    std::vector<ll::token_log_probability> found;
    REQUIRE(ll::log_probabilities(std::vector<float>{3e38F, -3e38F}, 1, 1, found));
    CHECK(found[0].log_probability == doctest::Approx(-6e38));
    CHECK(found[1] == ll::token_log_probability{0, 0.0});
    CHECK(std::signbit(found[0].log_probability));
  }

  TEST_CASE("a foreign token, too many and numbers that are none are refused") {
    std::vector<ll::token_log_probability> found;
    const std::vector<float> logits{1, 2};
    CHECK(ll::log_probabilities(logits, 2, 0, found).error().code == ll::errc::invalid_argument);
    CHECK(ll::log_probabilities(logits, -1, 0, found).error().code == ll::errc::invalid_argument);
    CHECK(ll::log_probabilities({}, 0, 0, found).error().code == ll::errc::invalid_argument);
    CHECK(ll::log_probabilities(logits, 0, 101, found).error().code == ll::errc::limit);
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(ll::log_probabilities(std::vector<float>{1, nan}, 0, 0, found).error().code == ll::errc::numeric);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/probe/fit.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

namespace ll = lingualinked;

TEST_SUITE("probe/fit") {
  TEST_CASE("quantiles lie between the values, by rank") {
    CHECK(ll::quantile({3, 1, 2}, 0) == 1);
    CHECK(ll::quantile({3, 1, 2}, 1) == 3);
    CHECK(ll::quantile({3, 1, 2}, 0.5) == 2);
    CHECK(ll::quantile({3, 1, 2, 4}, 0.5) == 2.5);
    CHECK(ll::quantile({10, 20}, 0.25) == 12.5);
    CHECK(ll::quantile({}, 0.5) == 0);
    CHECK(ll::median({7}) == 7);
  }
  TEST_CASE("a line is found again under noise and interruptions") {
    std::mt19937_64 random(7);
    std::normal_distribution<double> noise(0, 0.02);
    std::vector<ll::measured_group> groups;
    for (const double at : {32.0, 768.0, 2000.0}) {
      ll::measured_group g{at, {}};
      for (int i = 0; i < 48; ++i) g.seconds.push_back((1e-3 + 2e-7 * at) * (1 + noise(random)) * (i % 10 == 0 ? 5 : 1));
      groups.push_back(g);
    }
    const auto line = ll::fit_line(groups);
    CHECK(line.offset == doctest::Approx(1e-3).epsilon(0.02));
    CHECK(line.slope == doctest::Approx(2e-7).epsilon(0.1));
  }
  TEST_CASE("no line has less relative error, by trying its neighbours") {
    std::mt19937_64 random(11);
    std::uniform_real_distribution<double> seconds(1, 3);
    for (int round = 0; round < 50; ++round) {
      CAPTURE(round);
      std::vector<ll::measured_group> groups;
      for (const double at : {1.0, 5.0, 12.0, 20.0}) groups.push_back({at, {seconds(random) + at / 10}});
      const auto error = [&](double offset, double slope) {
        double sum = 0;
        for (const auto& g : groups) sum += std::pow((offset + slope * g.at) / g.seconds[0] - 1, 2);
        return sum;
      };
      const auto line = ll::fit_line(groups);
      CHECK(line.offset >= 0);
      CHECK(line.slope >= 0);
      for (const double a : {-0.01, 0.0, 0.01})
        for (const double b : {-0.001, 0.0, 0.001})
          if (line.offset + a >= 0 && line.slope + b >= 0)
            CHECK(error(line.offset + a, line.slope + b) >= error(line.offset, line.slope) - 1e-4);
    }
  }
  TEST_CASE("times that fall with the context give a constant, and one group is a constant") {
    const auto falling = ll::fit_line(std::vector<ll::measured_group>{{0, {2}}, {100, {1}}});
    CHECK(falling.slope == 0);
    CHECK(falling.offset > 1);
    CHECK(falling.offset < 2);
    const auto one = ll::fit_line(std::vector<ll::measured_group>{{50, {3}}});
    CHECK(one.offset == doctest::Approx(3));
    CHECK(one.slope == 0);
    CHECK(ll::fit_line({}).offset == 0);
    const auto steep = ll::fit_line(std::vector<ll::measured_group>{{10, {1}}, {20, {3}}});
    CHECK(steep.offset == 0);
    CHECK(steep.slope > 0.1);
  }
  TEST_CASE("residuals are quantiles around 1") {
    std::vector<double> factors;
    for (int i = 0; i < 101; ++i) factors.push_back(2 + 0.01 * i);
    const auto quantiles = ll::residual_quantiles(factors, 5);
    REQUIRE(quantiles.size() == 5);
    CHECK(quantiles[0] == doctest::Approx(2 / 2.5));
    CHECK(quantiles[2] == doctest::Approx(1));
    CHECK(quantiles[4] == doctest::Approx(3 / 2.5));
    CHECK(ll::residual_quantiles(factors, 1000).size() == ll::profile_limits::residuals);
    CHECK(ll::residual_quantiles({}).empty());
  }
}

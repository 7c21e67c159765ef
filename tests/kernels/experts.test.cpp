// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/kernels/reference/experts.hpp>

#include "support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace kernel_tests;

namespace {

struct choice {
  std::vector<std::uint32_t> experts;
  std::vector<float> weights;
};

choice choose(std::vector<float> scores, std::size_t used, bool sum_to_one) {
  choice c{std::vector<std::uint32_t>(used), std::vector<float>(used)};
  lk::reference::choose_experts(scores.data(), scores.size(), used, sum_to_one, c.experts.data(), c.weights.data());
  return c;
}

}  // namespace

TEST_SUITE("kernels/experts") {
  TEST_CASE("the largest are chosen, in ascending order, with the weights of a softmax") {
    const std::uint64_t seed = 71;
    CAPTURE(seed);
    draws random(seed);
    for (int round = 0; round < 200; ++round) {
      const std::size_t experts = 1 + random.below(40);
      const std::size_t used = 1 + random.below(experts);
      const std::vector<float> scores = random.floats(experts, -9, 9);
      std::vector<std::uint32_t> order(experts);
      std::iota(order.begin(), order.end(), 0U);
      std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
      order.resize(used);
      std::sort(order.begin(), order.end());
      double all = 0;
      for (const float s : scores) all += std::exp(double{s});
      double chosen = 0;
      for (const auto e : order) chosen += std::exp(double{scores[e]});
      for (const bool sum_to_one : {false, true}) {
        const choice c = choose(scores, used, sum_to_one);
        CHECK(c.experts == order);
        for (std::size_t i = 0; i < used; ++i)
          CHECK(double{c.weights[i]} ==
                doctest::Approx(std::exp(double{scores[order[i]]}) / (sum_to_one ? chosen : all)).epsilon(3e-6));
      }
    }
  }

  TEST_CASE("of equal scores the lower index is chosen") {
    CHECK(choose({1, 2, 2, 2, 1}, 2, true).experts == std::vector<std::uint32_t>{1, 2});
    CHECK(choose({2, 2, 2}, 2, true).weights == std::vector<float>{0.5F, 0.5F});
    CHECK(choose({0, 3, 0, 0}, 3, false).experts == std::vector<std::uint32_t>{0, 1, 2});
  }

  TEST_CASE("a score that is not a number makes every weight so") {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      for (const std::size_t place : sizes{0, 1, 3}) {
        std::vector<float> scores{1, 2, 3, 4};
        scores[place] = bad;
        const choice c = choose(scores, 2, true);
        CHECK(c.experts[0] < c.experts[1]);
        CHECK(c.experts[1] < 4);
        for (const float w : c.weights) CHECK(std::isnan(w));
      }
    }
  }
}

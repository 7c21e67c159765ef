// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/text/sampler.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace ll = lingualinked;

namespace {

std::vector<ll::token_id> ids_of(const std::vector<ll::token_candidate>& candidates) {
  std::vector<ll::token_id> ids;
  for (const auto& c : candidates) ids.push_back(c.id);
  return ids;
}

/// The definition, by sorting everything, in long double and with the C library's exp.
std::vector<ll::token_candidate> plainly(std::vector<float> logits, const ll::sampling_parameters& p) {
  std::vector<ll::token_id> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto logit = [&](ll::token_id id) { return static_cast<long double>(logits[static_cast<std::size_t>(id)]); };
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return logit(a) > logit(b); });
  if (p.top_k > 0 && p.top_k < order.size()) order.resize(p.top_k);
  const auto weight = [&](ll::token_id id) {
    return std::exp((logit(id) - logit(order.front())) / static_cast<long double>(p.temperature));
  };
  const auto sum = [&] {
    long double s = 0;
    for (const auto id : order) s += weight(id);
    return s;
  };
  if (p.top_p < 1) {
    const long double wanted = static_cast<long double>(p.top_p) * sum();
    long double reached = 0;
    std::size_t kept = 0;
    do reached += weight(order[kept++]);
    while (kept < order.size() && reached < wanted);
    order.resize(kept);
  }
  std::erase_if(order, [&](auto id) { return weight(id) < static_cast<long double>(p.min_p); });
  std::sort(order.begin(), order.end());
  std::vector<ll::token_candidate> out;
  for (const auto id : order) out.push_back({id, static_cast<double>(weight(id) / sum())});
  return out;
}

}  // namespace

TEST_SUITE("text/sampler") {
  TEST_CASE("temperature zero takes the largest raw logit, the lowest id on ties") {
    const std::vector<float> logits{1, 5, -2, 5, 5};
    CHECK(*ll::sample(logits, {}, 0, {}) == 1);
    CHECK(*ll::sample(std::vector<float>{-3, -3}, {}, 9, {}) == 0);
  }

  TEST_CASE("the sets of top-k, top-p and min-p are those of their definitions") {
    constexpr unsigned seed = 17;
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 2);
    for (int round = 0; round < 400; ++round) {
      std::vector<float> logits(1 + random() % 60);
      // Rounded to quarters, so that ties happen.
      for (float& x : logits) x = std::round(normal(random) * 4) / 4;
      ll::sampling_parameters p;
      p.temperature = std::vector<float>{0.3F, 0.7F, 1, 2}[random() % 4];
      p.top_k = random() % 3 == 0 ? 0 : 1 + static_cast<std::uint32_t>(random() % 70);
      p.top_p = std::vector<float>{0, 0.37F, 0.81F, 0.953F, 1}[random() % 5];
      p.min_p = std::vector<float>{0, 0.011F, 0.27F, 1}[random() % 4];
      const auto found = ll::sampling_candidates(logits, p, {});
      REQUIRE(found);
      const auto expected = plainly(logits, p);
      CAPTURE(round);
      REQUIRE(ids_of(*found) == ids_of(expected));
      for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK((*found)[i].probability == doctest::Approx(expected[i].probability));
    }
  }

  TEST_CASE("ties at the edge of top-k go to the lower ids, exactly k stay") {
    ll::sampling_parameters p;
    p.temperature = 1;
    p.top_k = 2;
    CHECK(ids_of(*ll::sampling_candidates(std::vector<float>{1, 3, 1, 1}, p, {})) == std::vector<ll::token_id>{0, 1});
  }

  TEST_CASE("draws follow the probabilities: chi-square of 20000 draws") {
    const std::vector<float> logits{0, 1, 2, -1, 0.5F, 1.5F, -3, 0};
    ll::sampling_parameters p;
    p.temperature = 0.8F;
    p.seed = 20240611;
    const auto candidates = ll::sampling_candidates(logits, p, {});
    REQUIRE(candidates);
    constexpr int draws = 20000;
    std::vector<int> counts(logits.size());
    for (int i = 0; i < draws; ++i) ++counts[static_cast<std::size_t>(*ll::sample(logits, p, static_cast<std::uint64_t>(i), {}))];
    double chi_square = 0;
    for (const auto& c : *candidates) {
      const double expected = c.probability * draws;
      chi_square +=
          (counts[static_cast<std::size_t>(c.id)] - expected) * (counts[static_cast<std::size_t>(c.id)] - expected) / expected;
    }
    CHECK(chi_square < 24.3);  // 7 degrees of freedom, p = 0.001
    CHECK(chi_square > 0.5);   // too good would be wrong as well
  }

  TEST_CASE("a draw depends on seed and position alone") {
    const std::vector<float> logits(100, 0.0F);
    ll::sampling_parameters p;
    p.temperature = 1;
    p.seed = 42;
    std::vector<ll::token_id> forward;
    for (std::uint64_t i = 0; i < 20; ++i) forward.push_back(*ll::sample(logits, p, i, {}));
    for (std::uint64_t i = 20; i-- > 0;) CHECK(*ll::sample(logits, p, i, {}) == forward[i]);
    // The values themselves are part of the contract: a sequence may go on elsewhere.
    CHECK(forward == std::vector<ll::token_id>{61, 98, 82, 72, 32, 31, 22, 35, 54, 26, 52, 32, 38, 21, 25, 74, 92, 9, 68, 32});
    p.seed = 43;
    std::vector<ll::token_id> other;
    for (std::uint64_t i = 0; i < 20; ++i) other.push_back(*ll::sample(logits, p, i, {}));
    CHECK(other != forward);
  }

  TEST_CASE("the repeat penalty weakens each recent token once, and only within its window") {
    const std::vector<float> logits{4, 3.9F, -1};
    ll::sampling_parameters p;
    p.repeat_penalty = 2;
    CHECK(*ll::sample(logits, p, 0, {}) == 0);
    CHECK(*ll::sample(logits, p, 0, std::vector<ll::token_id>{0, 0, 0}) == 1);
    CHECK(*ll::sample(logits, p, 0, std::vector<ll::token_id>{0, 1}) == 0);
    p.repeat_window_tokens = 1;
    CHECK(*ll::sample(logits, p, 0, std::vector<ll::token_id>{0, 2}) == 0);
    p.temperature = 1;
    p.repeat_window_tokens = 64;
    const auto candidates = ll::sampling_candidates(logits, p, std::vector<ll::token_id>{0, 0, 2, -5, 99});
    REQUIRE(candidates);
    CHECK((*candidates)[0].probability / (*candidates)[1].probability == doctest::Approx(std::exp(2 - 3.9)));
    CHECK((*candidates)[2].probability / (*candidates)[1].probability == doctest::Approx(std::exp(-2 - 3.9)));
  }

  TEST_CASE("extreme logits and temperatures still give a token") {
    ll::sampling_parameters p;
    p.temperature = std::numeric_limits<float>::denorm_min();
    CHECK(*ll::sample(std::vector<float>{-3e38F, 3e38F, 0}, p, 1, {}) == 1);
    p.temperature = std::numeric_limits<float>::max();
    CHECK(ll::sample(std::vector<float>{-3e38F, 3e38F, 0}, p, 1, {}));
    p.temperature = 1;
    p.top_p = 0;
    CHECK(*ll::sample(std::vector<float>{0, 2, 1}, p, 1, {}) == 1);
  }

  TEST_CASE("logits that are not numbers and parameters out of range are refused") {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    constexpr float infinity = std::numeric_limits<float>::infinity();
    for (const float bad : {nan, infinity, -infinity}) {
      const auto drawn = ll::sample(std::vector<float>{0, bad}, {}, 0, {});
      REQUIRE_FALSE(drawn);
      CHECK(drawn.error().code == ll::errc::numeric);
    }
    CHECK(ll::sample({}, {}, 0, {}).error().code == ll::errc::invalid_argument);
    const auto refused = [](auto change) {
      ll::sampling_parameters p;
      change(p);
      const auto ok = ll::check_sampling(p);
      return !ok && ok.error().code == ll::errc::invalid_argument;
    };
    for (const float bad : {nan, infinity, -1.0F}) {
      CHECK(refused([&](auto& p) { p.temperature = bad; }));
      CHECK(refused([&](auto& p) { p.top_p = bad; }));
      CHECK(refused([&](auto& p) { p.min_p = bad; }));
      CHECK(refused([&](auto& p) { p.repeat_penalty = bad; }));
    }
    CHECK(refused([](auto& p) { p.repeat_penalty = 0; }));
    CHECK(refused([](auto& p) { p.top_p = 1.5F; }));
  }
}

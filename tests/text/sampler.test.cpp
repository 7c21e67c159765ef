// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/text/sampler.hpp>

#include <doctest/doctest.h>

#include "support/allocation_meter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace ll = lingualinked;

namespace {

std::vector<ll::token_id> ids_of(std::span<const ll::token_candidate> candidates) {
  std::vector<ll::token_id> ids;
  for (const auto& c : candidates) ids.push_back(c.id);
  return ids;
}

std::vector<ll::token_candidate> candidates_of(std::span<const float> logits, const ll::sampling_parameters& p,
                                               std::span<const ll::token_id> recent = {}, const ll::sampler_state& state = {}) {
  ll::sampler s;
  const auto found = s.candidates(logits, p, recent, state);
  REQUIRE(found);
  return {found->begin(), found->end()};
}

/// The definition, by sorting everything, in long double and with the C library's functions. No clever order, no shared sums.
std::vector<ll::token_candidate> plainly(const std::vector<float>& logits, const ll::sampling_parameters& p,
                                         const std::vector<ll::token_id>& recent = {}, std::optional<double> mu = {}) {
  using real = long double;
  std::vector<real> changed(logits.begin(), logits.end());
  for (const auto& b : p.logit_bias) changed[static_cast<std::size_t>(b.id)] += static_cast<real>(b.bias);
  std::map<ll::token_id, int> counts;
  for (std::size_t i = recent.size() - std::min<std::size_t>(recent.size(), p.repeat_window_tokens); i < recent.size(); ++i)
    ++counts[recent[i]];
  for (const auto& [id, count] : counts) {
    real& x = changed[static_cast<std::size_t>(id)];
    x = x > 0 ? x / static_cast<real>(p.repeat_penalty) : x * static_cast<real>(p.repeat_penalty);
    x -= count * static_cast<real>(p.frequency_penalty);
    x -= static_cast<real>(p.presence_penalty);
  }
  std::vector<ll::token_id> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto logit = [&](ll::token_id id) { return changed[static_cast<std::size_t>(id)]; };
  // Sums of a few quarters agree in double and long double; what a division made may not, so near ties count as ties.
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return logit(a) > logit(b) + 1e-13L; });
  const auto weight = [&](ll::token_id id) {
    return std::exp((logit(id) - logit(order.front())) / static_cast<real>(p.temperature));
  };
  std::map<ll::token_id, real> weights;
  for (const auto id : order) weights[id] = weight(id);
  const auto sum = [&] {
    real s = 0;
    for (const auto id : order) s += weights[id];
    return s;
  };
  const auto keep_share = [&](real share) {
    const real wanted = share * sum();
    real reached = 0;
    std::size_t kept = 0;
    do reached += weights[order[kept++]];
    while (kept < order.size() && reached < wanted);
    order.resize(kept);
  };
  if (p.mirostat == ll::mirostat_version::v2) {
    const real whole = sum();
    const real most = mu ? static_cast<real>(*mu) : 2 * static_cast<real>(p.mirostat_tau);
    const auto first = order.front();
    std::erase_if(order, [&](auto id) { return id != first && -std::log2(weights[id] / whole) > most; });
  } else if (p.mirostat == ll::mirostat_version::v1) {
    const real most = mu ? static_cast<real>(*mu) : 2 * static_cast<real>(p.mirostat_tau);
    real products = 0;
    real squares = 0;
    for (std::size_t i = 0; i + 1 < std::min<std::size_t>(100, order.size()) && weights[order[i + 1]] > 0; ++i) {
      const real t = std::log(static_cast<real>(i + 2) / static_cast<real>(i + 1));
      products += t * std::log(weights[order[i]] / weights[order[i + 1]]);
      squares += t * t;
    }
    const real s = squares > 0 ? products / squares : 0;
    if (s > 0) {
      const real n = static_cast<real>(order.size());
      const real e = s - 1;
      const real k = std::pow(e * std::pow(2.0L, most) / (1 - std::pow(n, -e)), 1 / s);
      if (k < n) order.resize(std::min(order.size(), static_cast<std::size_t>(std::floor(k + 0.5L)) + 1));
    }
  } else {
    if (p.top_k > 0 && p.top_k < order.size()) order.resize(p.top_k);
    if (p.typical_p < 1) {
      const real whole = sum();
      real entropy = 0;
      for (const auto id : order)
        if (weights[id] > 0) entropy -= weights[id] / whole * std::log(weights[id] / whole);
      std::sort(order.begin(), order.end());
      const auto distance = [&](auto id) { return std::fabs(-std::log(weights[id] / whole) - entropy); };
      std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return distance(a) < distance(b) - 1e-13L; });
      keep_share(static_cast<real>(p.typical_p));
      std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return weights[a] > weights[b]; });
    }
    if (p.top_p < 1) keep_share(static_cast<real>(p.top_p));
    real most = 0;
    for (const auto id : order) most = std::max(most, weights[id]);
    std::erase_if(order, [&](auto id) { return weights[id] < most * static_cast<real>(p.min_p); });
  }
  std::sort(order.begin(), order.end());
  std::vector<ll::token_candidate> out;
  for (const auto id : order) out.push_back({id, static_cast<double>(weights[id] / sum())});
  return out;
}

void check_same(const std::vector<ll::token_candidate>& found, const std::vector<ll::token_candidate>& expected) {
  REQUIRE(ids_of(found) == ids_of(expected));
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(std::fabs(found[i].probability - expected[i].probability) <= 1e-12 * expected[i].probability);
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
      CAPTURE(round);
      check_same(candidates_of(logits, p), plainly(logits, p));
    }
  }

  TEST_CASE("biases, the three penalties and typical sampling are those of their definitions, alone and together") {
    constexpr unsigned seed = 29;
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 2);
    const auto one_of = [&](const std::vector<float>& values) { return values[random() % values.size()]; };
    for (int round = 0; round < 600; ++round) {
      std::vector<float> logits(1 + random() % 40);
      for (float& x : logits) x = normal(random);
      std::vector<ll::token_id> recent(random() % 12);
      for (auto& id : recent) id = static_cast<ll::token_id>(random() % logits.size());
      ll::sampling_parameters p;
      p.temperature = one_of({0.5F, 1, 1.7F});
      p.repeat_penalty = one_of({1, 1, 1.3F, 0.7F});
      p.frequency_penalty = one_of({0, 0, 0.4F, -0.25F});
      p.presence_penalty = one_of({0, 0, 0.9F, -0.5F});
      p.repeat_window_tokens = static_cast<std::uint32_t>(random() % 14);
      p.typical_p = one_of({1, 0, 0.23F, 0.71F, 0.955F});
      p.top_k = random() % 3 == 0 ? static_cast<std::uint32_t>(random() % 40) : 0;
      p.top_p = one_of({1, 1, 0.83F});
      p.min_p = one_of({0, 0, 0.07F});
      for (std::size_t i = random() % 3; i > 0; --i)
        p.logit_bias.push_back({static_cast<ll::token_id>(random() % logits.size()), one_of({-100, -1.5F, 2.25F, 100})});
      CAPTURE(round);
      check_same(candidates_of(logits, p, recent), plainly(logits, p, recent));
    }
  }

  TEST_CASE("at temperature zero biases and penalties decide as well") {
    const std::vector<float> logits{4, 3.9F, -1};
    ll::sampling_parameters p;
    p.logit_bias = {{2, 3}, {2, 2.5F}};  // a token given twice gets both
    CHECK(*ll::sample(logits, p, 0, {}) == 2);
    p.logit_bias = {{0, -100}};
    CHECK(*ll::sample(logits, p, 0, {}) == 1);
    p.logit_bias.clear();
    p.presence_penalty = 0.2F;
    CHECK(*ll::sample(logits, p, 0, std::vector<ll::token_id>{0}) == 1);
    p.presence_penalty = 0;
    p.frequency_penalty = 0.06F;
    CHECK(*ll::sample(logits, p, 0, std::vector<ll::token_id>{0}) == 0);
    CHECK(*ll::sample(logits, p, 0, std::vector<ll::token_id>{0, 0}) == 1);
    CHECK_FALSE(ll::takes_argmax(p));
    CHECK(ll::takes_argmax({}));
  }

  TEST_CASE("mirostat keeps the tokens of its definitions, whatever mu has become") {
    constexpr unsigned seed = 31;
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 3);
    for (int round = 0; round < 600; ++round) {
      std::vector<float> logits(1 + random() % 200);
      for (float& x : logits) x = normal(random);
      ll::sampling_parameters p;
      p.temperature = std::vector<float>{0.6F, 1, 1.5F}[random() % 3];
      p.mirostat = round % 2 == 0 ? ll::mirostat_version::v1 : ll::mirostat_version::v2;
      p.mirostat_tau = std::vector<float>{0.5F, 1.5F, 3, 5}[random() % 4];
      p.top_k = 1;  // off under mirostat
      ll::sampler_state state;
      if (random() % 2 == 0) state.mirostat_mu = std::uniform_real_distribution<double>(-2, 9)(random);
      CAPTURE(round);
      check_same(candidates_of(logits, p, {}, state), plainly(logits, p, {}, state.mirostat_mu));
    }
  }

  TEST_CASE("mirostat brings the mean surprise to tau") {
    constexpr unsigned seed = 37;
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 2);
    for (const auto version : {ll::mirostat_version::v1, ll::mirostat_version::v2}) {
      ll::sampling_parameters p;
      p.temperature = 1;
      p.mirostat = version;
      p.mirostat_tau = 3;
      p.seed = 99;
      ll::sampler s;
      ll::sampler_state state;
      double total = 0;
      int counted = 0;
      for (std::uint64_t position = 0; position < 2000; ++position) {
        std::vector<float> logits(400);
        for (float& x : logits) x = normal(random);
        const auto before = state.mirostat_mu.value_or(6);
        const auto token = s.draw(logits, p, position, {}, state);
        REQUIRE(token);
        REQUIRE(state.mirostat_mu);
        long double sum = 0;
        for (const float x : logits) sum += std::exp(static_cast<long double>(x));
        const double surprise = static_cast<double>(
            std::log2(sum) - static_cast<long double>(logits[static_cast<std::size_t>(*token)]) / std::log(2.0L));
        CHECK(std::fabs(*state.mirostat_mu - (before - double{p.mirostat_eta} * (surprise - 3))) < 1e-9);
        if (position >= 200) total += surprise, ++counted;
      }
      CHECK(total / counted == doctest::Approx(3).epsilon(0.05));
    }
  }

  TEST_CASE("a sampler that has seen a row allocates no more, whatever is asked") {
    std::vector<float> logits(5000);
    for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>((i * 7919) % 1000) / 100;
    const std::vector<ll::token_id> recent{5, 9, 9, 700, 3, 5};
    std::vector<ll::sampling_parameters> all(7);
    for (auto& p : all) p.temperature = 0.9F;
    all[0].temperature = 0;
    all[1].top_k = 40;
    all[2].top_p = 0.9F;
    all[3].typical_p = 0.9F;
    all[4].mirostat = ll::mirostat_version::v1;
    all[5].mirostat = ll::mirostat_version::v2;
    all[6].repeat_penalty = 1.1F;
    all[6].frequency_penalty = 0.1F;
    all[6].logit_bias = {{3, 1}};
    ll::sampler s;
    ll::sampler_state state;
    all[6].min_p = 0;
    REQUIRE(s.draw(logits, all[6], 0, recent, state));
    const test_support::allocation_meter meter;
    for (const auto& p : all)
      for (std::uint64_t i = 0; i < 5; ++i) static_cast<void>(s.draw(logits, p, i, recent, state));
    CHECK(meter.peak_bytes() == 0);
  }

  TEST_CASE("ties at the edge of top-k go to the lower ids, exactly k stay") {
    ll::sampling_parameters p;
    p.temperature = 1;
    p.top_k = 2;
    CHECK(ids_of(candidates_of(std::vector<float>{1, 3, 1, 1}, p)) == std::vector<ll::token_id>{0, 1});
  }

  TEST_CASE("draws follow the probabilities: chi-square of 20000 draws") {
    const std::vector<float> logits{0, 1, 2, -1, 0.5F, 1.5F, -3, 0};
    ll::sampling_parameters p;
    p.temperature = 0.8F;
    p.seed = 20240611;
    const auto candidates = candidates_of(logits, p);
    constexpr int draws = 20000;
    std::vector<int> counts(logits.size());
    for (int i = 0; i < draws; ++i) ++counts[static_cast<std::size_t>(*ll::sample(logits, p, static_cast<std::uint64_t>(i), {}))];
    double chi_square = 0;
    for (const auto& c : candidates) {
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
    const auto candidates = candidates_of(logits, p, std::vector<ll::token_id>{0, 0, 2, -5, 99});
    CHECK(candidates[0].probability / candidates[1].probability == doctest::Approx(std::exp(2 - 3.9)));
    CHECK(candidates[2].probability / candidates[1].probability == doctest::Approx(std::exp(-2 - 3.9)));
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
      CHECK(refused([&](auto& p) { p.typical_p = bad; }));
      CHECK(refused([&](auto& p) { p.mirostat_tau = bad; }));
      CHECK(refused([&](auto& p) { p.mirostat_eta = bad; }));
    }
    for (const float bad : {nan, infinity, -infinity}) {
      CHECK(refused([&](auto& p) { p.frequency_penalty = bad; }));
      CHECK(refused([&](auto& p) { p.presence_penalty = bad; }));
      CHECK(refused([&](auto& p) { p.logit_bias = {{1, bad}}; }));
    }
    CHECK(refused([](auto& p) { p.logit_bias = {{-1, 0.5F}}; }));
    CHECK(refused([](auto& p) { p.mirostat = static_cast<ll::mirostat_version>(3); }));
    ll::sampling_parameters foreign;
    foreign.logit_bias = {{2, 1}};
    CHECK(ll::check_sampling(foreign));
    CHECK(ll::check_sampling(foreign, 3));
    CHECK(ll::check_sampling(foreign, 2).error().message.find("token 2") != std::string::npos);
    CHECK(ll::sample(std::vector<float>{1, 2}, foreign, 0, {}).error().code == ll::errc::invalid_argument);
    foreign.logit_bias.resize(ll::token_biases_max + 1, {0, 1});
    CHECK(ll::check_sampling(foreign).error().code == ll::errc::limit);
    CHECK(refused([](auto& p) { p.repeat_penalty = 0; }));
    CHECK(refused([](auto& p) { p.top_p = 1.5F; }));
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/elementary.hpp>
#include <lingualinked/core/random.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/text/check_logits.hpp>
#include <lingualinked/text/sampler.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

namespace lingualinked::inline v0 {
LINGUALINKED_STRICT_FLOAT_BEGIN

namespace detail {
inline constexpr double ln2 = 0x1.62e42fefa39efp-1;
}  // namespace detail

LINGUALINKED_DECL bool sampler::comes_first(const weighted& a, const weighted& b) noexcept {
  return a.key != b.key ? a.key > b.key : a.id < b.id;
}

LINGUALINKED_DECL void sampler::load(std::span<const float> logits, const sampling_parameters& p) {
  tokens_.resize(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) tokens_[i] = {double{logits[i]}, 0, static_cast<token_id>(i)};
  for (const token_bias& b : p.logit_bias) tokens_[static_cast<std::size_t>(b.id)].value += double{b.bias};
}

LINGUALINKED_DECL void sampler::penalize(const sampling_parameters& p, std::span<const token_id> recent) {
  if (p.repeat_penalty == 1 && p.frequency_penalty == 0 && p.presence_penalty == 0) return;
  const auto window = recent.last(std::min<std::size_t>(p.repeat_window_tokens, recent.size()));
  seen_.assign(window.begin(), window.end());
  std::sort(seen_.begin(), seen_.end());
  for (auto at = seen_.begin(); at != seen_.end();) {
    const auto next = std::upper_bound(at, seen_.end(), *at);
    const token_id id = *at;
    const auto count = static_cast<double>(next - at);
    at = next;
    if (id < 0 || static_cast<std::size_t>(id) >= tokens_.size()) continue;
    double& logit = tokens_[static_cast<std::size_t>(id)].value;
    logit = logit > 0 ? logit / double{p.repeat_penalty} : logit * double{p.repeat_penalty};
    logit -= count * double{p.frequency_penalty} + double{p.presence_penalty};
  }
}

LINGUALINKED_DECL double sampler::weight_sum() const noexcept {
  double sum = 0;
  for (const weighted& t : tokens_) sum += t.value;
  return sum;
}

LINGUALINKED_DECL void sampler::order_by_value() noexcept {
  for (weighted& t : tokens_) t.key = t.value;
}

LINGUALINKED_DECL void sampler::restore_order() {
  std::sort(tokens_.begin(), tokens_.end(), [](const weighted& a, const weighted& b) { return a.id < b.id; });
}

LINGUALINKED_DECL double sampler::mirostat_mu(const sampling_parameters& p, const sampler_state& state) noexcept {
  return state.mirostat_mu.value_or(2 * double{p.mirostat_tau});
}

/// By value; the order by id is restored, because the sums and the draw go through it.
LINGUALINKED_DECL void sampler::keep_largest(std::size_t count) {
  if (count >= tokens_.size()) return;
  order_by_value();
  std::nth_element(tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(count), tokens_.end(), comes_first);
  tokens_.resize(count);
  restore_order();
}

/// By key; a heap, because what stays is usually a handful of a large vocabulary.
LINGUALINKED_DECL void sampler::keep_share(double share) {
  const double wanted = share * weight_sum();
  const auto comes_later = [](const weighted& a, const weighted& b) { return comes_first(b, a); };
  std::make_heap(tokens_.begin(), tokens_.end(), comes_later);
  auto rest = tokens_.end();
  double reached = 0;
  do {
    std::pop_heap(tokens_.begin(), rest, comes_later);
    reached += (--rest)->value;
  } while (rest != tokens_.begin() && reached < wanted);
  tokens_.erase(tokens_.begin(), rest);
  restore_order();
}

/// The surprise of weight w is log(sum) - log(w), and its mean log(sum) - mean log(w): the sums cancel in their difference.
LINGUALINKED_DECL void sampler::keep_typical(double share) {
  const double sum = weight_sum();
  double mean = 0;
  for (weighted& t : tokens_) {
    t.key = elementary::log(t.value);
    if (t.value > 0) mean += t.value / sum * t.key;
  }
  for (weighted& t : tokens_) t.key = -std::fabs(t.key - mean);
  keep_share(share);
}

/// How many tokens of a Zipf distribution, fitted to the largest weights, have a mean surprise of mu bits.
LINGUALINKED_DECL std::size_t sampler::zipf_count(double mu) {
  const auto all = static_cast<double>(tokens_.size());
  const std::size_t fitted = std::min<std::size_t>(100, tokens_.size());
  order_by_value();
  std::partial_sort(tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(fitted), tokens_.end(), comes_first);
  double products = 0;
  double squares = 0;
  for (std::size_t i = 0; i + 1 < fitted && tokens_[i + 1].value > 0; ++i) {
    const auto rank = static_cast<double>(i + 1);
    const double step = elementary::log((rank + 1) / rank);
    products += step * elementary::log(tokens_[i].value / tokens_[i + 1].value);
    squares += step * step;
  }
  const double exponent = squares > 0 ? products / squares : 0;
  restore_order();
  if (!(exponent > 0)) return tokens_.size();  // all alike, as far as they can be told apart
  const double excess = exponent - 1;
  const double log_all = elementary::log(all);
  const double share = 1 - elementary::exp(-excess * log_all);
  const double scale = std::fabs(excess) < 1e-9 || share == 0 ? 1 / log_all : excess / share;
  const double count = elementary::exp((mu * detail::ln2 + elementary::log(scale)) / exponent);
  return count < all ? static_cast<std::size_t>(count + 0.5) + 1 : tokens_.size();
}

LINGUALINKED_DECL void sampler::keep_unsurprising(const sampling_parameters& p, double mu) {
  if (p.mirostat == mirostat_version::v1) return keep_largest(zipf_count(mu));
  // -log2(w / sum) <= mu  <=>  w >= sum * 2^-mu; the largest weight is exactly 1.
  const double least = whole_sum_ * elementary::exp(-mu * detail::ln2);
  std::erase_if(tokens_, [&](const weighted& t) { return t.value < std::min(least, 1.0); });
  if (least > 1) tokens_.resize(1);
}

LINGUALINKED_DECL void sampler::take_exponentials(double largest, double temperature) {
  exponents_.clear();
  for (const weighted& t : tokens_) exponents_.push_back((t.value - largest) / temperature);
  if (exp_ != nullptr) {
    exp_(exponents_.data(), exponents_.size());
  } else {
    for (double& x : exponents_) x = elementary::exp(x);
  }
  for (std::size_t i = 0; i < tokens_.size(); ++i) tokens_[i].value = exponents_[i];
}

LINGUALINKED_DECL result<std::span<const token_candidate>> sampler::candidates(std::span<const float> logits,
                                                                               const sampling_parameters& p,
                                                                               std::span<const token_id> recent,
                                                                               const sampler_state& state) {
  if (logits.empty()) return error{errc::invalid_argument, "there are no logits to draw from"};
  if (auto ok = check_sampling(p, logits.size()); !ok) return std::move(ok).error();
  if (auto finite = check_logits(logits); !finite) return std::move(finite).error();
  load(logits, p);
  penalize(p, recent);
  const auto by_value = [](const weighted& a, const weighted& b) { return a.value < b.value; };
  const weighted largest = *std::max_element(tokens_.begin(), tokens_.end(), by_value);  // the first of equals
  if (p.temperature == 0) {
    candidates_.assign(1, {largest.id, 1.0});
    return std::span<const token_candidate>(candidates_);
  }
  const bool mirostat = p.mirostat != mirostat_version::off;
  if (!mirostat && p.top_k > 0) keep_largest(p.top_k);
  take_exponentials(largest.value, double{p.temperature});
  if (mirostat) {
    whole_sum_ = weight_sum();
    keep_unsurprising(p, mirostat_mu(p, state));
  } else {
    if (p.typical_p < 1) keep_typical(double{p.typical_p});
    if (p.top_p < 1) {
      order_by_value();
      keep_share(double{p.top_p});
    }
    if (p.min_p > 0) {
      double most = 0;
      for (const weighted& t : tokens_) most = std::max(most, t.value);
      std::erase_if(tokens_, [&](const weighted& t) { return t.value < most * double{p.min_p}; });
    }
  }
  const double sum = weight_sum();
  candidates_.clear();
  for (const weighted& t : tokens_) candidates_.push_back({t.id, t.value / sum});
  return std::span<const token_candidate>(candidates_);
}

LINGUALINKED_DECL result<token_id> sampler::draw(std::span<const float> logits, const sampling_parameters& p,
                                                 std::uint64_t position, std::span<const token_id> recent, sampler_state& state) {
  const auto choices = candidates(logits, p, recent, state);
  if (!choices) return choices.error();
  const double wanted = uniform_draw(p.seed, position);
  double reached = 0;
  // Rounding may leave the sum a little below one: the last token that can be drawn at all takes the rest.
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < choices->size(); ++i) {
    reached += (*choices)[i].probability;
    if ((*choices)[i].probability > 0) chosen = i;
    if (wanted < reached) break;
  }
  if (p.temperature > 0 && p.mirostat != mirostat_version::off) {
    const double surprise = -elementary::log(tokens_[chosen].value / whole_sum_) / detail::ln2;
    state.mirostat_mu = mirostat_mu(p, state) - double{p.mirostat_eta} * (surprise - double{p.mirostat_tau});
  }
  return (*choices)[chosen].id;
}

LINGUALINKED_DECL result<token_id> sample(std::span<const float> logits, const sampling_parameters& p, std::uint64_t position,
                                          std::span<const token_id> recent) {
  sampler fresh;
  sampler_state state;
  return fresh.draw(logits, p, position, recent, state);
}

LINGUALINKED_STRICT_FLOAT_END
}  // namespace lingualinked::inline v0

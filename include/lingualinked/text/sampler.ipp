// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/elementary.hpp>
#include <lingualinked/core/random.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/text/sampler.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <string>

namespace lingualinked::inline v0 {
LINGUALINKED_STRICT_FLOAT_BEGIN
namespace detail {

/// A token on its way through the filters; `value` is a logit at first, a weight later.
struct sampled_token {
  double value;
  token_id id;
};
inline bool comes_first(const sampled_token& a, const sampled_token& b) noexcept {
  return a.value != b.value ? a.value > b.value : a.id < b.id;
}
inline bool lower_id(const sampled_token& a, const sampled_token& b) noexcept { return a.id < b.id; }

inline void penalize_repeats(std::span<double> logits, const sampling_parameters& p, std::span<const token_id> recent) {
  if (p.repeat_penalty == 1.0F) return;
  const std::size_t window = std::min<std::size_t>(p.repeat_window_tokens, recent.size());
  std::vector<token_id> seen(recent.end() - static_cast<std::ptrdiff_t>(window), recent.end());
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  for (const token_id id : seen) {
    if (id < 0 || static_cast<std::size_t>(id) >= logits.size()) continue;
    double& logit = logits[static_cast<std::size_t>(id)];
    logit = logit > 0 ? logit / double{p.repeat_penalty} : logit * double{p.repeat_penalty};
  }
}

inline double weight_sum(const std::vector<sampled_token>& tokens) noexcept {
  double sum = 0;
  for (const sampled_token& t : tokens) sum += t.value;
  return sum;
}

/// Keeps the fewest largest weights that reach `share` of the sum; a heap, because that is usually a handful of a large
/// vocabulary.
inline void keep_top_share(std::vector<sampled_token>& tokens, double share) {
  const double wanted = share * weight_sum(tokens);
  const auto comes_later = [](const sampled_token& a, const sampled_token& b) { return comes_first(b, a); };
  std::make_heap(tokens.begin(), tokens.end(), comes_later);
  auto rest = tokens.end();
  double reached = 0;
  do {
    std::pop_heap(tokens.begin(), rest, comes_later);
    reached += (--rest)->value;
  } while (rest != tokens.begin() && reached < wanted);
  tokens.erase(tokens.begin(), rest);
  std::sort(tokens.begin(), tokens.end(), lower_id);
}

}  // namespace detail

LINGUALINKED_DECL result<void> check_sampling(const sampling_parameters& p) {
  const auto refuse = [](const char* name, float value, const char* range) {
    return error{errc::invalid_argument, std::string(name) + " is " + std::to_string(value) + "; it must be " + range};
  };
  if (!std::isfinite(p.temperature) || p.temperature < 0)
    return refuse("temperature", p.temperature, "a finite number, 0 or more");
  if (!(p.top_p >= 0 && p.top_p <= 1)) return refuse("top_p", p.top_p, "between 0 and 1");
  if (!(p.min_p >= 0 && p.min_p <= 1)) return refuse("min_p", p.min_p, "between 0 and 1");
  if (!std::isfinite(p.repeat_penalty) || p.repeat_penalty <= 0) {
    return refuse("repeat_penalty", p.repeat_penalty, "a finite number above 0");
  }
  return {};
}

LINGUALINKED_DECL result<std::vector<token_candidate>> sampling_candidates(std::span<const float> logits,
                                                                           const sampling_parameters& p,
                                                                           std::span<const token_id> recent) {
  using detail::sampled_token;
  if (auto ok = check_sampling(p); !ok) return std::move(ok).error();
  if (logits.empty()) return error{errc::invalid_argument, "there are no logits to draw from"};
  const auto bad = std::find_if(logits.begin(), logits.end(), [](float x) { return !std::isfinite(x); });
  if (bad != logits.end()) {
    return error{errc::numeric, "the logit of token " + std::to_string(bad - logits.begin()) + " is not a finite number"};
  }
  std::vector<double> changed(logits.begin(), logits.end());
  detail::penalize_repeats(changed, p, recent);
  const auto largest = std::max_element(changed.begin(), changed.end());  // the first of equals
  if (p.temperature == 0) return std::vector{token_candidate{static_cast<token_id>(largest - changed.begin()), 1.0}};

  std::vector<sampled_token> tokens;
  tokens.reserve(changed.size());
  for (std::size_t i = 0; i < changed.size(); ++i) tokens.push_back({changed[i], static_cast<token_id>(i)});
  if (p.top_k > 0 && p.top_k < tokens.size()) {
    std::nth_element(tokens.begin(), tokens.begin() + p.top_k, tokens.end(), detail::comes_first);
    tokens.resize(p.top_k);
    std::sort(tokens.begin(), tokens.end(), detail::lower_id);
  }
  for (sampled_token& t : tokens) t.value = elementary::exp((t.value - *largest) / double{p.temperature});
  if (p.top_p < 1) detail::keep_top_share(tokens, double{p.top_p});
  std::erase_if(tokens, [&](const sampled_token& t) { return t.value < double{p.min_p}; });  // the largest weight is exactly 1

  const double sum = detail::weight_sum(tokens);
  std::vector<token_candidate> candidates;
  candidates.reserve(tokens.size());
  for (const sampled_token& t : tokens) candidates.push_back({t.id, t.value / sum});
  return candidates;
}

LINGUALINKED_DECL result<token_id> sample(std::span<const float> logits, const sampling_parameters& p, std::uint64_t position,
                                          std::span<const token_id> recent) {
  const auto candidates = sampling_candidates(logits, p, recent);
  if (!candidates) return candidates.error();
  const double draw = uniform_draw(p.seed, position);
  double reached = 0;
  for (const token_candidate& c : *candidates) {
    reached += c.probability;
    if (draw < reached) return c.id;
  }
  // Rounding may leave the sum a little below one: the last token that can be drawn at all takes the rest.
  const auto last =
      std::find_if(candidates->rbegin(), candidates->rend(), [](const token_candidate& c) { return c.probability > 0; });
  return last->id;
}

LINGUALINKED_STRICT_FLOAT_END
}  // namespace lingualinked::inline v0

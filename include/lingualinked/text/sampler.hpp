// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace lingualinked::inline v0 {

/// A token that may be drawn, and its share of the probability.
struct token_candidate {
  token_id id = -1;
  double probability = 0;

  friend bool operator==(const token_candidate&, const token_candidate&) = default;
};

/// Errors    errc::invalid_argument naming the parameter that makes no sense
[[nodiscard]] LINGUALINKED_DECL result<void> check_sampling(const sampling_parameters& parameters);

/// What the next token is drawn from, by ascending id; the probabilities sum to one. In this order:
///   repeat penalty  the logit of every token among the last repeat_window_tokens of `recent` is divided by the penalty where
///                   positive, else multiplied
///   temperature     0: only the largest logit stays, the lowest id on ties; else weight = exp((logit - largest) / temperature)
///   top_k           the k largest stay, lower ids first on ties; 0: all
///   top_p           the fewest largest stay whose weights reach top_p of the sum, at least one
///   min_p           those below min_p times the largest weight go
/// logits    [V], as the model gave them
/// Errors    errc::numeric for a logit that is not finite; errc::invalid_argument for parameters, or no logits
/// Cost      linear in V; n log n only in what top_k and top_p keep
/// Source    Fan et al. 2018 (top-k), arXiv 1805.04833; Holtzman et al. 2020 (top-p), arXiv 1904.09751; Nguyen et al. 2024
///           (min-p), arXiv 2407.01082; Keskar et al. 2019 (repeat penalty), arXiv 1909.05858
[[nodiscard]] LINGUALINKED_DECL result<std::vector<token_candidate>> sampling_candidates(std::span<const float> logits,
                                                                                         const sampling_parameters& parameters,
                                                                                         std::span<const token_id> recent);

/// The next token: the candidate whose stretch of [0, 1) holds the uniform draw number `position` of the stream parameters.seed.
/// It depends on nothing else, so a sequence that moves to another machine goes on as it would have.
/// position  of the token that is drawn, counted from the start of the sequence
[[nodiscard]] LINGUALINKED_DECL result<token_id> sample(std::span<const float> logits, const sampling_parameters& parameters,
                                                        std::uint64_t position, std::span<const token_id> recent);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/text/sampler.ipp>
#endif

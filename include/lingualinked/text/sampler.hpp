// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>

#include <cstddef>
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

/// Draws tokens. Keeps its buffers: no allocation once it has seen a row of the size. One thread at a time.
class sampler {
 public:
  /// x[i] = elementary::exp(x[i]).
  using exponentials = void (*)(double* x, std::size_t n);

  /// exp  what takes exponentials on this machine (kernels::table); a plain loop if not given. The bits are the same.
  explicit sampler(exponentials exp = nullptr) noexcept : exp_(exp) {}

  /// What the next token is drawn from, by ascending id; the probabilities sum to one. Valid until the next call. In this order:
  ///   logit_bias         is added
  ///   repeat_penalty     divides the logit of every token among the last repeat_window_tokens of `recent` where it is positive,
  ///                      and multiplies it elsewhere
  ///   frequency_penalty  is taken away for each time a token stands in that window, presence_penalty once if it does
  ///   temperature        0: the largest logit, the lowest id on ties; else weight = exp((logit - largest) / temperature)
  ///   mirostat           v2: those of more surprise than mu go, the largest stays; v1: as many stay as Zipf's law, fitted to
  ///                      the 100 largest, needs for mu. The other filters are off then
  ///   top_k              the k largest stay, lower ids first on ties; 0: all
  ///   typical_p          the fewest stay whose weights reach this share of the sum, surprise nearest to the mean first
  ///   top_p              the fewest largest stay whose weights reach top_p of the sum, at least one
  ///   min_p              those below min_p times the largest weight go
  /// logits    [V], as the model gave them
  /// Errors    errc::numeric for a logit that is not finite; errc::invalid_argument for parameters, or no logits
  /// Cost      linear in V; n log n only in what the filters keep
  /// Source    Fan et al. 2018 (top-k), arXiv 1805.04833; Holtzman et al. 2020 (top-p), arXiv 1904.09751; Nguyen et al. 2024
  ///           (min-p), arXiv 2407.01082; Meister et al. 2022 (typical), arXiv 2202.00666; Basu et al. 2021 (mirostat), arXiv
  ///           2007.14966; Keskar et al. 2019 (repeat penalty), arXiv 1909.05858
  [[nodiscard]] result<std::span<const token_candidate>> candidates(std::span<const float> logits,
                                                                    const sampling_parameters& parameters,
                                                                    std::span<const token_id> recent,
                                                                    const sampler_state& state = {});

  /// The next token: the candidate whose stretch of [0, 1) holds the uniform draw number `position` of the stream
  /// parameters.seed. It depends on nothing else, so a sequence that moves to another machine with its state goes on as it would
  /// have.
  /// position  of the token that is drawn, counted from the start of the sequence
  /// state     mirostat: mu -= eta * (surprise - tau), where surprise = -log2 of the token's probability before anything was cut
  [[nodiscard]] result<token_id> draw(std::span<const float> logits, const sampling_parameters& parameters,
                                      std::uint64_t position, std::span<const token_id> recent, sampler_state& state);

 private:
  struct weighted {
    double value;  // a logit at first, a weight later
    double key;    // what a filter orders by
    token_id id;
  };
  static bool comes_first(const weighted& a, const weighted& b) noexcept;
  void load(std::span<const float> logits, const sampling_parameters& p);
  void penalize(const sampling_parameters& p, std::span<const token_id> recent);
  void order_by_value() noexcept;
  void restore_order();
  [[nodiscard]] static double mirostat_mu(const sampling_parameters& p, const sampler_state& state) noexcept;
  void keep_largest(std::size_t count);
  void keep_share(double share);
  void keep_typical(double share);
  void keep_unsurprising(const sampling_parameters& p, double mu);
  [[nodiscard]] double weight_sum() const noexcept;
  [[nodiscard]] std::size_t zipf_count(double mu);

  void take_exponentials(double largest, double temperature);

  exponentials exp_;
  std::vector<double> exponents_;
  std::vector<weighted> tokens_;
  std::vector<token_id> seen_;
  std::vector<token_candidate> candidates_;
  double whole_sum_ = 0;  // of the weights before anything was cut
};

/// One draw, without a state that goes on.
[[nodiscard]] LINGUALINKED_DECL result<token_id> sample(std::span<const float> logits, const sampling_parameters& parameters,
                                                        std::uint64_t position, std::span<const token_id> recent);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/text/sampler.ipp>
#endif

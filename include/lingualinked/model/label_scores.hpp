// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/sequence.hpp>
#include <lingualinked/model/hyperparameters.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

/// One label of a sequence classifier and its probability.
struct label_score {
  std::string label;
  double score = 0;
};

/// The answer of a sequence classifier, by falling score; equal scores in the model's order.
///   softmax   score_i = exp(logit_i) / sum of exp(logit_j), in double
///   sigmoid   score_i = 1 / (1 + exp(-logit_i))
///   none      score_i = logit_i
/// logits    [labels], after the last token of the text
/// Requires  as many labels as logits
[[nodiscard]] inline std::vector<label_score> label_scores(std::span<const float> logits, std::span<const std::string> labels,
                                                           score_rule rule = score_rule::softmax) {
  std::vector<label_score> all;
  if (logits.empty()) return all;
  const double largest = static_cast<double>(*std::ranges::max_element(logits));
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const auto logit = static_cast<double>(logits[i]);
    all.push_back({labels[i], logit});
    if (rule == score_rule::softmax) sum += all.back().score = std::exp(logit - largest);
    if (rule == score_rule::sigmoid) all.back().score = 1 / (1 + std::exp(-logit));
  }
  if (rule == score_rule::softmax)
    for (label_score& s : all) s.score /= sum;
  std::ranges::stable_sort(all, std::ranges::greater{}, &label_score::score);
  return all;
}

/// The tokens whose last one a classifier judges: without padding at the end, but with one token at least.
[[nodiscard]] inline std::span<const token_id> without_padding(std::span<const token_id> ids, std::optional<token_id> padding) {
  while (ids.size() > 1 && ids.back() == padding) ids = ids.first(ids.size() - 1);
  return ids;
}

}  // namespace lingualinked::inline v0

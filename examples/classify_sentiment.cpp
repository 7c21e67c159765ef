// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Says how a text is meant: classify_sentiment MODEL TEXT. MODEL is a folder with a sequence classifier, whose config.json names
// its labels. Models that suit: gpt2 or bloom-560m fine-tuned on film reviews (IMDB, SST-2) with a ForSequenceClassification
// head, for example mnoukhov/gpt2-imdb-sentiment-classifier. The tiny model of the test has random weights.
// Needs lingualinked::lingualinked
// Run with  tests/data/models/llama-cls "What a lovely film."
// Prints  LABEL_1 63 %
//         LABEL_0 36 %
//         LABEL_2 1 %
#include "text_model/text_model.hpp"

#include <lingualinked/model/label_scores.hpp>

#include <cmath>
#include <iostream>

int main(int count, char** words) {
  if (count < 3) return std::cerr << "usage: classify_sentiment MODEL TEXT\n", 2;
  try {
    text_model m(words[1]);
    const auto ids = m.words().encode(words[2], {.parse_special = true, .add_bos_eos = true}).value();
    const auto judged = ll::without_padding(ids, m.model().sizes().padding);
    const std::vector<float> last = m.last_logits({judged.begin(), judged.end()});
    for (const auto& s : ll::label_scores(last, m.model().sizes().labels, m.model().sizes().scores))
      std::cout << s.label << ' ' << std::lround(100 * s.score) << " %\n";
  } catch (const std::exception& e) {
    return std::cerr << e.what() << '\n', 1;
  }
}

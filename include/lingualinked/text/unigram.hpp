// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/sequence.hpp>
#include <lingualinked/text/unicode.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lingualinked::inline v0 {

/// The segmentation of a piece that maximises the sum of its tokens' scores; of equal sums, at each place the token that begins
/// earliest. A character that no token covers alone may stand as unknown, ten below the lowest score of the vocabulary.
/// Cost      length of the text times length of the longest token
/// Source    Kudo 2018, Subword Regularization, arXiv 1804.10959, section 3.2; Viterbi 1967
class unigram_segmenter {
 public:
  static constexpr double unknown_penalty = 10.0;
  static constexpr std::size_t token_bytes_max = 256;  // bounds the time; trainers stop at 16 characters

  struct part {
    token_id id = -1;  // -1: unknown
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  /// Requires  text is not empty, no longer than token_bytes_max, and given once; score is finite
  void add(std::string_view text, token_id id, double score) {
    std::uint32_t node = 0;
    for (const char c : text) {
      const std::uint64_t edge = (std::uint64_t{node} << 8) | static_cast<unsigned char>(c);
      const auto [place, fresh] = children_.try_emplace(edge, static_cast<std::uint32_t>(nodes_.size()));
      if (fresh) nodes_.push_back({});
      node = place->second;
    }
    nodes_[node] = {id, score};
    lowest_ = score < lowest_ ? score : lowest_;
  }

  [[nodiscard]] std::vector<part> segment(std::string_view text) const {
    struct place {
      double score = 0;
      std::size_t begin = none;
      token_id id = -1;
    };
    std::vector<place> best(text.size() + 1);
    const auto offer = [&](std::size_t begin, std::size_t end, token_id id, double score) {
      if (best[end].begin == none || score > best[end].score) best[end] = {score, begin, id};
    };
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t character = character_bytes(text, begin);
      bool alone = false;
      std::uint32_t node = 0;
      for (std::size_t i = begin; i < text.size(); ++i) {
        const auto edge = children_.find((std::uint64_t{node} << 8) | static_cast<unsigned char>(text[i]));
        if (edge == children_.end()) break;
        node = edge->second;
        if (nodes_[node].id < 0) continue;
        offer(begin, i + 1, nodes_[node].id, best[begin].score + nodes_[node].score);
        alone = alone || i + 1 == begin + character;
      }
      if (!alone) offer(begin, begin + character, -1, best[begin].score + (lowest_ - unknown_penalty));
      begin += character;
    }
    std::vector<part> parts;
    for (std::size_t end = text.size(); end > 0; end = best[end].begin) parts.push_back({best[end].id, best[end].begin, end});
    return {parts.rbegin(), parts.rend()};
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  struct entry {
    token_id id = -1;
    double score = 0;
  };
  std::unordered_map<std::uint64_t, std::uint32_t> children_;  // (node, byte) -> node
  std::vector<entry> nodes_{entry{}};
  double lowest_ = std::numeric_limits<double>::infinity();
};

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/tokenizer_spec.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Finds added tokens in text: the leftmost, and the longest of those that start there.
/// Cost      per byte of text at most one walk through a trie as deep as the longest added token (added_token_bytes_max)
class added_token_finder {
 public:
  static constexpr std::size_t added_token_bytes_max = 256;

  struct match {
    std::size_t begin = 0;
    std::size_t end = 0;
    const added_token* token = nullptr;
  };

  /// Requires  text is not empty; a text given twice keeps its first token
  void add(std::string_view text, const added_token& token) {
    std::size_t node = 0;
    for (const char c : text) {
      const auto [edge, fresh] = children_.try_emplace({node, static_cast<unsigned char>(c)}, terminals_.size());
      if (fresh) terminals_.push_back(none);
      node = edge->second;
    }
    first_bytes_[static_cast<unsigned char>(text.front())] = true;
    if (terminals_[node] == none) {
      terminals_[node] = tokens_.size();
      tokens_.push_back(token);
    }
  }
  [[nodiscard]] bool empty() const noexcept { return tokens_.empty(); }

  /// The first match at or after `from`, whatever the token's flags; token is null when there is none.
  [[nodiscard]] match find(std::string_view text, std::size_t from) const {
    for (std::size_t at = from; at < text.size(); ++at) {
      if (!first_bytes_[static_cast<unsigned char>(text[at])]) continue;
      const match found = longest(text, at);
      if (found.token != nullptr) return found;
    }
    return {};
  }

  /// Whether no letter, digit or underscore touches [begin, end).
  [[nodiscard]] static bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) noexcept {
    std::size_t before = begin;
    while (before > 0 && begin - before < 4) {
      --before;
      if ((static_cast<unsigned char>(text[before]) & 0xC0U) != 0x80U) break;  // the first byte of the character before
    }
    return (begin == 0 || !is_word(text, before)) && (end == text.size() || !is_word(text, end));
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  struct edge_hash {
    std::size_t operator()(const std::pair<std::size_t, unsigned char>& e) const noexcept {
      return (e.first * 257U + e.second) * 0x9E3779B97F4A7C15U;
    }
  };

  [[nodiscard]] match longest(std::string_view text, std::size_t at) const {
    match best;
    std::size_t node = 0;
    for (std::size_t i = at; i < text.size(); ++i) {
      const auto edge = children_.find({node, static_cast<unsigned char>(text[i])});
      if (edge == children_.end()) break;
      node = edge->second;
      if (terminals_[node] != none) best = {at, i + 1, &tokens_[terminals_[node]]};
    }
    return best;
  }

  [[nodiscard]] static bool is_word(std::string_view text, std::size_t at) noexcept {
    const utf8_step step = step_utf8(text, at);
    return step.status == utf8_status::complete && is_word_character(step.code_point);
  }
  std::unordered_map<std::pair<std::size_t, unsigned char>, std::size_t, edge_hash> children_;
  std::vector<std::size_t> terminals_{none};  // by node: the token that ends there
  std::vector<added_token> tokens_;
  std::array<bool, 256> first_bytes_{};
};

}  // namespace lingualinked::inline v0

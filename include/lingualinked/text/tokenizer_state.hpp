// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/added_token_finder.hpp>
#include <lingualinked/text/bpe_merge.hpp>
#include <lingualinked/text/neighbours.hpp>
#include <lingualinked/text/normalizer.hpp>
#include <lingualinked/text/pre_tokenizer.hpp>
#include <lingualinked/text/tokenizer_spec.hpp>
#include <lingualinked/text/unigram.hpp>

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lingualinked::inline v0::detail {

/// What tokenizer shares between its copies. Never moved or copied once built: `ids` points into `spec.tokens`.
struct tokenizer_state {
  tokenizer_state() = default;
  tokenizer_state(const tokenizer_state&) = delete;
  tokenizer_state& operator=(const tokenizer_state&) = delete;

  tokenizer_spec spec;
  std::unordered_map<std::string_view, token_id> ids;
  std::vector<bool> outside_model;          // by id
  std::array<token_id, 256> byte_tokens{};  // -1 where the vocabulary has none
  merge_table merges;
  neighbours inside;                       // characters (bytes, in byte_bpe) that stand side by side in some token
  std::size_t longest_token = 0;           // bytes of its vocabulary string
  std::vector<std::uint32_t> score_ranks;  // by id, 0 is the highest score; equal scores share a rank
  unigram_segmenter segmenter;
  added_token_finder raw_finder;
  added_token_finder normalized_finder;
  normalizer normalize;
  pre_tokenizer cut;
  std::vector<token_id> end_tokens;

  [[nodiscard]] token_id id_of(std::string_view piece) const {
    const auto found = ids.find(piece);
    return found == ids.end() ? -1 : found->second;
  }
  /// The id of a token that words are made of.
  [[nodiscard]] token_id word_id_of(std::string_view piece) const {
    const token_id id = id_of(piece);
    return id < 0 || outside_model[static_cast<std::size_t>(id)] ? -1 : id;
  }
  [[nodiscard]] token_type type_of(token_id id) const {
    return spec.types.empty() ? token_type::normal : spec.types[static_cast<std::size_t>(id)];
  }
  [[nodiscard]] bool holds(token_id id) const noexcept { return id >= 0 && static_cast<std::size_t>(id) < spec.tokens.size(); }
};

/// The value of a byte token's name, "<0x0A>" -> 10, or -1.
inline int byte_of_name(std::string_view piece) noexcept {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return -1;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  const int high = digit(piece[3]);
  const int low = digit(piece[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

}  // namespace lingualinked::inline v0::detail

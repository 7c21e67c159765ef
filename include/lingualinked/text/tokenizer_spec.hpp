// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/text/splitters.hpp>
#include <lingualinked/text/unicode.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lingualinked::inline v0 {

enum class tokenizer_kind : unsigned char {
  byte_bpe,  // symbols are bytes, written in the byte alphabet; merges by rank
  spm_bpe,   // symbols are characters; merges by rank, or by score where no merges are given
  unigram,   // the segmentation of largest total score
};

/// What a vocabulary entry is; the numbers are those of GGUF's tokenizer.ggml.token_type.
enum class token_type : unsigned char { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

/// A vocabulary entry that is cut out of the text before anything else looks at it.
struct added_token {
  token_id id = -1;
  bool special = false;        // left as text when special tokens are not parsed
  bool single_word = false;    // only between characters that are no letters, digits or underscores
  bool left_strip = false;     // takes the spaces before it
  bool right_strip = false;    // takes the spaces after it
  bool normalized = false;     // looked for after normalisation, not before
  bool outside_model = false;  // stands only here: no word is made of it
};

/// One change to the text before it is cut into pieces.
struct normalize_form {
  normal_form form = normal_form::nfc;
};
struct normalize_lowercase {};
struct normalize_strip_accents {};  // drops combining marks (category M); after a decomposing form
struct normalize_strip {
  bool left = true;
  bool right = true;
};
struct normalize_prepend {
  std::string text;
};
struct normalize_replace {
  std::string pattern;
  bool regex = false;
  std::string content;
};
/// SentencePiece's compiled rules: a byte size, a double-array trie of that size, then replacements, each ended by a zero byte.
struct normalize_charsmap {
  std::string rules;
};
using normalizer_step = std::variant<normalize_form, normalize_lowercase, normalize_strip_accents, normalize_strip,
                                     normalize_prepend, normalize_replace, normalize_charsmap>;

/// Where the text between two pieces goes.
enum class split_behavior : unsigned char { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// One cut of the text into pieces.
struct split_pattern {
  std::string pattern;
  bool regex = false;
  split_behavior behavior = split_behavior::isolated;
  bool invert = false;
};
struct split_digits {
  bool individual = false;
};
struct split_byte_level {
  bool add_prefix_space = false;
  bool use_regex = true;
};
enum class prepend_scheme : unsigned char { always, first, never };
struct split_metaspace {
  std::string replacement = "\xE2\x96\x81";
  prepend_scheme prepend = prepend_scheme::always;
  bool split = true;
};
struct split_punctuation {
  split_behavior behavior = split_behavior::isolated;
};
struct split_whitespace {
  bool words = true;  // \w+|[^\w\s]+ ; false: runs of anything but spaces
};
using pre_tokenizer_step =
    std::variant<splitter, split_pattern, split_digits, split_byte_level, split_metaspace, split_punctuation, split_whitespace>;

/// Everything a tokenizer needs, as plain data: filled from GGUF metadata, from tokenizer.json, or by hand.
struct tokenizer_spec {
  tokenizer_kind kind = tokenizer_kind::byte_bpe;
  std::vector<std::string> tokens;                          // by id, as stored
  std::vector<token_type> types;                            // empty: all normal
  std::vector<double> scores;                               // spm_bpe without merges, and unigram
  std::vector<std::pair<std::string, std::string>> merges;  // by rank

  /// How to cut pieces: a name as GGUF's tokenizer.ggml.pre has it, or steps. Both empty: the whole text is one piece.
  std::string pre_tokenizer_name;
  std::vector<pre_tokenizer_step> pre_tokenizer;
  std::vector<normalizer_step> normalizer;
  std::vector<added_token> added;  // entries of type control, unknown and user_defined are added by themselves

  std::optional<token_id> bos;
  std::optional<token_id> eos;
  std::optional<token_id> end_of_turn;
  std::optional<token_id> end_of_message;
  std::optional<token_id> unknown;
  std::optional<token_id> padding;
  bool add_bos = false;
  bool add_eos = false;
  std::vector<token_id> prefix;  // what stands in front of a text; empty: bos where add_bos says so
  std::vector<token_id> suffix;

  /// spm_bpe and unigram without normalizer and pre_tokenizer: a space in front of each text, which decoding takes away again.
  bool add_space_prefix = false;
  bool strip_space_prefix = false;  // decoding drops one leading space although add_space_prefix is off (the steps put it there)
  bool drop_first_spaces = false;   // decoding drops every space_symbol of the first token
  std::string space_symbol = "\xE2\x96\x81";  // spm_bpe, unigram: what decoding turns into a space; empty: nothing
  bool decode_byte_names = true;              // spm_bpe, unigram: decoding turns <0x0A> into its byte
  bool byte_fallback = true;                  // spm_bpe, unigram: a character outside the vocabulary becomes its byte tokens
  bool fuse_unknown = true;                   // neighbouring unknown characters become one unknown token
  bool unknown_bytes = false;  // byte_bpe: a byte outside the vocabulary becomes the unknown token; false: it is left out
  bool ignore_merges = false;  // a piece that is in the vocabulary is taken whole
};

/// A merge as GGUF stores it: "left right", cut at the first space that is not its first character.
[[nodiscard]] inline result<std::pair<std::string, std::string>> split_merge(std::string_view merge) {
  const std::size_t space = merge.find(' ', 1);
  if (space == std::string_view::npos || space + 1 == merge.size()) {
    return error{errc::malformed, "merge '" + valid_utf8(merge.substr(0, 64)) + "' is not two symbols with a space between"};
  }
  return std::pair{std::string(merge.substr(0, space)), std::string(merge.substr(space + 1))};
}

}  // namespace lingualinked::inline v0

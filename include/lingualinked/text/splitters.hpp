// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

/// The hand-written pre-tokenizers: what the well-known regular expressions cut, in linear time and without an engine.
/// Every byte of the text lands in exactly one piece; a byte that is not valid UTF-8 counts as one character that is neither
/// letter, number nor space.
enum class splitter : unsigned char {
  gpt2,    // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  llama3,  // (?i:'s|...)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  qwen2,   // as llama3 with \p{N} alone
  bloom,   // runs of anything but spaces and ( ) | . , ! ? and their kin, each with one space before it; the rest between
  digits,  // every \p{N} alone, the rest between
};

/// Appends the pieces of `text`, in order, to `pieces`.
/// Cost      linear; each character is looked at a bounded number of times
LINGUALINKED_DECL void split(splitter how, std::string_view text, std::vector<std::string_view>& pieces);

/// The splitter that cuts exactly as a regular expression (as written in tokenizer.json), if one is known.
[[nodiscard]] LINGUALINKED_DECL std::optional<splitter> splitter_for(std::string_view pattern);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/text/splitters.ipp>
#endif

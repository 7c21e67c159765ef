// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/text/regex.hpp>
#include <lingualinked/text/splitters.hpp>
#include <lingualinked/text/tokenizer_spec.hpp>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

/// Pieces of a text. Steps that change text keep the changed copies here; the other views point into the text itself.
struct text_pieces {
  std::vector<std::string_view> views;
  std::deque<std::string> changed;
};

/// Cuts text into the pieces that are tokenised each on its own. Thread-safe when const.
class pre_tokenizer {
 public:
  static constexpr std::size_t steps_max = 64;
  static constexpr std::size_t replacement_bytes_max = 64;  // of a space

  pre_tokenizer() = default;

  /// Errors    what the expressions of the steps give; errc::limit for too many steps
  [[nodiscard]] static result<pre_tokenizer> create(std::vector<pre_tokenizer_step> steps);

  /// text        must outlive the pieces
  /// begins_text whether it is the very beginning of what the user gave (prepend_scheme::first)
  /// Errors      errc::limit when an expression gives up
  [[nodiscard]] result<text_pieces> apply(std::string_view text, bool begins_text) const;

 private:
  struct compiled_step {
    pre_tokenizer_step step;
    std::optional<splitter> known;
    std::optional<regex> pattern;
  };
  std::vector<compiled_step> steps_;
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/text/pre_tokenizer.ipp>
#endif

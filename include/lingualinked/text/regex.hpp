// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace lingualinked::inline v0 {

/// A regular expression from a tokenizer file: Perl syntax with Unicode classes, matched under limits by PCRE2.
/// Constructs that mean something else in the Oniguruma dialect of such files (nested classes, &&, \h) are refused, not guessed.
/// Thread-safe when const.
class regex {
 public:
  static constexpr std::size_t pattern_bytes_max = 16384;
  static constexpr std::uint32_t match_steps_max = 10'000'000;
  static constexpr std::uint32_t match_steps_per_byte_max = 256;  // of a whole text, beside match_steps_max
  static constexpr std::uint32_t match_heap_kibibytes_max = 65'536;

  struct match {
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  /// Errors    errc::malformed (a broken pattern), errc::unsupported (a construct of the other dialect), errc::limit (too long)
  [[nodiscard]] static result<regex> compile(std::string_view pattern);

  /// Looks through one text. Bytes that are not valid UTF-8 match nothing: what lies between them is searched piece by piece.
  /// The validity of a stretch is checked once, not for every match. One thread at a time.
  class search {
   public:
    /// Requires  the expression and the text outlive the search
    search(const regex& expression, std::string_view text);
    ~search();
    search(const search&) = delete;
    search& operator=(const search&) = delete;

    /// Goes on with another text, and what is left of the steps.
    void restart(std::string_view text) noexcept;

    /// The first match at or after byte `from`, if there is one.
    /// Errors    errc::limit when the whole search takes more steps, or a match more memory, than allowed
    [[nodiscard]] result<std::optional<match>> next(std::size_t from);

   private:
    struct scratch;
    void find_stretch(std::size_t from) noexcept;
    [[nodiscard]] int call(std::size_t from, std::uint32_t steps_max, bool only_here) noexcept;
    [[nodiscard]] int call_within_budget(std::size_t& from) noexcept;

    const regex& expression_;
    std::string_view text_;
    std::unique_ptr<scratch> scratch_;
    std::uint64_t steps_left_;
    std::size_t begin_ = 0;  // the stretch of valid text that is being searched
    std::size_t end_ = 0;
  };

 private:
  struct compiled;
  explicit regex(std::shared_ptr<const compiled> c) : compiled_(std::move(c)) {}
  std::shared_ptr<const compiled> compiled_;
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/text/regex.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/splitters.hpp>
#include <lingualinked/text/unicode.hpp>

#include <array>
#include <utility>

namespace lingualinked::inline v0 {
namespace detail {

/// A reading position in text that may be broken.
class split_cursor {
 public:
  split_cursor(std::string_view text, std::size_t at) noexcept : text_(text), at_(at) { load(); }

  [[nodiscard]] std::size_t at() const noexcept { return at_; }
  [[nodiscard]] bool done() const noexcept { return at_ >= text_.size(); }
  [[nodiscard]] char32_t code_point() const noexcept { return code_point_; }
  [[nodiscard]] bool is(character_class c) const noexcept { return !done() && class_ == c; }
  [[nodiscard]] bool is_line_end() const noexcept { return !done() && (code_point_ == U'\r' || code_point_ == U'\n'); }
  void advance() noexcept {
    at_ += bytes_;
    load();
  }
  void advance_while(character_class c) noexcept {
    while (is(c)) advance();
  }

 private:
  void load() noexcept {
    if (done()) return;
    const utf8_step step = step_utf8(text_, at_);
    const bool valid = step.status == utf8_status::complete;
    bytes_ = valid ? step.size : 1;
    code_point_ = valid ? step.code_point : 0xFFFD;
    class_ = valid ? class_of(code_point_) : character_class::other;
  }

  std::string_view text_;
  std::size_t at_;
  std::size_t bytes_ = 0;
  char32_t code_point_ = 0;
  character_class class_ = character_class::other;
};

/// End of an English contraction ('s 't 'm 'd 're 've 'll) that starts at the cursor, or the cursor's own place.
inline std::size_t contraction_end(split_cursor c, bool any_case) {
  const std::size_t begin = c.at();
  if (c.code_point() != U'\'') return begin;
  const auto letter = [&]() -> char32_t {
    if (c.done()) return 0;
    const char32_t p = c.code_point();
    if (any_case && p >= U'A' && p <= U'Z') return p + 32;
    if (any_case && p == 0x17F) return U's';  // long s folds to s
    return p;
  };
  c.advance();
  const char32_t first = letter();
  if (!c.done()) c.advance();
  if (first == U's' || first == U't' || first == U'm' || first == U'd') return c.at();
  const char32_t second = letter();
  if ((first == U'r' && second == U'e') || (first == U'v' && second == U'e') || (first == U'l' && second == U'l')) {
    c.advance();
    return c.at();
  }
  return begin;
}

/// End of ` ?X+` for the classes X in the order letter, number, other; the cursor's own place when none matches.
inline std::size_t spaced_run_end(split_cursor c) {
  const std::size_t begin = c.at();
  if (c.code_point() == U' ') c.advance();
  for (const auto kind : {character_class::letter, character_class::number, character_class::other}) {
    if (!c.is(kind)) continue;
    c.advance_while(kind);
    return c.at();
  }
  return begin;
}

/// End of `\s+(?!\S)|\s+`: the run of spaces, less its last one when something else follows and more than one is there.
inline std::size_t space_run_end(split_cursor c) {
  std::size_t last = c.at();
  std::size_t count = 0;
  for (; c.is(character_class::space); c.advance(), ++count) last = c.at();
  return c.done() || count < 2 ? c.at() : last;
}

inline std::size_t gpt2_end(const split_cursor& c) {
  if (const std::size_t end = contraction_end(c, false); end != c.at()) return end;
  if (const std::size_t end = spaced_run_end(c); end != c.at()) return end;
  return space_run_end(c);
}

/// End of `[^\r\n\p{L}\p{N}]?\p{L}+`, or the cursor's own place.
inline std::size_t word_end(split_cursor c) {
  const std::size_t begin = c.at();
  if (!c.is(character_class::letter) && !c.is(character_class::number) && !c.is_line_end()) c.advance();
  if (!c.is(character_class::letter)) return begin;
  c.advance_while(character_class::letter);
  return c.at();
}

/// End of ` ?[^\s\p{L}\p{N}]+[\r\n]*`, or the cursor's own place.
inline std::size_t symbols_end(split_cursor c) {
  const std::size_t begin = c.at();
  if (c.code_point() == U' ') c.advance();
  if (!c.is(character_class::other)) return begin;
  c.advance_while(character_class::other);
  while (c.is_line_end()) c.advance();
  return c.at();
}

/// End of `\s*[\r\n]+`: up to the last line end of the run of spaces; the cursor's own place when there is none.
inline std::size_t line_end_run(split_cursor c) {
  std::size_t end = c.at();
  while (c.is(character_class::space)) {
    const bool line_end = c.is_line_end();
    c.advance();
    if (line_end) end = c.at();
  }
  return end;
}

inline std::size_t llama3_end(const split_cursor& c, int digits) {
  if (const std::size_t end = contraction_end(c, true); end != c.at()) return end;
  if (const std::size_t end = word_end(c); end != c.at()) return end;
  if (c.is(character_class::number)) {
    split_cursor number = c;
    for (int i = 0; i < digits && number.is(character_class::number); ++i) number.advance();
    return number.at();
  }
  if (const std::size_t end = symbols_end(c); end != c.at()) return end;
  if (const std::size_t end = line_end_run(c); end != c.at()) return end;
  return space_run_end(c);
}

inline bool breaks_bloom(const split_cursor& c) {
  if (c.is(character_class::space)) return true;
  switch (c.code_point()) {
    case U'(':
    case U')':
    case U'|':
    case U'.':
    case U',':
    case U'!':
    case U'?':
    case 0x2026:
    case 0x3002:
    case 0xFF0C:
    case 0x3001:
    case 0x0964:
    case 0x06D4:
    case 0x060C: return true;
    default: return false;
  }
}

/// End of ` ?[^breakers]+`, or the cursor's own place.
inline std::size_t bloom_end(split_cursor c) {
  const std::size_t begin = c.at();
  if (c.code_point() == U' ') c.advance();
  if (c.done() || breaks_bloom(c)) return begin;
  while (!c.done() && !breaks_bloom(c)) c.advance();
  return c.at();
}

/// Pieces are the matches and what lies between them. match_end(cursor) is the cursor's own place where nothing matches.
template <class MatchEnd>
void split_isolated(std::string_view text, std::vector<std::string_view>& pieces, MatchEnd match_end) {
  std::size_t rest = 0;
  for (split_cursor c(text, 0); !c.done();) {
    const std::size_t end = match_end(c);
    if (end == c.at()) {
      c.advance();
      continue;
    }
    if (rest < c.at()) pieces.push_back(text.substr(rest, c.at() - rest));
    pieces.push_back(text.substr(c.at(), end - c.at()));
    rest = end;
    c = split_cursor(text, end);
  }
  if (rest < text.size()) pieces.push_back(text.substr(rest));
}

}  // namespace detail

LINGUALINKED_DECL void split(splitter how, std::string_view text, std::vector<std::string_view>& pieces) {
  using detail::split_cursor;
  switch (how) {
    case splitter::gpt2: return detail::split_isolated(text, pieces, detail::gpt2_end);
    case splitter::llama3:
      return detail::split_isolated(text, pieces, [](const split_cursor& c) { return detail::llama3_end(c, 3); });
    case splitter::qwen2:
      return detail::split_isolated(text, pieces, [](const split_cursor& c) { return detail::llama3_end(c, 1); });
    case splitter::bloom: return detail::split_isolated(text, pieces, detail::bloom_end);
    case splitter::digits:
      return detail::split_isolated(text, pieces, [](split_cursor c) {
        if (c.is(character_class::number)) c.advance();
        return c.at();
      });
  }
}

LINGUALINKED_DECL std::optional<splitter> splitter_for(std::string_view pattern) {
  static constexpr std::array<std::pair<std::string_view, splitter>, 9> known{{
      {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", splitter::gpt2},
      {R"((?:'s|'t|'re|'ve|'m|'ll|'d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", splitter::gpt2},
      {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
       splitter::llama3},
      {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
       splitter::qwen2},
      {" ?[^(\\s|[.,!?\xE2\x80\xA6\xE3\x80\x82\xEF\xBC\x8C\xE3\x80\x81\xE0\xA5\xA4\xDB\x94\xD8\x8C])]+", splitter::bloom},
      {" ?[^(\\s|.,!?\xE2\x80\xA6\xE3\x80\x82\xEF\xBC\x8C\xE3\x80\x81\xE0\xA5\xA4\xDB\x94\xD8\x8C)]+", splitter::bloom},
      {R"(\p{N})", splitter::digits},
      {R"((\p{N}))", splitter::digits},
      {R"([\p{N}])", splitter::digits},
  }};
  for (const auto& [text, how] : known) {
    if (text == pattern) return how;
  }
  return std::nullopt;
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/templates/syntax.hpp>
#include <lingualinked/text/unicode.hpp>

#include <array>
#include <optional>

namespace lingualinked::inline v0::templates {
namespace detail {

[[nodiscard]] inline bool is_space_character(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
}
[[nodiscard]] inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] inline bool is_name_character(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

class template_lexer {
 public:
  explicit template_lexer(std::string_view source) {
    for (std::size_t i = 0; i < source.size(); ++i) {  // every line end becomes one \n
      if (source[i] == '\r') {
        source_.push_back('\n');
        if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
      } else {
        source_.push_back(source[i]);
      }
    }
    if (source_.ends_with('\n')) source_.pop_back();
  }

  result<std::vector<token>> run() {
    while (at_ < source_.size() && !failure_) {
      const std::size_t tag = next_tag();
      std::string_view data = std::string_view(source_).substr(at_, tag - at_);
      if (tag == source_.size()) {
        put_data(data);
        break;
      }
      const char kind = source_[tag + 1];
      const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
      const bool signed_tag = sign == '-' || sign == '+';
      if (sign == '-') {
        while (!data.empty() && is_space_character(data.back())) data.remove_suffix(1);
      } else if (sign != '+' && kind != '{') {
        data = without_indent(data);
      }
      put_data(data);
      count_lines(at_, tag);
      at_ = tag + (signed_tag ? 3 : 2);
      if (kind == '#') {
        skip_comment();
      } else if (kind == '%' && word_ahead("raw")) {
        skip_raw();
      } else {
        read_tag(kind == '%');
      }
    }
    if (failure_) return *std::move(failure_);
    tokens_.push_back({token_kind::end, "the end of the template", line_});
    return std::move(tokens_);
  }

 private:
  void fail(std::string what) {
    if (!failure_) failure_ = error{errc::malformed, "line " + std::to_string(line_) + ": " + std::move(what)};
  }
  void count_lines(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) line_ += source_[i] == '\n' ? 1 : 0;
  }
  void put_data(std::string_view data) {
    if (!data.empty()) tokens_.push_back({token_kind::data, std::string(data), line_});
  }
  [[nodiscard]] std::size_t next_tag() const {
    for (std::size_t i = source_.find('{', at_); i != std::string::npos; i = source_.find('{', i + 1)) {
      if (i + 1 < source_.size() && (source_[i + 1] == '{' || source_[i + 1] == '%' || source_[i + 1] == '#')) return i;
    }
    return source_.size();
  }
  /// Drops white space between the last line end and the tag, when nothing else stands there.
  [[nodiscard]] std::string_view without_indent(std::string_view data) const {
    const std::size_t line_begin = data.rfind('\n') + 1;  // npos + 1 is 0
    if (line_begin == 0 && at_ > 0 && source_[at_ - 1] != '\n') return data;
    for (std::size_t i = line_begin; i < data.size(); ++i) {
      if (!is_space_character(data[i])) return data;
    }
    return data.substr(0, line_begin);
  }
  /// What stands behind a tag's end that the end swallows: with -, all white space; without +, one line end after blocks.
  void after_tag(char sign, bool trims) {
    const std::size_t from = at_;
    if (sign == '-') {
      while (at_ < source_.size() && is_space_character(source_[at_])) ++at_;
    } else if (trims && sign != '+' && at_ < source_.size() && source_[at_] == '\n') {
      ++at_;
    }
    count_lines(from, at_);
  }
  void skip_comment() {
    const std::size_t end = source_.find("#}", at_);
    if (end == std::string::npos) return fail("a comment is not closed");
    const char sign = end > at_ ? source_[end - 1] : '\0';
    count_lines(at_, end);
    at_ = end + 2;
    after_tag(sign == '-' || sign == '+' ? sign : '\0', true);
  }
  /// Whether the tag holds this word alone; moves behind the tag's end if so.
  bool word_ahead(std::string_view word) {
    std::size_t i = at_;
    while (i < source_.size() && is_space_character(source_[i])) ++i;
    if (std::string_view(source_).substr(i, word.size()) != word) return false;
    i += word.size();
    while (i < source_.size() && is_space_character(source_[i])) ++i;
    const bool minus = i < source_.size() && source_[i] == '-';
    if (std::string_view(source_).substr(i + (minus ? 1 : 0), 2) != "%}") return false;
    count_lines(at_, i);
    at_ = i + (minus ? 3 : 2);
    after_tag(minus ? '-' : '+', false);
    return true;
  }
  void skip_raw() {
    const std::size_t begin = at_;
    for (std::size_t tag = source_.find("{%", at_); tag != std::string::npos; tag = source_.find("{%", tag + 2)) {
      const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
      at_ = tag + (sign == '-' || sign == '+' ? 3 : 2);
      std::size_t i = at_;
      while (i < source_.size() && is_space_character(source_[i])) ++i;
      if (std::string_view(source_).substr(i, 6) != "endraw") continue;
      i += 6;
      while (i < source_.size() && is_space_character(source_[i])) ++i;
      const char end_sign = i < source_.size() && (source_[i] == '-' || source_[i] == '+') ? source_[i] : '\0';
      if (end_sign != '\0') ++i;
      if (std::string_view(source_).substr(i, 2) != "%}") continue;
      std::string_view data = std::string_view(source_).substr(begin, tag - begin);
      while (sign == '-' && !data.empty() && is_space_character(data.back())) data.remove_suffix(1);
      if (sign != '-' && sign != '+') {
        const std::size_t line_begin = data.rfind('\n') + 1;
        const std::string_view indent = data.substr(line_begin);
        bool blank = line_begin > 0;
        for (const char c : indent) blank = blank && is_space_character(c);
        if (blank) data = data.substr(0, line_begin);
      }
      put_data(data);
      count_lines(begin, i);
      at_ = i + 2;
      return after_tag(end_sign, true);
    }
    fail("a raw block is not closed");
  }
  void read_tag(bool block) {
    const std::string_view closing = block ? "%}" : "}}";
    tokens_.push_back({block ? token_kind::begin_block : token_kind::begin_output, "", line_});
    std::string open;  // brackets not yet closed: inside them the tag cannot end
    while (!failure_) {
      while (at_ < source_.size() && is_space_character(source_[at_])) line_ += source_[at_++] == '\n' ? 1 : 0;
      if (at_ >= source_.size()) return fail("a tag is not closed");
      const char c = source_[at_];
      const std::string_view rest = std::string_view(source_).substr(at_);
      const bool sign = (c == '-' || (c == '+' && block)) && rest.substr(1, 2) == closing;
      if (open.empty() && (sign || rest.starts_with(closing))) {
        tokens_.push_back({block ? token_kind::end_block : token_kind::end_output, std::string(closing), line_});
        at_ += sign ? 3 : 2;
        return after_tag(sign ? c : '\0', block);
      }
      if (c == '"' || c == '\'') {
        read_string(c);
      } else if (is_digit(c)) {
        read_number();
      } else if (is_name_character(c)) {
        const std::size_t begin = at_;
        while (at_ < source_.size() && is_name_character(source_[at_])) ++at_;
        tokens_.push_back({token_kind::name, source_.substr(begin, at_ - begin), line_});
      } else {
        read_symbol(rest, open);
      }
    }
  }
  void read_symbol(std::string_view rest, std::string& open) {
    static constexpr std::array<std::string_view, 27> symbols{"//", "**", "==", "!=", "<=", ">=", "+", "-", "*",
                                                              "/",  "%",  "~",  "<",  ">",  "=",  ".", ",", ":",
                                                              "|",  "(",  ")",  "[",  "]",  "{",  "}", ";", "@"};
    for (const std::string_view symbol : symbols) {
      if (!rest.starts_with(symbol)) continue;
      if (symbol == "(" || symbol == "[" || symbol == "{") open.push_back(symbol == "(" ? ')' : symbol == "[" ? ']' : '}');
      if (symbol == ")" || symbol == "]" || symbol == "}") {
        if (open.empty() || open.back() != symbol.front()) return fail("'" + std::string(symbol) + "' closes nothing");
        open.pop_back();
      }
      at_ += symbol.size();
      tokens_.push_back({token_kind::symbol, std::string(symbol), line_});
      return;
    }
    fail("unexpected character '" + valid_utf8(rest.substr(0, character_bytes(rest, 0))) + "'");
  }
  void read_number() {
    const std::size_t begin = at_;
    std::string digits;
    const auto take = [&] {
      while (at_ < source_.size() &&
             (is_digit(source_[at_]) || (source_[at_] == '_' && at_ + 1 < source_.size() && is_digit(source_[at_ + 1])))) {
        if (source_[at_] != '_') digits.push_back(source_[at_]);
        ++at_;
      }
    };
    take();
    bool real = false;
    if (at_ + 1 < source_.size() && source_[at_] == '.' && is_digit(source_[at_ + 1])) {
      real = true;
      digits.push_back(source_[at_++]);
      take();
    }
    if (at_ < source_.size() && (source_[at_] == 'e' || source_[at_] == 'E')) {
      std::size_t i = at_ + 1;
      if (i < source_.size() && (source_[i] == '+' || source_[i] == '-')) ++i;
      if (i < source_.size() && is_digit(source_[i])) {
        real = true;
        digits.append(source_, at_, i - at_);
        at_ = i;
        take();
      }
    }
    if (at_ < source_.size() && is_name_character(source_[at_])) {
      return fail("'" + source_.substr(begin, at_ + 1 - begin) + "' is not a number");
    }
    tokens_.push_back({real ? token_kind::real : token_kind::integer, std::move(digits), line_});
  }
  void read_string(char quote) {
    const std::size_t line = line_;
    std::string text;
    for (++at_; at_ < source_.size() && source_[at_] != quote; ++at_) {
      if (source_[at_] != '\\') {
        line_ += source_[at_] == '\n' ? 1 : 0;
        text.push_back(source_[at_]);
      } else if (++at_ < source_.size()) {
        read_escape(text);
      }
    }
    if (at_ >= source_.size()) return fail("a string is not closed");
    ++at_;
    tokens_.push_back({token_kind::string, std::move(text), line});
  }
  /// Python's escapes; one that Python does not know stays as written.
  void read_escape(std::string& text) {
    static constexpr std::string_view names = "abfnrtv\\'\"";
    static constexpr std::string_view values = "\a\b\f\n\r\t\v\\'\"";
    const char c = source_[at_];
    if (const std::size_t i = names.find(c); i != std::string_view::npos) return text.push_back(values[i]);
    if (c == '\n') return static_cast<void>(++line_);
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    char32_t code_point = 0;
    if (digits > 0) {
      for (std::size_t i = 1; i <= digits; ++i) {
        const char d = at_ + i < source_.size() ? source_[at_ + i] : '\0';
        const int v = is_digit(d) ? d - '0' : d >= 'a' && d <= 'f' ? d - 'a' + 10 : d >= 'A' && d <= 'F' ? d - 'A' + 10 : -1;
        if (v < 0) return fail("an escape in a string is cut off");
        code_point = code_point * 16 + static_cast<char32_t>(v);
      }
      at_ += digits;
      if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point < 0xE000))
        return fail("an escape in a string is no code point");
      return append_utf8(text, code_point);
    }
    if (c >= '0' && c <= '7') {
      std::size_t i = 0;
      for (; i < 3 && at_ + i < source_.size() && source_[at_ + i] >= '0' && source_[at_ + i] <= '7'; ++i) {
        code_point = code_point * 8 + static_cast<char32_t>(source_[at_ + i] - '0');
      }
      at_ += i - 1;
      return append_utf8(text, code_point);
    }
    text.push_back('\\');
    text.push_back(c);
  }

  std::string source_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::vector<token> tokens_;
  std::optional<error> failure_;
};

}  // namespace detail

LINGUALINKED_DECL result<std::vector<token>> tokenize_template(std::string_view source) {
  return detail::template_lexer(source).run();
}

}  // namespace lingualinked::inline v0::templates

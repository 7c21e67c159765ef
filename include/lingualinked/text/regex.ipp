// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/regex.hpp>
#include <lingualinked/text/unicode.hpp>

#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <utility>

namespace lingualinked::inline v0 {
namespace detail {

template <auto Free>
struct pcre2_free {
  template <class T>
  void operator()(T* p) const noexcept {
    Free(p);
  }
};
using pcre2_code_owner = std::unique_ptr<pcre2_code_8, pcre2_free<pcre2_code_free_8>>;
using pcre2_context_owner = std::unique_ptr<pcre2_match_context_8, pcre2_free<pcre2_match_context_free_8>>;
using pcre2_data_owner = std::unique_ptr<pcre2_match_data_8, pcre2_free<pcre2_match_data_free_8>>;

/// Whether PCRE2 knows a script of this name and would read \p{name} as its extensions, with the marks that it shares.
inline bool is_shared_script(std::string_view name) {
#if PCRE2_MAJOR > 10 || PCRE2_MINOR >= 40
  if (name.size() <= 2 || name.find_first_of(":=") != std::string_view::npos) return false;
  const std::string pattern = "\\p{sc:" + std::string(name) + "}";
  int code = 0;
  std::size_t offset = 0;
  const pcre2_code_owner made(
      pcre2_compile_8(reinterpret_cast<PCRE2_SPTR8>(pattern.data()), pattern.size(), PCRE2_UTF, &code, &offset, nullptr));
  return made != nullptr;
#else
  return static_cast<void>(name), false;
#endif
}

/// An Oniguruma pattern in Perl's dialect. \w means letters, marks, numbers and connectors there, and less in PCRE2.
/// Errors    errc::unsupported for what has no counterpart
inline result<std::string> perl_pattern(std::string_view pattern) {
  constexpr std::string_view word = R"(\p{L}\p{M}\p{N}\p{Pc})";
  const auto refuse = [](std::string_view what) {
    return error{errc::unsupported, "regular expression uses " + std::string(what) + ", which PCRE2 reads differently"};
  };
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (c == '\\') {
      ++i;
      if (next == 'h' || next == 'H' || (next == 'W' && in_class)) return refuse(pattern.substr(i - 1, 2));
      if (next == 'w') {
        out += in_class ? std::string(word) : "[" + std::string(word) + "]";
      } else if (next == 'W') {
        out += "[^" + std::string(word) + "]";
      } else {
        out.append(pattern.substr(i - 1, 2));
        const std::size_t end = pattern.find('}', i);
        if ((next != 'p' && next != 'P') || i + 1 >= pattern.size() || pattern[i + 1] != '{' || end == std::string_view::npos)
          continue;
        const bool inverse = pattern.substr(i + 2, 1) == "^";
        const std::string_view name = pattern.substr(i + 2 + inverse, end - i - 2 - inverse);
        out.append(inverse ? "{^" : "{").append(is_shared_script(name) ? "sc:" : "").append(name).append("}");
        i = end;
      }
      continue;
    }
    if (in_class && c == '&' && next == '&') return refuse("&&");
    if (in_class && c == '[') {
      const std::size_t end = next == ':' ? pattern.find(":]", i + 2) : std::string_view::npos;
      if (end == std::string_view::npos) return refuse("a class inside a class");
      out.append(pattern.substr(i, end + 2 - i));
      i = end + 1;
      continue;
    }
    out.push_back(c);
    if (c == '[') {  // a bracket that closes at once stands for itself
      in_class = true;
      if (next == '^') out.push_back(pattern[++i]);
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') out.push_back(pattern[++i]);
    } else if (c == ']') {
      in_class = false;
    }
  }
  return out;
}

inline std::string pcre2_message(int code) {
  std::array<unsigned char, 160> text{};
  pcre2_get_error_message_8(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace detail

struct regex::compiled {
  detail::pcre2_code_owner code;
  detail::pcre2_context_owner limits;
};

LINGUALINKED_DECL result<regex> regex::compile(std::string_view pattern) {
  if (pattern.size() > pattern_bytes_max) {
    return error{errc::limit, "regular expression of " + std::to_string(pattern.size()) + " bytes; at most " +
                                  std::to_string(pattern_bytes_max) + " are read"};
  }
  const auto perl = detail::perl_pattern(pattern);
  if (!perl) return perl.error();
  int code = 0;
  std::size_t offset = 0;
  // Oniguruma's ^ and $ match at every line; its other defaults are Perl's.
  const std::uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C;
  detail::pcre2_code_owner owner(
      pcre2_compile_8(reinterpret_cast<PCRE2_SPTR8>(perl->data()), perl->size(), options, &code, &offset, nullptr));
  if (!owner) {
    return error{errc::malformed, "regular expression, byte " + std::to_string(offset) + ": " + detail::pcre2_message(code)};
  }
  detail::pcre2_context_owner limits(pcre2_match_context_create_8(nullptr));
  if (!limits) throw std::bad_alloc();
  pcre2_set_heap_limit_8(limits.get(), match_heap_kibibytes_max);
  return regex(std::make_shared<const compiled>(compiled{std::move(owner), std::move(limits)}));
}

struct regex::search::scratch {
  detail::pcre2_data_owner data;
  detail::pcre2_context_owner limits;
};

LINGUALINKED_DECL regex::search::search(const regex& expression, std::string_view text)
    : expression_(expression), scratch_(std::make_unique<scratch>()), steps_left_(match_steps_max) {
  scratch_->data.reset(pcre2_match_data_create_8(1, nullptr));
  scratch_->limits.reset(pcre2_match_context_copy_8(expression.compiled_->limits.get()));
  if (!scratch_->data || !scratch_->limits) throw std::bad_alloc();
  restart(text);
}
LINGUALINKED_DECL regex::search::~search() = default;

LINGUALINKED_DECL void regex::search::restart(std::string_view text) noexcept {
  text_ = text.empty() ? std::string_view("") : text;
  steps_left_ += std::uint64_t{match_steps_per_byte_max} * text.size();
  find_stretch(0);
}

LINGUALINKED_DECL void regex::search::find_stretch(std::size_t from) noexcept {
  begin_ = from;
  while (begin_ < text_.size() && step_utf8(text_, begin_).status != utf8_status::complete) ++begin_;
  end_ = begin_;
  while (end_ < text_.size()) {
    const utf8_step step = step_utf8(text_, end_);
    if (step.status != utf8_status::complete) break;
    end_ += step.size;
  }
}

/// One call of the engine; its limit holds for each place where it tries to begin.
LINGUALINKED_DECL int regex::search::call(std::size_t from, std::uint32_t steps_max, bool only_here) noexcept {
  if (from > end_) return PCRE2_ERROR_NOMATCH;
  const std::uint32_t options = PCRE2_NO_UTF_CHECK | (only_here ? PCRE2_ANCHORED : 0U) | (begin_ > 0 ? PCRE2_NOTBOL : 0U) |
                                (end_ < text_.size() ? PCRE2_NOTEOL : 0U);
  pcre2_set_match_limit_8(scratch_->limits.get(), steps_max);
  return pcre2_match_8(expression_.compiled_->code.get(), reinterpret_cast<PCRE2_SPTR8>(text_.data()) + begin_, end_ - begin_,
                       from - begin_, options, scratch_->data.get(), scratch_->limits.get());
}

/// A few steps for each place are free. Where they do not do, places are tried one by one, and what they take is counted.
LINGUALINKED_DECL int regex::search::call_within_budget(std::size_t& from) noexcept {
  constexpr std::uint32_t free_steps = 256;
  int code = call(from, free_steps, false);
  while (code == PCRE2_ERROR_MATCHLIMIT) {
    for (std::uint64_t steps = free_steps; code == PCRE2_ERROR_MATCHLIMIT && steps <= steps_left_; steps *= 8) {
      code = call(from, static_cast<std::uint32_t>(std::min<std::uint64_t>(steps, match_steps_max)), true);
      steps_left_ -= steps;
    }
    if (code != PCRE2_ERROR_NOMATCH || from >= end_) return code;
    from += character_bytes(text_, from);
    code = call(from, free_steps, false);
  }
  return code;
}

LINGUALINKED_DECL result<std::optional<regex::match>> regex::search::next(std::size_t from) {
  for (;;) {
    if (from < begin_) from = begin_;
    const int code = call_within_budget(from);
    if (code >= 0) {
      const std::size_t* ends = pcre2_get_ovector_pointer_8(scratch_->data.get());
      return std::optional<match>(match{begin_ + ends[0], begin_ + ends[1]});
    }
    if (code != PCRE2_ERROR_NOMATCH) {
      return error{errc::limit, "regular expression gave up at byte " + std::to_string(from) + " of " +
                                    std::to_string(text_.size()) + ": " + detail::pcre2_message(code)};
    }
    if (end_ == text_.size()) return std::optional<match>{};
    find_stretch(std::max(from, end_ + 1));
  }
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/unicode.hpp>

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

namespace lingualinked::inline v0 {
namespace detail {

[[nodiscard]] inline character_class class_from_tables(char32_t code_point) noexcept {
  // White_Space is not a general category: controls 9-13 and U+0085 belong to it, U+200B does not.
  if ((code_point >= 9 && code_point <= 13) || code_point == 0x85) return character_class::space;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return character_class::letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return character_class::number;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return character_class::space;
    default: return character_class::other;
  }
}

/// Calls on_valid for each maximal run of valid UTF-8 and on_rest for the bytes between.
template <class OnValid, class OnRest>
void for_each_utf8_run(std::string_view text, OnValid on_valid, OnRest on_rest) {
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size()) {
      const utf8_step step = step_utf8(text, end);
      if (step.status != utf8_status::complete) break;
      end += step.size;
    }
    if (end > begin) on_valid(text.substr(begin, end - begin));
    if (end < text.size()) on_rest(text.substr(end, 1));
    begin = end + 1;
  }
}

/// Canonical order by a stable sort, because the usual insertion sort is quadratic in a long run of combining marks.
inline void order_marks(std::vector<utf8proc_int32_t>& text) {
  const auto combining = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; };
  for (auto at = text.begin(); at != text.end();) {
    if (combining(*at) == 0) {
      ++at;
      continue;
    }
    const auto end = std::find_if(at, text.end(), [&](utf8proc_int32_t c) { return combining(c) == 0; });
    std::stable_sort(at, end, [&](utf8proc_int32_t a, utf8proc_int32_t b) { return combining(a) < combining(b); });
    at = end;
  }
}

inline void append_normalized(std::string& out, std::string_view text, normal_form form) {
  const bool composes = form == normal_form::nfc || form == normal_form::nfkc;
  const bool compatible = form == normal_form::nfkc || form == normal_form::nfkd;
  const int options = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | (compatible ? int{UTF8PROC_COMPAT} : 0);
  std::vector<utf8proc_int32_t> decomposed;
  decomposed.reserve(text.size());
  std::array<utf8proc_int32_t, 32> expansion{};  // the longest decomposition of one code point has 18
  for (std::size_t at = 0; at < text.size();) {
    const utf8_step step = step_utf8(text, at);
    int last_class = 0;
    const auto count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(step.code_point), expansion.data(),
                                utf8proc_ssize_t{expansion.size()}, static_cast<utf8proc_option_t>(options), &last_class);
    decomposed.insert(decomposed.end(), expansion.begin(), expansion.begin() + std::max<utf8proc_ssize_t>(count, 0));
    at += step.size;
  }
  order_marks(decomposed);
  auto size = static_cast<utf8proc_ssize_t>(decomposed.size());
  if (composes) {
    size = utf8proc_normalize_utf32(decomposed.data(), size, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  }
  for (utf8proc_ssize_t i = 0; i < size; ++i) append_utf8(out, static_cast<char32_t>(decomposed[static_cast<std::size_t>(i)]));
}

}  // namespace detail

LINGUALINKED_DECL character_class class_of(char32_t code_point) noexcept {
  static const auto ascii = [] {
    std::array<character_class, 128> table{};
    for (char32_t c = 0; c < 128; ++c) table[c] = detail::class_from_tables(c);
    return table;
  }();
  return code_point < 128 ? ascii[code_point] : detail::class_from_tables(code_point);
}

LINGUALINKED_DECL bool is_punctuation(char32_t code_point) noexcept {
  if (code_point < 128) return code_point > 32 && code_point < 127 && class_of(code_point) == character_class::other;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO: return true;
    default: return false;
  }
}

LINGUALINKED_DECL bool is_word_character(char32_t code_point) noexcept {
  if (class_of(code_point) == character_class::letter || code_point == 0x200C || code_point == 0x200D) return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC: return true;
    default: return false;
  }
}

LINGUALINKED_DECL std::string normalize(std::string_view text, normal_form form) {
  std::string out;
  out.reserve(text.size());
  detail::for_each_utf8_run(
      text, [&](std::string_view run) { detail::append_normalized(out, run, form); },
      [&](std::string_view rest) { out.append(rest); });
  return out;
}

LINGUALINKED_DECL std::string lowercase(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const utf8_step step = step_utf8(text, at);
    if (step.status != utf8_status::complete) {
      out.append(text.substr(at, step.size));
    } else if (step.code_point == 0x130) {  // the one code point whose lower case is two
      out.append("i\xCC\x87");
    } else {
      append_utf8(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(step.code_point))));
    }
    at += step.size;
  }
  return out;
}

}  // namespace lingualinked::inline v0

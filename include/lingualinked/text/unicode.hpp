// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lingualinked::inline v0 {

enum class utf8_status : unsigned char {
  complete,    // a whole code point
  invalid,     // bytes that no valid text contains here
  incomplete,  // a beginning of a code point that the text's end cuts off
};

/// One step through UTF-8 text. When not complete, `size` is the maximal subpart that one U+FFFD stands for.
/// Source    The Unicode Standard 15.0, tables 3-7 and 3-8
struct utf8_step {
  char32_t code_point = 0xFFFD;
  std::size_t size = 1;
  utf8_status status = utf8_status::invalid;
};

/// The code point (or what stands in its place) at byte `at`.
/// Requires  at < text.size()
[[nodiscard]] inline utf8_step step_utf8(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(at);
  if (lead < 0x80) return {lead, 1, utf8_status::complete};
  std::size_t more = 0;
  unsigned low = 0x80;  // the second byte's range excludes overlong forms, surrogates and code points past U+10FFFF
  unsigned high = 0xBF;
  char32_t code_point = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    more = 1;
    code_point = lead & 0x1FU;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    more = 2;
    code_point = lead & 0x0FU;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    more = 3;
    code_point = lead & 0x07U;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {};
  }
  for (std::size_t i = 1; i <= more; ++i) {
    if (at + i == text.size()) return {0xFFFD, i, utf8_status::incomplete};
    const unsigned next = byte(at + i);
    if (next < low || next > high) return {0xFFFD, i, utf8_status::invalid};
    low = 0x80;
    high = 0xBF;
    code_point = (code_point << 6) | (next & 0x3FU);
  }
  return {code_point, more + 1, utf8_status::complete};
}

/// Appends the UTF-8 form of a code point.
/// Requires  code_point is a Unicode scalar value
inline void append_utf8(std::string& out, char32_t code_point) {
  const auto put = [&](char32_t bits) { out.push_back(static_cast<char>(static_cast<unsigned char>(bits))); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6));
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3F));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

/// The length of the code point at byte `at` of text that may be broken: a byte that starts nothing valid counts alone.
/// Requires  at < text.size()
[[nodiscard]] inline std::size_t character_bytes(std::string_view text, std::size_t at) noexcept {
  const utf8_step step = step_utf8(text, at);
  return step.status == utf8_status::complete ? step.size : 1;
}

/// Bytes as valid UTF-8: each maximal invalid subpart becomes one U+FFFD; a code point that the end cuts off is left out.
[[nodiscard]] inline std::string valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const utf8_step step = step_utf8(bytes, at);
    if (step.status == utf8_status::complete) out.append(bytes.substr(at, step.size));
    if (step.status == utf8_status::invalid) append_utf8(out, 0xFFFD);
    at += step.size;
  }
  return out;
}

/// What pre-tokenizers ask of a character: Unicode's general categories L and N, the property White_Space, or none of them.
enum class character_class : unsigned char { other, letter, number, space };

[[nodiscard]] LINGUALINKED_DECL character_class class_of(char32_t code_point) noexcept;

/// General category P (punctuation) or, below U+0080, any of the 32 printable ASCII characters that are no letter or digit.
[[nodiscard]] LINGUALINKED_DECL bool is_punctuation(char32_t code_point) noexcept;

/// What \w matches: letters, marks, decimal and letter numbers, connecting punctuation, and the two joiners.
[[nodiscard]] LINGUALINKED_DECL bool is_word_character(char32_t code_point) noexcept;

enum class normal_form : unsigned char { nfc, nfd, nfkc, nfkd };

/// The text in a Unicode normal form; bytes that are not valid UTF-8 stay as they are.
/// Cost      n log n at worst, in a long run of combining marks
[[nodiscard]] LINGUALINKED_DECL std::string normalize(std::string_view text, normal_form form);

/// The text with every code point in lower case, each on its own; bytes that are not valid UTF-8 stay as they are.
[[nodiscard]] LINGUALINKED_DECL std::string lowercase(std::string_view text);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/text/unicode.ipp>
#endif

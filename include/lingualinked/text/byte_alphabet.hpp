// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/unicode.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace lingualinked::inline v0 {

/// The printable stand-in that byte-level vocabularies write for a byte: visible Latin-1 characters stand for themselves, and the
/// other 68 bytes, in ascending order, for U+0100 onwards.
/// Source    Radford et al. 2019, Language Models are Unsupervised Multitask Learners, section 2.2 (the released vocabulary)
[[nodiscard]] constexpr char32_t byte_stand_in(unsigned char byte) noexcept {
  if (byte <= 32) return 0x100U + byte;
  if (byte < 127) return byte;
  if (byte <= 160) return 0x100U + 33U + (byte - 127U);
  if (byte == 173) return 0x100U + 67U;
  return byte;
}

/// The byte that a code point stands for, if any; the inverse of byte_stand_in.
[[nodiscard]] constexpr std::optional<unsigned char> byte_behind(char32_t code_point) noexcept {
  if (code_point >= 0x100 && code_point <= 0x100 + 32) return static_cast<unsigned char>(code_point - 0x100);
  if (code_point > 0x100 + 32 && code_point < 0x100 + 67) return static_cast<unsigned char>(code_point - 0x100 - 33 + 127);
  if (code_point == 0x100 + 67) return static_cast<unsigned char>(173);
  if ((code_point > 32 && code_point < 127) || (code_point > 160 && code_point < 256 && code_point != 173)) {
    return static_cast<unsigned char>(code_point);
  }
  return std::nullopt;
}

/// Bytes written in the alphabet of a byte-level vocabulary.
[[nodiscard]] inline std::string to_byte_alphabet(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char byte : bytes) append_utf8(out, byte_stand_in(static_cast<unsigned char>(byte)));
  return out;
}

/// The bytes behind a vocabulary string, or nothing when it has a character outside the alphabet.
[[nodiscard]] inline std::optional<std::string> from_byte_alphabet(std::string_view piece) {
  std::string out;
  for (std::size_t at = 0; at < piece.size();) {
    const utf8_step step = step_utf8(piece, at);
    const auto byte = step.status == utf8_status::complete ? byte_behind(step.code_point) : std::nullopt;
    if (!byte) return std::nullopt;
    out.push_back(static_cast<char>(*byte));
    at += step.size;
  }
  return out;
}

}  // namespace lingualinked::inline v0

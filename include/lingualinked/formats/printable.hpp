// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lingualinked::inline v0 {

/// A name from a file, fit for a message or a log: in single quotes, cut after `limit` bytes, everything but printable ASCII
/// escaped, so that a hostile name can neither break a line nor steer a terminal.
[[nodiscard]] inline std::string printable(std::string_view text, std::size_t limit = 80) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "'";
  for (const char c : text.substr(0, limit)) {
    if (c >= ' ' && c <= '~' && c != '\\' && c != '\'') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += digits[byte >> 4];
    out += digits[byte & 15U];
  }
  out += text.size() > limit ? "...'" : "'";
  return out;
}

}  // namespace lingualinked::inline v0

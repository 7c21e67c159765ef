// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>
#include <lingualinked/text/unicode.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// SentencePiece's compiled normalisation rules: the longest rule that fits at a place replaces what it matched.
///   bytes 0..3   size of the trie in bytes, little-endian
///   then         a double-array trie of 32-bit units; a leaf's value is an offset into the replacements
///   then         replacements, each ended by a zero byte
/// A unit: bits 0..7 the byte it was reached by (bit 31 set marks a value), bit 8 "has a value", bits 10..30 the offset to its
/// children, in steps of 256 where bit 9 is set.
/// Source    Kudo & Richardson 2018, SentencePiece, arXiv 1808.06226; Aoe 1989, An Efficient Digital Search Algorithm (double
/// array)
class charsmap {
 public:
  /// Errors    errc::malformed when the parts do not fit together
  [[nodiscard]] static result<charsmap> create(std::string_view rules) {
    if (rules.size() < 4) return error{errc::malformed, "compiled normalisation rules end within their first 4 bytes"};
    const std::uint32_t trie_bytes = unit_at(rules, 0);
    if (trie_bytes == 0 || trie_bytes % 4 != 0 || trie_bytes > rules.size() - 4) {
      return error{errc::malformed, "compiled normalisation rules announce a trie of " + std::to_string(trie_bytes) +
                                        " bytes and hold " + std::to_string(rules.size() - 4)};
    }
    charsmap made;
    for (std::size_t at = 4; at < 4 + std::size_t{trie_bytes}; at += 4) made.units_.push_back(unit_at(rules, at));
    made.replacements_ = std::string(rules.substr(4 + std::size_t{trie_bytes}));
    return made;
  }

  /// What replaces the longest rule at byte `at`, and how many bytes it covers; nothing when no rule fits.
  /// Requires  at < text.size()
  [[nodiscard]] std::optional<std::pair<std::string_view, std::size_t>> longest_rule(std::string_view text,
                                                                                     std::size_t at) const {
    std::optional<std::pair<std::string_view, std::size_t>> best;
    std::size_t node = children(units_[0]);
    for (std::size_t i = at; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte == 0) break;
      node ^= byte;
      if (node >= units_.size() || (units_[node] & 0x800000FFU) != byte) break;
      const std::uint32_t unit = units_[node];
      node ^= children(unit);
      if ((unit & 0x100U) == 0 || node >= units_.size()) continue;
      const std::size_t offset = units_[node] & 0x7FFFFFFFU;
      if (offset >= replacements_.size()) continue;
      const std::string_view rest = std::string_view(replacements_).substr(offset);
      best = {rest.substr(0, rest.find('\0')), i + 1 - at};
    }
    return best;
  }

  /// The whole text, normalised.
  /// Errors    errc::limit when it grows beyond bytes_max
  [[nodiscard]] result<std::string> apply(std::string_view text, std::size_t bytes_max) const {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
      if (out.size() > bytes_max) break;
      if (const auto rule = longest_rule(text, at)) {
        out.append(rule->first);
        at += rule->second;
      } else {
        const std::size_t bytes = character_bytes(text, at);
        out.append(text.substr(at, bytes));
        at += bytes;
      }
    }
    if (out.size() > bytes_max) return error{errc::limit, "normalised text grows beyond " + std::to_string(bytes_max) + " bytes"};
    return out;
  }

 private:
  [[nodiscard]] static std::uint32_t unit_at(std::string_view bytes, std::size_t at) noexcept {
    const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(bytes[at + i])}; };
    return byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24);
  }
  [[nodiscard]] static std::size_t children(std::uint32_t unit) noexcept { return (unit >> 10) << ((unit & 0x200U) >> 6); }
  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace lingualinked::inline v0

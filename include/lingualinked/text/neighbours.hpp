// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lingualinked::inline v0 {

/// Which characters stand side by side inside some token of a vocabulary. Where two never do, no merge can span them, so a long
/// text may be cut there and each part merged, and remembered, on its own. The answer "never" is certain; "perhaps" may be a
/// collision in the table, which only costs time.
class neighbours {
 public:
  void add(char32_t left, char32_t right) {
    if (bits_.empty()) bits_.assign(words, 0);
    const std::size_t bit = bit_of(left, right);
    bits_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
  [[nodiscard]] bool never(char32_t left, char32_t right) const noexcept {
    if (bits_.empty()) return true;
    const std::size_t bit = bit_of(left, right);
    return (bits_[bit / 64] >> (bit % 64) & 1U) == 0;
  }

 private:
  static constexpr std::size_t words = std::size_t{1} << 16;  // 512 KiB
  [[nodiscard]] static std::size_t bit_of(char32_t left, char32_t right) noexcept {
    const std::uint64_t hash = ((std::uint64_t{left} << 21) | right) * 0x9E3779B97F4A7C15U;
    return static_cast<std::size_t>(hash >> 42);
  }
  std::vector<std::uint64_t> bits_;
};

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <limits>

namespace lingualinked::inline v0 {

/// Unsigned 64-bit size arithmetic that remembers an overflow instead of wrapping; the one type for sizes from outside.
/// One overflow poisons every later result, so a chain of operations needs a single check at its end.
class checked_size {
 public:
  constexpr checked_size() noexcept = default;
  constexpr checked_size(std::uint64_t value) noexcept : value_(value) {}  // NOLINT: implicit by design

  [[nodiscard]] constexpr bool valid() const noexcept { return valid_; }
  /// The value, or `otherwise` after an overflow.
  [[nodiscard]] constexpr std::uint64_t value_or(std::uint64_t otherwise) const noexcept { return valid_ ? value_ : otherwise; }
  /// valid() and not above `limit`.
  [[nodiscard]] constexpr bool at_most(std::uint64_t limit) const noexcept { return valid_ && value_ <= limit; }

  friend constexpr checked_size operator+(checked_size a, checked_size b) noexcept {
    checked_size r{a.value_ + b.value_};
    r.valid_ = a.valid_ && b.valid_ && r.value_ >= a.value_;
    return r;
  }
  friend constexpr checked_size operator*(checked_size a, checked_size b) noexcept {
    checked_size r{a.value_ * b.value_};
    r.valid_ = a.valid_ && b.valid_ && (a.value_ == 0 || b.value_ <= std::numeric_limits<std::uint64_t>::max() / a.value_);
    return r;
  }
  /// The smallest multiple of `step` that is not below `a`; a step of zero is an overflow.
  friend constexpr checked_size round_up(checked_size a, std::uint64_t step) noexcept {
    checked_size r = a;
    if (step == 0) {
      r.valid_ = false;
      return r;
    }
    const std::uint64_t rest = a.value_ % step;
    return rest == 0 ? a : a + checked_size{step - rest};
  }

 private:
  std::uint64_t value_ = 0;
  bool valid_ = true;
};

}  // namespace lingualinked::inline v0

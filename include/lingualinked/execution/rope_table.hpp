// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/elementary.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/graph/operation.hpp>

#include <cstddef>
#include <vector>

namespace lingualinked::inline v0 {

/// Cosines and sines of every position and frequency, in double by our own functions, rounded to float once.
///   angle(p, i) = p * base^(-2i/rotary) / divisor[i]; both times the amplitude
class rope_table {
 public:
  rope_table(const rope_operation& how, std::size_t positions);

  [[nodiscard]] const float* cosines(std::size_t position) const noexcept { return values_.data() + position * 2 * half_; }
  [[nodiscard]] const float* sines(std::size_t position) const noexcept { return cosines(position) + half_; }
  [[nodiscard]] std::size_t half() const noexcept { return half_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return values_.size() * sizeof(float); }
  [[nodiscard]] bool serves(const rope_operation& other) const noexcept { return same_rotation(how_, other); }

 private:
  rope_operation how_;
  std::size_t half_;
  std::vector<float> values_;  // [position][cosines, sines][half]
};

LINGUALINKED_STRICT_FLOAT_BEGIN

inline rope_table::rope_table(const rope_operation& how, std::size_t positions)
    : how_(how), half_(how.rotary / 2), values_(positions * how.rotary) {
  std::vector<double> frequency(half_);
  for (std::size_t i = 0; i < half_; ++i) {
    frequency[i] = elementary::pow(how.base, -2.0 * static_cast<double>(i) / static_cast<double>(how.rotary));
    if (!how.divisors.empty()) frequency[i] /= how.divisors[i];
  }
  for (std::size_t p = 0; p < positions; ++p) {
    float* row = values_.data() + p * how.rotary;
    for (std::size_t i = 0; i < half_; ++i) {
      const double angle = static_cast<double>(p) * frequency[i];
      row[i] = static_cast<float>(how.amplitude * elementary::cos(angle));
      row[half_ + i] = static_cast<float>(how.amplitude * elementary::sin(angle));
    }
  }
}

LINGUALINKED_STRICT_FLOAT_END

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/random.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Draws how many times longer than expected something takes, from measured quantiles.
///   Draw n depends on seed, stream and n alone: what one device draws does not depend on when another one drew.
class residual_stream {
 public:
  /// quantiles: of measured / expected, ascending; between two of them every factor is as likely. Empty: always 1.
  residual_stream(std::vector<double> quantiles, std::uint64_t seed, std::uint64_t stream)
      : quantiles_(std::move(quantiles)), key_(key_of(seed, stream)) {}

  [[nodiscard]] double next() noexcept {
    if (quantiles_.empty()) return 1;
    const double at = uniform_draw(key_, drawn_++) * static_cast<double>(quantiles_.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    if (below + 1 >= quantiles_.size()) return quantiles_.back();
    return quantiles_[below] + (quantiles_[below + 1] - quantiles_[below]) * (at - static_cast<double>(below));
  }

 private:
  static std::uint64_t key_of(std::uint64_t seed, std::uint64_t stream) noexcept {
    const auto word = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
    const auto bits = philox4x32({word(stream), word(stream >> 32), 1, 0}, {word(seed), word(seed >> 32)});
    return (std::uint64_t{bits[0]} << 32) | bits[1];
  }

  std::vector<double> quantiles_;
  std::uint64_t key_;
  std::uint64_t drawn_ = 0;
};

}  // namespace lingualinked::inline v0

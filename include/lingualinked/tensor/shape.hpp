// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/checked.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lingualinked::inline v0 {

/// Sizes of a dense tensor, outermost dimension first; the last one is contiguous. Rank 0 is a single number.
template <std::size_t Rank>
using extents = std::array<std::size_t, Rank>;

/// How many elements the sizes make, without overflow: sizes may come from a file. Requires nothing; no sizes make one element.
[[nodiscard]] constexpr checked_size element_count(std::span<const std::uint64_t> sizes) noexcept {
  checked_size count = 1;
  for (const auto size : sizes) count = count * checked_size(size);
  return count;
}

/// How many elements trusted sizes make. Requires  that they fit in memory
template <std::size_t Rank>
[[nodiscard]] constexpr std::size_t volume(const extents<Rank>& sizes) noexcept {
  std::size_t count = 1;
  for (const auto size : sizes) count *= size;
  return count;
}

/// How far apart, in elements, neighbours along each dimension lie in row-major order.
template <std::size_t Rank>
[[nodiscard]] constexpr extents<Rank> row_major_strides(const extents<Rank>& sizes) noexcept {
  extents<Rank> strides{};
  std::size_t step = 1;
  for (std::size_t i = Rank; i-- > 0;) {
    strides[i] = step;
    step *= sizes[i];
  }
  return strides;
}

}  // namespace lingualinked::inline v0

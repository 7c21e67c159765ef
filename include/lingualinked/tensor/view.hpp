// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/contract.hpp>
#include <lingualinked/tensor/shape.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>

namespace lingualinked::inline v0 {

/// Numbers that someone else owns, seen as a dense row-major tensor: a pointer and the sizes, cheap to copy. T may be const.
/// Requires  the memory outlives the view. Every index is below its extent: checked unless NDEBUG.
template <class T, std::size_t Rank>
requires(Rank >= 1)
class tensor_view {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;
  static constexpr std::size_t rank = Rank;

  constexpr tensor_view() = default;
  constexpr tensor_view(T* data, const extents<Rank>& sizes) noexcept : data_(data), sizes_(sizes) {}
  /// Requires  data.size() is the product of the sizes
  constexpr tensor_view(std::span<T> data, const extents<Rank>& sizes) : data_(data.data()), sizes_(sizes) {
    LINGUALINKED_EXPECTS(data.size() == volume(sizes));
  }
  /// A view that may write is also one that only reads.
  template <class U>
  requires(std::same_as<const U, T> && !std::is_const_v<U>)
  constexpr tensor_view(const tensor_view<U, Rank>& other) noexcept  // NOLINT: implicit by design
      : data_(other.data()), sizes_(other.sizes()) {}

  [[nodiscard]] constexpr T* data() const noexcept { return data_; }
  [[nodiscard]] constexpr const extents<Rank>& sizes() const noexcept { return sizes_; }
  [[nodiscard]] constexpr std::size_t extent(std::size_t dimension) const {
    LINGUALINKED_EXPECTS(dimension < Rank);
    return sizes_[dimension];
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return volume(sizes_); }
  [[nodiscard]] constexpr bool empty() const noexcept { return size() == 0; }
  /// All elements, in row-major order.
  [[nodiscard]] constexpr std::span<T> flat() const noexcept { return {data_, size()}; }

  template <std::convertible_to<std::size_t>... Indices>
  requires(sizeof...(Indices) == Rank)
  [[nodiscard]] constexpr T& operator()(Indices... indices) const {
    const extents<Rank> at{static_cast<std::size_t>(indices)...};
    std::size_t offset = 0;
    for (std::size_t i = 0; i < Rank; ++i) {
      LINGUALINKED_EXPECTS(at[i] < sizes_[i]);
      offset = offset * sizes_[i] + at[i];
    }
    return data_[offset];
  }

  /// The slice at `index` of the outermost dimension: a row of a matrix, an element of a vector.
  [[nodiscard]] constexpr decltype(auto) operator[](std::size_t index) const {
    LINGUALINKED_EXPECTS(index < sizes_[0]);
    if constexpr (Rank == 1) {
      return static_cast<T&>(data_[index]);
    } else {
      extents<Rank - 1> inner{};
      for (std::size_t i = 1; i < Rank; ++i) inner[i - 1] = sizes_[i];
      return tensor_view<T, Rank - 1>(data_ + index * volume(inner), inner);
    }
  }

  /// `count` slices of the outermost dimension, from `first` on.
  [[nodiscard]] constexpr tensor_view slice(std::size_t first, std::size_t count) const {
    LINGUALINKED_EXPECTS(first <= sizes_[0] && count <= sizes_[0] - first);
    const std::size_t step = sizes_[0] == 0 ? 0 : size() / sizes_[0];
    extents<Rank> part = sizes_;
    part[0] = count;
    return {data_ + first * step, part};
  }

  /// The same elements under other sizes. Requires  that they make as many
  template <std::size_t NewRank>
  [[nodiscard]] constexpr tensor_view<T, NewRank> reshape(const extents<NewRank>& sizes) const {
    LINGUALINKED_EXPECTS(volume(sizes) == size());
    return {data_, sizes};
  }

 private:
  T* data_ = nullptr;
  extents<Rank> sizes_{};
};

}  // namespace lingualinked::inline v0

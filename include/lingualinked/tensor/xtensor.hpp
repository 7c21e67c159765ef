// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/tensor/shape.hpp>
#include <lingualinked/tensor/view.hpp>

// The headers moved into folders in xtensor 0.26; this file is the only one that has to know.
#if __has_include(<xtensor/containers/xadapt.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xtensor.hpp>
#endif

#include <algorithm>
#include <cstddef>

namespace lingualinked::inline v0 {

/// A view as an xtensor adaptor: no copy, writes go through, its rank is part of the type. So that embedders read logits and
/// hidden states as xtensor expressions.
/// Requires  the memory outlives the adaptor and every lazy expression made from it
template <class T, std::size_t Rank>
[[nodiscard]] auto as_xtensor(tensor_view<T, Rank> view) {
  return xt::adapt(view.data(), view.size(), xt::no_ownership(), view.sizes());
}

/// A row-major xtensor container as a view.
/// Requires  the container outlives the view and is not resized
template <class T, std::size_t Rank>
[[nodiscard]] tensor_view<T, Rank> view_of_xtensor(xt::xtensor<T, Rank, xt::layout_type::row_major>& tensor) {
  extents<Rank> sizes{};
  std::copy(tensor.shape().begin(), tensor.shape().end(), sizes.begin());
  return {tensor.data(), sizes};
}

}  // namespace lingualinked::inline v0

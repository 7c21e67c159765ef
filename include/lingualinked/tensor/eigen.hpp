// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/tensor/shape.hpp>
#include <lingualinked/tensor/view.hpp>

#include <Eigen/Core>

#include <cstddef>
#include <type_traits>

namespace lingualinked::inline v0 {

namespace detail {
template <class T>
using eigen_matrix = Eigen::Matrix<std::remove_cv_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using eigen_vector = Eigen::Matrix<std::remove_cv_t<T>, Eigen::Dynamic, 1>;
template <class T, class Plain>
using eigen_map = Eigen::Map<std::conditional_t<std::is_const_v<T>, const Plain, Plain>>;
}  // namespace detail

/// A matrix view as a row-major Eigen map: no copy, writes go through. For embedders and tests; no number that reaches a logit is
/// computed by Eigen.
template <class T>
[[nodiscard]] auto as_eigen(tensor_view<T, 2> view) noexcept {
  return detail::eigen_map<T, detail::eigen_matrix<T>>(view.data(), static_cast<Eigen::Index>(view.sizes()[0]),
                                                       static_cast<Eigen::Index>(view.sizes()[1]));
}

/// A vector view as an Eigen column vector map.
template <class T>
[[nodiscard]] auto as_eigen(tensor_view<T, 1> view) noexcept {
  return detail::eigen_map<T, detail::eigen_vector<T>>(view.data(), static_cast<Eigen::Index>(view.sizes()[0]));
}

/// A dense row-major Eigen matrix as a view; a column vector becomes a view of rank 1.
/// Requires  the matrix outlives the view
template <class Matrix>
requires(std::is_base_of_v<Eigen::PlainObjectBase<Matrix>, Matrix> &&
         (bool(Matrix::IsRowMajor) || Matrix::ColsAtCompileTime == 1))
[[nodiscard]] auto view_of_eigen(Matrix& matrix) noexcept {
  using scalar = typename Matrix::Scalar;
  const auto rows = static_cast<std::size_t>(matrix.rows());
  if constexpr (Matrix::ColsAtCompileTime == 1) {
    return tensor_view<scalar, 1>(matrix.data(), {rows});
  } else {
    return tensor_view<scalar, 2>(matrix.data(), {rows, static_cast<std::size_t>(matrix.cols())});
  }
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/kernels/panels.hpp>

#include <Eigen/Core>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace test_support {

namespace ll = lingualinked;

using matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A tensor [rows, columns] in double precision.
inline matrix load_matrix(const ll::tensor_source& weights, const std::string& name) {
  const ll::tensor_info& info = *weights.find(name);
  std::vector<std::byte> bytes(info.bytes);
  weights.read(info, 0, bytes).value();
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> m(static_cast<Eigen::Index>(info.rows),
                                                                          static_cast<Eigen::Index>(info.columns));
  ll::kernels::decode(info.type, bytes, std::span(m.data(), static_cast<std::size_t>(m.size()))).value();
  return m.cast<double>();
}

}  // namespace test_support

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/kernels/panels.hpp>
#include <lingualinked/tensor/storage.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Called for every piece of weights that was read, with bytes done and bytes in all. False: give up.
using weight_progress = std::function<bool(std::uint64_t, std::uint64_t)>;

/// The weights of one stage as kernels read them. A matrix that two operations share (tied embedding and head) is kept once.
class stage_weights {
 public:
  /// Reads exactly the tensors that `operations` name, in pieces, straight into panels.
  /// Errors    io; malformed for a value that is not finite, naming the tensor and the row; cancelled when progress says so;
  ///           unsupported as panels::make; limit for sizes beyond this machine's addresses
  [[nodiscard]] static result<stage_weights> load(std::span<const operation> operations, const tensor_source& source,
                                                  const weight_progress& progress = {});

  /// Requires  an operation given to load() names this weight.
  [[nodiscard]] kernels::panel_view matrix(const weight_ref& w) const { return matrices_.at({w.name, w.first}).view(); }
  [[nodiscard]] const float* vector(const weight_ref& w) const { return vectors_.at({w.name, w.first}).data(); }

  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  using part_key = std::pair<std::string, std::size_t>;  // name, where the part begins
  storage panels_;                                       // of all matrices
  std::map<part_key, kernels::panels> matrices_;
  std::map<part_key, std::vector<float>> vectors_;
  std::uint64_t bytes_ = 0;
};

/// The first block that holds a scale or value that is not finite, or the number of blocks when all are fine.
/// Requires  blocks.size() is a multiple of the dtype's block
[[nodiscard]] std::size_t first_bad_block(dtype type, std::span<const std::byte> blocks) noexcept;

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/execution/stage_weights.ipp>
#endif

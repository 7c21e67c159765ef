// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/tensor_index.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/tensor/dtype.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// The type of that name, when weights can be quantised to it: q8_0, q4_0, q4_1, q5_0, q5_1.
/// Errors    invalid_argument
[[nodiscard]] LINGUALINKED_DECL result<dtype> quantised_type_named(std::string_view name);

/// Float weights as a quantised type, rounded row by row as they are read: a matrix has the same bits wherever it is loaded.
/// Matrices whose rows are no multiple of the type's block stay as they are, and so do vectors, position tables and the head of
/// a classifier.
class quantised_weights final : public tensor_source {
 public:
  /// Errors    unsupported when weights are quantised already, or no matrix can be
  [[nodiscard]] LINGUALINKED_DECL static result<quantised_weights> create(std::unique_ptr<tensor_source> floats, dtype type);

  [[nodiscard]] std::span<const tensor_info> tensors() const noexcept override { return tensors_; }
  [[nodiscard]] const tensor_info* find(std::string_view name) const noexcept override { return index_.find(tensors_, name); }
  [[nodiscard]] std::span<const source_file> files() const noexcept override { return floats_->files(); }
  [[nodiscard]] std::string stored_name(std::string_view name) const override { return floats_->stored_name(name); }
  [[nodiscard]] LINGUALINKED_DECL result<void> read(const tensor_info& tensor, std::uint64_t byte_offset,
                                                    std::span<std::byte> out) const override;

 private:
  explicit quantised_weights(std::unique_ptr<tensor_source> floats) : floats_(std::move(floats)) {}

  std::unique_ptr<tensor_source> floats_;
  std::vector<tensor_info> tensors_;
  tensor_index index_;
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/quantised_weights.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/safetensors.hpp>
#include <lingualinked/formats/tensor_index.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/model/hf_description.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// The weights of a Hugging Face folder under the names and in the layouts of GGUF. Nothing is converted ahead: each read takes
/// the bytes it needs from the files and turns them on the way, so that a stage costs the reading of its own modules. Vectors
/// (norms and biases) become float32.
/// The files must hold exactly what the description lists: a missing tensor, one without a place, or one of a type without
/// numbers is refused by its own name.
class hf_weights final : public tensor_source {
 public:
  [[nodiscard]] LINGUALINKED_DECL static result<hf_weights> create(safetensors_model files, const hf_description& description);

  [[nodiscard]] std::span<const tensor_info> tensors() const noexcept override { return tensors_; }
  [[nodiscard]] const tensor_info* find(std::string_view name) const noexcept override { return index_.find(tensors_, name); }
  [[nodiscard]] std::span<const source_file> files() const noexcept override { return files_.files(); }
  [[nodiscard]] LINGUALINKED_DECL std::string stored_name(std::string_view name) const override;
  [[nodiscard]] LINGUALINKED_DECL result<void> read(const tensor_info& tensor, std::uint64_t byte_offset,
                                                    std::span<std::byte> out) const override;

 private:
  struct place {
    std::vector<std::size_t> stored;  // indices into the files' tensors; several that are joined; none: nothing is stored
    hf_layout layout = hf_layout::same;
  };

  explicit hf_weights(safetensors_model files) : files_(std::move(files)) {}
  [[nodiscard]] result<void> add(const hf_rule& rule, std::size_t layer, std::string_view prefix, std::string_view suffix);
  /// Why a stored tensor cannot lie as `layout` says; empty when it can.
  [[nodiscard]] std::string misfit(hf_layout layout, const tensor_info& stored) const;
  [[nodiscard]] std::size_t index_of(const tensor_info& stored) const noexcept {
    return static_cast<std::size_t>(&stored - files_.tensors().data());
  }
  [[nodiscard]] const place& place_of(const tensor_info& tensor) const;
  [[nodiscard]] std::size_t fused_row(std::size_t row) const noexcept;
  [[nodiscard]] result<void> read_fused(const tensor_info& stored, std::uint64_t row_bytes, std::uint64_t offset,
                                        std::span<std::byte> out) const;
  [[nodiscard]] result<void> read_transposed(const tensor_info& tensor, const tensor_info& stored, std::uint64_t offset,
                                             std::span<std::byte> out) const;
  [[nodiscard]] result<void> read_joined(const place& p, std::uint64_t offset, std::span<std::byte> out) const;
  [[nodiscard]] result<void> read_vectors(const place& p, std::uint64_t offset, std::span<std::byte> out) const;

  safetensors_model files_;
  std::vector<tensor_info> tensors_;
  std::vector<place> places_;  // by tensor
  tensor_index index_;
  std::size_t heads_ = 0;
  std::size_t head_size_ = 0;
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/hf_weights.ipp>
#endif

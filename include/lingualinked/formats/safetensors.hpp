// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/input_file.hpp>
#include <lingualinked/formats/tensor_index.hpp>
#include <lingualinked/formats/tensor_source.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

/// What a safetensors model may hold; real ones stay far below.
struct safetensors_limits {
  static constexpr std::uint64_t header_bytes = 100'000'000;  // the format's own
  static constexpr std::size_t tensors = 131'072;             // of all shards
  static constexpr std::size_t tensor_name_bytes = 255;
  static constexpr std::size_t dimensions = 8;
  static constexpr std::size_t shards = 512;
  static constexpr std::size_t index_bytes = std::size_t{32} << 20;
};

/// A tensor of a type that no kernel reads (masks, position ids): listed by name, never read.
struct skipped_tensor {
  std::string name;
  std::string type;        // as the file spells it, e.g. "I64"
  std::uint32_t file = 0;  // index into safetensors_model::files()
};

/// A model in safetensors: one file, or shards that an index names. Only headers are read; weights come from read(). A header
/// must describe its data without hole, overlap or rest, with sizes that fit type and shape; the index and the shards must agree
/// on every tensor, and the index can name only files beside it (which may be links, as caches of model hubs have them).
/// Errors    io, malformed, unsupported (a type nobody knows), limit; with the file, the tensor and the field
/// Cost      one pass over the headers; memory of about three times their size
/// Source    the safetensors format (huggingface/safetensors, README)
class safetensors_model final : public tensor_source {
 public:
  /// `path` is a .safetensors file, an index (...index.json), or a folder with model.safetensors or model.safetensors.index.json;
  /// of a folder, config.json is listed last among files(), because it is part of what the model is.
  [[nodiscard]] LINGUALINKED_DECL static result<safetensors_model> open(const std::string& path);

  [[nodiscard]] std::span<const tensor_info> tensors() const noexcept override { return tensors_; }
  [[nodiscard]] const tensor_info* find(std::string_view name) const noexcept override { return index_.find(tensors_, name); }
  [[nodiscard]] std::span<const source_file> files() const noexcept override { return files_; }
  [[nodiscard]] result<void> read(const tensor_info& tensor, std::uint64_t byte_offset, std::span<std::byte> out) const override {
    return read_tensor(inputs_, tensor, byte_offset, out);
  }
  /// Ascending by name.
  [[nodiscard]] std::span<const skipped_tensor> skipped() const noexcept { return skipped_; }

 private:
  safetensors_model() = default;
  [[nodiscard]] LINGUALINKED_DECL result<void> add_file(const std::string& path);
  [[nodiscard]] LINGUALINKED_DECL result<void> add_shards(const std::string& index_path);
  [[nodiscard]] LINGUALINKED_DECL result<void> finish();
  [[nodiscard]] LINGUALINKED_DECL const skipped_tensor* find_skipped(std::string_view name) const;

  std::vector<tensor_info> tensors_;
  std::vector<skipped_tensor> skipped_;
  tensor_index index_;
  std::vector<source_file> files_;
  std::vector<input_file> inputs_;
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/formats/safetensors.ipp>
#endif

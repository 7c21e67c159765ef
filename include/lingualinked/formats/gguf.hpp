// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/gguf_metadata.hpp>
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

/// What one GGUF file may hold; real ones stay far below. Together they bound the memory of a header to the size of its file
/// plus 64 MiB, whatever the file claims.
struct gguf_limits {
  static constexpr std::uint64_t metadata_entries = 65'536;
  static constexpr std::uint64_t key_bytes = 65'535;  // the format's own
  static constexpr std::uint64_t tensors = 65'536;
  static constexpr std::uint64_t tensor_name_bytes = 255;
  static constexpr std::uint32_t dimensions = 4;  // the format's own
  static constexpr std::uint64_t alignment_bytes = 4096;
  static constexpr std::uint64_t splits = 256;
};

/// A model in GGUF, version 2 or 3, little-endian, in one file or split ("...-00001-of-00003.gguf": name the first). Only headers
/// are read; weights come from read(), straight into the caller's memory. Everything in a header is checked before it is
/// believed: counts against the bytes that remain, sizes without overflow, keys and names for duplicates, tensor data for order,
/// gaps, overlap and the end of its file. Also checked is what every user of the tokenizer metadata relies on: types and equal
/// lengths of its arrays, and as many tokens as `token_embd.weight` has rows.
/// Errors    io, malformed, unsupported (another version, byte order or tensor type, by name), limit; with field and byte offset
/// Cost      one pass over the header in pieces of 64 KiB; memory as gguf_limits says
/// Source    the GGUF specification (ggml, docs/gguf.md)
class gguf_file final : public tensor_source {
 public:
  [[nodiscard]] LINGUALINKED_DECL static result<gguf_file> open(const std::string& path);

  [[nodiscard]] const gguf_metadata& metadata() const noexcept { return metadata_; }
  /// The value of general.architecture, e.g. "llama".
  [[nodiscard]] const std::string& architecture() const noexcept { return architecture_; }
  [[nodiscard]] std::uint32_t version() const noexcept { return version_; }

  [[nodiscard]] std::span<const tensor_info> tensors() const noexcept override { return tensors_; }
  [[nodiscard]] const tensor_info* find(std::string_view name) const noexcept override { return index_.find(tensors_, name); }
  [[nodiscard]] std::span<const source_file> files() const noexcept override { return files_; }
  [[nodiscard]] result<void> read(const tensor_info& tensor, std::uint64_t byte_offset, std::span<std::byte> out) const override {
    return read_tensor(inputs_, tensor, byte_offset, out);
  }

 private:
  gguf_file() = default;
  [[nodiscard]] LINGUALINKED_DECL result<void> add_part(const std::string& path);
  [[nodiscard]] LINGUALINKED_DECL result<void> add_splits(const std::string& path);
  [[nodiscard]] LINGUALINKED_DECL result<void> check_tokenizer() const;

  gguf_metadata metadata_;  // of the first file
  std::string architecture_;
  std::uint32_t version_ = 0;
  std::vector<tensor_info> tensors_;
  tensor_index index_;
  std::vector<source_file> files_;
  std::vector<input_file> inputs_;
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/formats/gguf.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>
#include <lingualinked/tensor/dtype.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

/// Where one tensor lies. The two-dimensional view is what kernels want: `columns` is the contiguous dimension, `rows` the
/// product of all others; `shape` is row-major order, outermost first, as Python libraries print it (the reverse of GGUF's own).
struct tensor_info {
  std::string name;
  dtype type = dtype::f32;
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::vector<std::uint64_t> shape;
  std::uint32_t file = 0;    // index into tensor_source::files()
  std::uint64_t offset = 0;  // of the first byte, from the start of that file
  std::uint64_t bytes = 0;
};

/// One file of a model: enough to tell models apart without reading all of it.
struct source_file {
  std::string path;
  std::uint64_t bytes = 0;
  std::uint64_t header_bytes = 0;  // everything before the weights
};

/// The weights of a model, whichever format holds them. Virtual, because the format is known only when a file is opened.
/// Whatever a source lists has been checked: names are unique, `bytes` fits type and shape and lies inside its file.
class tensor_source {
 public:
  virtual ~tensor_source() = default;

  [[nodiscard]] virtual std::span<const tensor_info> tensors() const noexcept = 0;
  /// The tensor of that name, or null. Cost  logarithmic.
  [[nodiscard]] virtual const tensor_info* find(std::string_view name) const noexcept = 0;
  [[nodiscard]] virtual std::span<const source_file> files() const noexcept = 0;
  /// What the file itself calls that tensor, for messages: formats differ in names for the same thing.
  [[nodiscard]] virtual std::string stored_name(std::string_view name) const { return std::string(name); }

  /// Copies out.size() bytes of a tensor, from its byte_offset on, into the caller's memory. Any number of threads may read at
  /// once.
  /// Errors    invalid_argument (beyond the tensor), io (the file cannot be read, or shrank since it was opened)
  [[nodiscard]] virtual result<void> read(const tensor_info& tensor, std::uint64_t byte_offset,
                                          std::span<std::byte> out) const = 0;

 protected:
  tensor_source() = default;
  tensor_source(const tensor_source&) = default;
  tensor_source(tensor_source&&) = default;
  tensor_source& operator=(const tensor_source&) = default;
  tensor_source& operator=(tensor_source&&) = default;
};

}  // namespace lingualinked::inline v0

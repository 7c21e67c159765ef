// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/tensor/dtype.hpp>
#include <lingualinked/tensor/storage.hpp>

#include <cstddef>
#include <span>

namespace lingualinked::inline v0::kernels {

/// Rows of a weight matrix that one panel interleaves: a vector lane is an output row.
inline constexpr std::size_t panel_rows = 16;
/// Elements along k that share one activation scale.
inline constexpr std::size_t activation_block = 32;

/// A weight matrix [rows, columns] as kernels read it: panels of 16 rows, the last one padded with zero rows.
/// The layout inside a panel is this library's own, one for each dtype (panels.ipp), about as large as the file's.
struct panel_view {
  dtype type = dtype::f32;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t panel_bytes = 0;  // distance between panels
  const std::byte* data = nullptr;

  [[nodiscard]] std::size_t panels() const noexcept { return (rows + panel_rows - 1) / panel_rows; }
};

/// The panels of one matrix. Fills them row by row, in any order, so that a loader never holds a second copy.
class panels {
 public:
  panels() = default;
  /// Zero rows, in memory of its own or in `memory`: bytes_for() bytes of zeros, aligned to 64, that outlive it.
  /// Errors    unsupported for a dtype without kernels; invalid_argument when columns is not a multiple of the dtype's block, or
  ///           a size overflows
  [[nodiscard]] static result<panels> make(dtype type, std::size_t rows, std::size_t columns, std::byte* memory = nullptr);

  /// Bytes that make() needs; 0 where it would fail.
  [[nodiscard]] static std::size_t bytes_for(dtype type, std::size_t rows, std::size_t columns) noexcept;

  /// Stores one row given in the file's layout. Requires  row < rows() and source.size() == bytes_of(type, columns).
  void set_row(std::size_t row, std::span<const std::byte> source) noexcept;

  /// Decodes one row to float32, exactly: an embedding lookup. Requires  out.size() == columns.
  static void decode_row(const panel_view& from, std::size_t row, std::span<float> out) noexcept;

  [[nodiscard]] panel_view view() const noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept { return shape_.panels() * shape_.panel_bytes; }

 private:
  panel_view shape_;
  std::byte* at_ = nullptr;
  storage own_;
};

/// Decodes file blocks to float32, exactly.
/// source  blocks of `type` in file layout
/// out     as many elements
/// Requires  source.size() == bytes_of(type, out.size())
/// Errors    unsupported for a dtype that is not a weight format
[[nodiscard]] result<void> decode(dtype type, std::span<const std::byte> source, std::span<float> out);

}  // namespace lingualinked::inline v0::kernels

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/kernels/panels.ipp>
#endif

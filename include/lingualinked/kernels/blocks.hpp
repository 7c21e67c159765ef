// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/kernels/layout.hpp>

#include <cstddef>
#include <cstdint>

namespace lingualinked::inline v0::kernels {

/// One block of a row as exact numbers: value(e) = (d * scale[e / 16]) * weight[e] + m * minimum[e / 16], the second term only
/// for types with a minimum. Products are exact, so only the sum rounds.
struct block_values {
  std::int32_t weight[32] = {};
  std::int32_t scale[2] = {1, 1};
  std::int32_t minimum[2] = {1, 1};
  float d = 0;
  float m = 0;
};

/// Block number `block` (of 32) of a row in file layout. `row` points at the row's first byte. Requires  a quantised dtype
[[nodiscard]] row_block read_file_block(dtype type, const std::byte* row, std::size_t block) noexcept;

/// The same of a row in a panel.
[[nodiscard]] row_block read_panel_block(dtype type, const std::byte* panel, std::size_t row, std::size_t block) noexcept;
void write_panel_block(dtype type, std::byte* panel, std::size_t row, std::size_t block, const row_block& from) noexcept;

/// The numbers that a block's bits stand for, with the scale of a whole block folded into d and m (exact products).
[[nodiscard]] block_values values_of(dtype type, const row_block& from) noexcept;

/// The 32 float32 values of a block.
void decode_block(dtype type, const row_block& from, float* out) noexcept;

}  // namespace lingualinked::inline v0::kernels

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/kernels/blocks.ipp>
#endif

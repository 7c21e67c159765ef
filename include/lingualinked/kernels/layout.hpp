// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/tensor/dtype.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

/// How weights lie in panels of 16 rows. A "line" is 64 bytes: one 4-byte word for each row, the word holding 4 neighbours
/// along k (a "group"), so that one vector load feeds one int8 dot product of 16 outputs.
///
/// Float types: [column][16 rows].
/// Quantised types: blocks of 32 columns = 8 groups. A weight's code is split into planes of bits, each plane a few lines:
///   8-bit plane  8 lines  line g: group g
///   4-bit plane  4 lines  line j: group j in the low nibbles, group j + 4 in the high ones
///   2-bit plane  2 lines  line h: groups 4h .. 4h+3 in bits 0-1, 2-3, 4-5, 6-7 of each byte
///   1-bit plane  1 line   group g in bit g of each byte
/// so a kernel finds every group with one shift and one mask. A code has a low plane and perhaps a high one.
/// Types with 32-element blocks keep two blocks together: line of scales (float16: 16 rows of the first, 16 of the second block),
/// line of minima if any, lines of the first block, lines of the second. An odd last block has a half empty line of scales.
/// Types with 256-element blocks: line of d (16 float16) and dmin (16 float16), two or one scale bytes [8 blocks][byte][16 rows],
/// lines of the 8 blocks. The 6-bit scales of the file are widened to bytes.
namespace lingualinked::inline v0::kernels {

inline constexpr std::size_t line_bytes = 64;

/// How a code becomes an integer weight, and a block's scales become factors.
struct quant_format {
  unsigned low_bits = 0;        // width of the low plane; 0: not a quantised type
  unsigned high_bits = 0;       // width of the high plane
  int zero = 0;                 // weight = code - zero; q8_0 codes are two's complement, iq4 codes index iq4_values
  bool minimum = false;         // value = d * weight + m
  bool superblock = false;      // 256 elements share d (and dmin); each block of 32 has scale bytes
  std::size_t scale_bytes = 0;  // a row's scale bytes for one block of a superblock
  bool halves = false;          // the two scale bytes belong to the two halves of 16 of the block

  [[nodiscard]] constexpr std::size_t block_lines() const noexcept { return low_bits + high_bits; }
  [[nodiscard]] constexpr std::size_t block_bytes() const noexcept { return block_lines() * line_bytes; }
  /// Bytes in front of the first block of a pair (32-element types) or of a superblock.
  [[nodiscard]] constexpr std::size_t head_bytes() const noexcept {
    return superblock ? line_bytes + 8 * 16 * scale_bytes : (minimum ? 2 : 1) * line_bytes;
  }
  /// Blocks that share one head.
  [[nodiscard]] constexpr std::size_t blocks_per_head() const noexcept { return superblock ? 8 : 2; }
  [[nodiscard]] constexpr std::size_t unit_bytes() const noexcept { return head_bytes() + blocks_per_head() * block_bytes(); }
};

[[nodiscard]] constexpr quant_format format_of(dtype type) noexcept {
  switch (type) {
    case dtype::q8_0: return {.low_bits = 8};
    case dtype::q4_0: return {.low_bits = 4, .zero = 8};
    case dtype::q4_1: return {.low_bits = 4, .minimum = true};
    case dtype::q5_0: return {.low_bits = 4, .high_bits = 1, .zero = 16};
    case dtype::q5_1: return {.low_bits = 4, .high_bits = 1, .minimum = true};
    case dtype::q2_k: return {.low_bits = 2, .minimum = true, .superblock = true, .scale_bytes = 2, .halves = true};
    case dtype::q3_k: return {.low_bits = 2, .high_bits = 1, .zero = 4, .superblock = true, .scale_bytes = 2, .halves = true};
    case dtype::q4_k: return {.low_bits = 4, .minimum = true, .superblock = true, .scale_bytes = 2};
    case dtype::q5_k: return {.low_bits = 4, .high_bits = 1, .minimum = true, .superblock = true, .scale_bytes = 2};
    case dtype::q6_k: return {.low_bits = 4, .high_bits = 2, .zero = 32, .superblock = true, .scale_bytes = 2, .halves = true};
    case dtype::iq4_nl: return {.low_bits = 4};
    case dtype::iq4_xs: return {.low_bits = 4, .superblock = true, .scale_bytes = 1};
    case dtype::f32:
    case dtype::f16:
    case dtype::bf16:
    case dtype::i32: break;
  }
  return {};
}

/// What the 16 codes of iq4_nl and iq4_xs stand for.
inline constexpr std::array<std::int8_t, 16> iq4_values{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
[[nodiscard]] constexpr bool has_codebook(dtype type) noexcept { return type == dtype::iq4_nl || type == dtype::iq4_xs; }

/// Bytes of one panel. Requires  a weight dtype, columns a multiple of its block
[[nodiscard]] constexpr std::size_t panel_bytes_of(dtype type, std::size_t columns) noexcept {
  const quant_format f = format_of(type);
  if (f.low_bits == 0) return (columns * 16 * facts_of(type).block_bytes + line_bytes - 1) / line_bytes * line_bytes;
  const std::size_t blocks = columns / 32;
  const std::size_t rest = blocks % f.blocks_per_head();
  return blocks / f.blocks_per_head() * f.unit_bytes() + (rest == 0 ? 0 : f.head_bytes() + rest * f.block_bytes());
}

/// Where a block of a panel has its scales and lines, as offsets into the panel.
struct block_place {
  std::size_t d = 0;       // 16 float16
  std::size_t m = 0;       // 16 float16, types with a minimum
  std::size_t scales = 0;  // [scale_bytes][16 rows], superblock types
  std::size_t lines = 0;
};

[[nodiscard]] constexpr block_place place_of(const quant_format& f, std::size_t block) noexcept {
  const std::size_t unit = block / f.blocks_per_head() * f.unit_bytes();
  const std::size_t within = block % f.blocks_per_head();
  const std::size_t lines = unit + f.head_bytes() + within * f.block_bytes();
  if (f.superblock) return {unit, unit + 32, unit + line_bytes + within * 16 * f.scale_bytes, lines};
  return {unit + 32 * within, unit + line_bytes + 32 * within, 0, lines};
}

/// One row's part of one block of 32, as the bits that both the file and the panel hold.
struct row_block {
  std::array<std::uint32_t, 8> codes{};  // group g: 4 codes, the first in the lowest byte
  std::uint16_t d = 0;                   // float16
  std::uint16_t m = 0;                   // float16: the minimum, or a superblock's dmin
  std::array<std::uint8_t, 2> scales{};  // superblock types
};

}  // namespace lingualinked::inline v0::kernels

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lingualinked::inline v0 {

/// How numbers are stored. The values are codes on the wire and never change.
enum class dtype : std::uint8_t {
  f32 = 0,
  f16 = 1,
  bf16 = 2,
  q8_0 = 3,
  q4_0 = 4,
  q4_1 = 5,
  q5_0 = 6,
  q5_1 = 7,
  q2_k = 8,
  q3_k = 9,
  q4_k = 10,
  q5_k = 11,
  q6_k = 12,
  iq4_nl = 13,
  iq4_xs = 14,
  i32 = 15,
};

/// Facts about a dtype: elements that share one block, and the bytes of a block as files store it.
struct dtype_facts {
  dtype type;
  std::string_view name;
  std::size_t block_elements;
  std::size_t block_bytes;
};

inline constexpr std::array<dtype_facts, 16> dtype_table{{
    {dtype::f32, "f32", 1, 4},
    {dtype::f16, "f16", 1, 2},
    {dtype::bf16, "bf16", 1, 2},
    {dtype::q8_0, "q8_0", 32, 34},
    {dtype::q4_0, "q4_0", 32, 18},
    {dtype::q4_1, "q4_1", 32, 20},
    {dtype::q5_0, "q5_0", 32, 22},
    {dtype::q5_1, "q5_1", 32, 24},
    {dtype::q2_k, "q2_k", 256, 84},
    {dtype::q3_k, "q3_k", 256, 110},
    {dtype::q4_k, "q4_k", 256, 144},
    {dtype::q5_k, "q5_k", 256, 176},
    {dtype::q6_k, "q6_k", 256, 210},
    {dtype::iq4_nl, "iq4_nl", 32, 18},
    {dtype::iq4_xs, "iq4_xs", 256, 136},
    {dtype::i32, "i32", 1, 4},
}};

[[nodiscard]] constexpr const dtype_facts& facts_of(dtype type) noexcept { return dtype_table[static_cast<std::size_t>(type)]; }
[[nodiscard]] constexpr std::string_view name_of(dtype type) noexcept { return facts_of(type).name; }

/// The dtype of a wire code, or nothing for a code that no version has given out.
[[nodiscard]] constexpr std::optional<dtype> dtype_of_code(std::uint8_t code) noexcept {
  if (code >= dtype_table.size()) return std::nullopt;
  return dtype_table[code].type;
}
/// True for types stored in blocks with scales, whose activations are rounded to 8 bits (the bit contract).
[[nodiscard]] constexpr bool is_quantised(dtype type) noexcept { return facts_of(type).block_elements > 1; }

/// Bytes of `elements` in file order. Requires  elements is a multiple of the block.
[[nodiscard]] constexpr std::size_t bytes_of(dtype type, std::size_t elements) noexcept {
  return elements / facts_of(type).block_elements * facts_of(type).block_bytes;
}

}  // namespace lingualinked::inline v0

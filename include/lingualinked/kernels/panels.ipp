// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/checked.hpp>
#include <lingualinked/core/contract.hpp>
#include <lingualinked/core/half.hpp>
#include <lingualinked/kernels/blocks.hpp>
#include <lingualinked/kernels/blocks.ipp>
#include <lingualinked/kernels/panels.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

namespace lingualinked::inline v0::kernels {

namespace detail {

[[nodiscard]] inline float load_float(dtype type, const std::byte* from) noexcept {
  if (type == dtype::f32) return load_word<float>(from);
  const auto bits = load_word<std::uint16_t>(from);
  return type == dtype::f16 ? float_from_f16(bits) : float_from_bf16(bits);
}

[[nodiscard]] inline bool is_weight_format(dtype type) noexcept { return type != dtype::i32; }

// Bytes of all panels, or an overflow.
[[nodiscard]] inline checked_size bytes_of_panels(dtype type, std::size_t rows, std::size_t columns) noexcept {
  // No panel is larger than 16 rows of float32 plus one line of scales for each column.
  const checked_size bound = (checked_size{rows} + 16) * (checked_size{columns} + 1) * (16 * 4 + line_bytes);
  if (!bound.at_most(std::numeric_limits<std::ptrdiff_t>::max())) return bound * std::numeric_limits<std::uint64_t>::max();
  return checked_size{(rows + panel_rows - 1) / panel_rows * panel_bytes_of(type, columns)};
}

// Loading a model is this loop. With the type a constant and all inlined, what depends on it is decided once.
using store_blocks_function = void (*)(std::byte* panel, std::size_t lane, std::size_t blocks, const std::byte* row) noexcept;
template <dtype Type>
[[gnu::flatten]] void store_blocks(std::byte* panel, std::size_t lane, std::size_t blocks, const std::byte* row) noexcept {
  for (std::size_t b = 0; b < blocks; ++b) write_panel_block(Type, panel, lane, b, read_file_block(Type, row, b));
}
inline constexpr auto store_blocks_of = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array<store_blocks_function, sizeof...(I)>{store_blocks<dtype_table[I].type>...};
}(std::make_index_sequence<dtype_table.size()>{});

}  // namespace detail

LINGUALINKED_DECL result<panels> panels::make(dtype type, std::size_t rows, std::size_t columns, std::byte* memory) {
  const std::string what =
      "matrix of " + std::to_string(rows) + " x " + std::to_string(columns) + " " + std::string(name_of(type));
  if (!detail::is_weight_format(type))
    return error{errc::unsupported, what + ": not a weight format; store it as f32, f16, bf16 or a q type"};
  const std::size_t block = facts_of(type).block_elements;
  if (columns % block != 0)
    return error{errc::invalid_argument, what + ": columns must be a multiple of the block of " + std::to_string(block)};
  const checked_size bytes = detail::bytes_of_panels(type, rows, columns);
  if (!bytes.valid()) return error{errc::invalid_argument, what + ": too large for this machine's addresses"};
  panels out;
  out.shape_ = {type, rows, columns, panel_bytes_of(type, columns), nullptr};
  if (memory == nullptr) out.own_ = storage(static_cast<std::size_t>(bytes.value_or(0)));
  out.at_ = memory == nullptr ? out.own_.data() : memory;
  return out;
}

LINGUALINKED_DECL std::size_t panels::bytes_for(dtype type, std::size_t rows, std::size_t columns) noexcept {
  if (!detail::is_weight_format(type) || columns % facts_of(type).block_elements != 0) return 0;
  return static_cast<std::size_t>(detail::bytes_of_panels(type, rows, columns).value_or(0));
}

LINGUALINKED_DECL void panels::set_row(std::size_t row, std::span<const std::byte> source) noexcept {
  const dtype type = shape_.type;
  std::byte* panel = at_ + row / panel_rows * shape_.panel_bytes;
  const std::size_t lane = row % panel_rows;
  if (is_quantised(type)) {
    return detail::store_blocks_of[static_cast<std::size_t>(type)](panel, lane, shape_.columns / 32, source.data());
  }
  const std::size_t size = facts_of(type).block_bytes;
  for (std::size_t k = 0; k < shape_.columns; ++k) {
    std::byte* to = panel + (k * panel_rows + lane) * size;
    if (size == 4) {
      std::memcpy(to, source.data() + 4 * k, 4);
    } else {
      std::memcpy(to, source.data() + 2 * k, 2);
    }
  }
}

LINGUALINKED_DECL void panels::decode_row(const panel_view& from, std::size_t row, std::span<float> out) noexcept {
  const std::byte* panel = from.data + row / panel_rows * from.panel_bytes;
  const std::size_t lane = row % panel_rows;
  if (is_quantised(from.type)) {
    for (std::size_t b = 0; b < from.columns / 32; ++b)
      decode_block(from.type, read_panel_block(from.type, panel, lane, b), out.data() + 32 * b);
    return;
  }
  const std::size_t size = facts_of(from.type).block_bytes;
  for (std::size_t k = 0; k < from.columns; ++k) out[k] = detail::load_float(from.type, panel + (k * panel_rows + lane) * size);
}

LINGUALINKED_DECL panel_view panels::view() const noexcept {
  panel_view out = shape_;
  out.data = at_;
  return out;
}

LINGUALINKED_DECL result<void> decode(dtype type, std::span<const std::byte> source, std::span<float> out) {
  if (!detail::is_weight_format(type))
    return error{errc::unsupported, std::string(name_of(type)) + ": not a weight format, cannot be decoded to float32"};
  if (out.size() % facts_of(type).block_elements != 0 || source.size() != bytes_of(type, out.size()))
    return error{errc::invalid_argument, std::string(name_of(type)) + ": " + std::to_string(source.size()) + " bytes are not " +
                                             std::to_string(out.size()) + " elements"};
  if (is_quantised(type)) {
    for (std::size_t b = 0; b < out.size() / 32; ++b)
      decode_block(type, read_file_block(type, source.data(), b), out.data() + 32 * b);
  } else {
    const std::size_t size = facts_of(type).block_bytes;
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = detail::load_float(type, source.data() + k * size);
  }
  return {};
}

}  // namespace lingualinked::inline v0::kernels

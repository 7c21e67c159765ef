// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/printable.hpp>
#include <lingualinked/kernels/encode.hpp>
#include <lingualinked/kernels/panels.hpp>
#include <lingualinked/model/quantised_weights.hpp>

#include <algorithm>
#include <cstring>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL result<dtype> quantised_type_named(std::string_view name) {
  std::string known;
  for (const dtype_facts& f : dtype_table) {
    if (!kernels::can_encode(f.type)) continue;
    if (f.name == name) return f.type;
    known += (known.empty() ? "" : ", ") + std::string(f.name);
  }
  return error{errc::invalid_argument, "weights cannot be stored as " + printable(name) + "; there are " + known};
}

LINGUALINKED_DECL result<quantised_weights> quantised_weights::create(std::unique_ptr<tensor_source> floats, dtype type) {
  quantised_weights made(std::move(floats));
  const std::size_t block = facts_of(type).block_elements;
  bool any = false;
  for (const tensor_info& stored : made.floats_->tensors()) {
    if (is_quantised(stored.type))
      return error{errc::unsupported, "tensor " + printable(made.stored_name(stored.name)) + " is quantised already, as " +
                                          std::string(name_of(stored.type)) + "; only float weights can become " +
                                          std::string(name_of(type))};
    tensor_info seen = stored;
    const bool matrix = stored.shape.size() > 1 && stored.type != dtype::i32 && stored.columns != 0;
    const bool kept =
        stored.name == "position_embd.weight" || stored.name == "cls.output.weight" || stored.name.ends_with("_norm.weight");
    if (matrix && !kept && stored.columns % block == 0) {
      seen.type = type;
      seen.bytes = stored.rows * bytes_of(type, stored.columns);
      any = true;
    }
    made.tensors_.push_back(std::move(seen));
  }
  if (!any)
    return error{errc::unsupported, "no matrix of this model has rows of a multiple of " + std::to_string(block) +
                                        " numbers, so none can become " + std::string(name_of(type))};
  if (auto indexed = made.index_.build(made.tensors_); !indexed) return std::move(indexed).error();
  return made;
}

LINGUALINKED_DECL result<void> quantised_weights::read(const tensor_info& wanted, std::uint64_t offset,
                                                       std::span<std::byte> out) const {
  const auto found = find_range(*this, wanted.name, offset, out.size());
  if (!found) return found.error();
  const tensor_info* const seen = *found;
  const tensor_info& stored = *floats_->find(wanted.name);
  if (stored.type == seen->type) return floats_->read(stored, offset, out);
  const std::uint64_t row_bytes = bytes_of(seen->type, seen->columns);
  const std::uint64_t stored_bytes = bytes_of(stored.type, stored.columns);
  constexpr std::uint64_t piece_bytes = 1U << 20;
  std::vector<std::byte> raw(std::max<std::uint64_t>(1, piece_bytes / stored_bytes) * stored_bytes);
  std::vector<float> numbers(seen->columns);
  std::vector<std::byte> row(row_bytes);
  while (!out.empty()) {
    const std::uint64_t first = offset / row_bytes;
    const std::uint64_t end = std::min((offset + out.size() + row_bytes - 1) / row_bytes, first + raw.size() / stored_bytes);
    const auto part = std::span(raw).first((end - first) * stored_bytes);
    if (auto read = floats_->read(stored, first * stored_bytes, part); !read) return read;
    for (std::uint64_t r = first; r < end; ++r) {
      const auto from = part.subspan((r - first) * stored_bytes, stored_bytes);
      if (auto decoded = kernels::decode(stored.type, from, numbers); !decoded) return decoded;
      if (auto rounded = kernels::encode(seen->type, numbers, row); !rounded)
        return error{errc::malformed, "tensor " + printable(stored_name(stored.name)) + " row " + std::to_string(r) + ": " +
                                          rounded.error().message};
      const std::uint64_t inside = offset - r * row_bytes;
      const std::size_t count = std::min<std::uint64_t>(row_bytes - inside, out.size());
      std::memcpy(out.data(), row.data() + inside, count);
      offset += count;
      out = out.subspan(count);
    }
  }
  return {};
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/core/half.hpp>
#include <lingualinked/formats/printable.hpp>
#include <lingualinked/model/hf_weights.hpp>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

namespace lingualinked::inline v0 {
namespace detail {

/// `pattern` with a number for its first '*'.
[[nodiscard]] inline std::string hf_numbered(std::string_view pattern, std::size_t number) {
  std::string name(pattern);
  if (const auto star = name.find('*'); star != std::string::npos) name.replace(star, 1, std::to_string(number));
  return name;
}

/// Whether a name is a pattern with some number for its '*'.
[[nodiscard]] inline bool hf_matches(std::string_view name, std::string_view pattern) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return name == pattern;
  const auto before = pattern.substr(0, star);
  const auto behind = pattern.substr(star + 1);
  if (name.size() <= before.size() + behind.size() || !name.starts_with(before) || !name.ends_with(behind)) return false;
  const auto number = name.substr(before.size(), name.size() - before.size() - behind.size());
  return number.find_first_not_of("0123456789") == std::string_view::npos;
}

inline void widen(dtype type, std::span<const std::byte> stored, std::span<float> out) {
  byte_reader reader(stored);
  for (float& x : out) {
    if (type == dtype::f32) x = reader.read<float>();
    else x = (type == dtype::f16 ? float_from_f16 : float_from_bf16)(reader.read<std::uint16_t>());
  }
}

}  // namespace detail

LINGUALINKED_DECL result<void> hf_weights::add(const hf_rule& rule, std::size_t layer, std::string_view prefix,
                                               std::string_view suffix) {
  const std::string in_layer = (rule.outside ? std::string() : std::string(prefix)) + detail::hf_numbered(rule.stored, layer);
  place where{{}, rule.layout};
  tensor_info seen;
  if (rule.layout == hf_layout::plain) {
    seen.name = detail::hf_numbered(rule.name, layer) + std::string(suffix);
    seen.shape = {rule.parts};
    seen.rows = 1;
    seen.columns = rule.parts;
    seen.type = dtype::f32;
    seen.bytes = seen.columns * sizeof(float);
    tensors_.push_back(std::move(seen));
    places_.push_back(std::move(where));
    return {};
  }
  for (std::size_t part = 0; part < rule.parts; ++part) {
    const std::string name = detail::hf_numbered(in_layer, part) + std::string(suffix);
    const auto complain = [&](errc code, const std::string& what) {
      return error{code, "tensor " + printable(name) + " " + what};
    };
    const tensor_info* stored = files_.find(name);
    if (stored == nullptr) {
      const auto skipped = std::ranges::find(files_.skipped(), name, &skipped_tensor::name);
      if (skipped != files_.skipped().end())
        return complain(errc::unsupported, "is stored as " + printable(skipped->type) + "; supported are F32, F16 and BF16");
      return complain(errc::malformed, "is missing. The folder is incomplete, or its config.json belongs to another model");
    }
    if (part == 0) seen = *stored;
    if (stored->type != seen.type || stored->shape != seen.shape)
      return complain(errc::malformed, "differs in type or shape from the first of its kind");
    if (const std::string wrong = misfit(rule.layout, *stored); !wrong.empty()) return complain(errc::malformed, wrong);
    where.stored.push_back(index_of(*stored));
  }
  seen.name = detail::hf_numbered(rule.name, layer) + std::string(suffix);
  if (seen.shape.size() < 2) {
    seen.type = dtype::f32;
    if (rule.parts > 1) seen.shape.insert(seen.shape.begin(), rule.parts);
    seen.rows = rule.parts;
    seen.bytes = seen.rows * seen.columns * sizeof(float);
  } else if (rule.layout == hf_layout::transposed) {
    std::swap(seen.rows, seen.columns);
    std::swap(seen.shape[0], seen.shape[1]);
  } else if (rule.layout == hf_layout::joined) {
    seen.shape.insert(seen.shape.begin(), rule.parts);
    seen.rows *= rule.parts;
    seen.bytes *= rule.parts;
  }
  tensors_.push_back(std::move(seen));
  places_.push_back(std::move(where));
  return {};
}

LINGUALINKED_DECL std::string hf_weights::misfit(hf_layout layout, const tensor_info& stored) const {
  const std::size_t dimensions = stored.shape.size();
  if ((layout == hf_layout::transposed || layout == hf_layout::joined) && dimensions > 2)
    return "has " + std::to_string(dimensions) + " dimensions; 2 are expected";
  const std::uint64_t rows = dimensions < 2 ? stored.columns : stored.rows;
  if (layout == hf_layout::qkv_by_heads && rows != 3 * heads_ * head_size_)
    return "has " + std::to_string(rows) + " rows; " + std::to_string(heads_) + " heads of q, k and v make " +
           std::to_string(3 * heads_ * head_size_);
  return {};
}

LINGUALINKED_DECL result<hf_weights> hf_weights::create(safetensors_model files, const hf_description& d) {
  hf_weights made(std::move(files));
  made.heads_ = d.sizes.heads;
  made.head_size_ = d.sizes.head_size;
  const auto stored = made.files_.tensors();
  std::string_view prefix = d.prefix;
  while (!prefix.empty() && std::ranges::none_of(stored, [&](const tensor_info& t) { return t.name.starts_with(prefix); }))
    prefix.remove_prefix(prefix.find('.') + 1);
  for (const hf_rule& rule : d.tensors) {
    const std::size_t copies = rule.stored.find('*') == std::string_view::npos ? 1 : d.sizes.layers;
    for (std::size_t layer = 0; layer < copies; ++layer) {
      if (rule.layers != hf_layers::all && (rule.layers == hf_layers::with_experts) != d.sizes.mixes(layer)) continue;
      if (auto added = made.add(rule, layer, prefix, ".weight"); !added) return std::move(added).error();
      if (rule.bias)
        if (auto added = made.add(rule, layer, prefix, ".bias"); !added) return std::move(added).error();
    }
  }
  std::set<std::string_view> used;
  for (const place& p : made.places_)
    for (const std::size_t i : p.stored) used.insert(stored[i].name);
  const auto idle = [&](std::string_view name) {
    if (used.contains(name) || (d.tied && name == "lm_head.weight")) return true;
    if (!name.starts_with(prefix)) return false;
    name.remove_prefix(prefix.size());
    return std::ranges::any_of(d.ignored, [&](std::string_view pattern) { return detail::hf_matches(name, pattern); });
  };
  const auto unknown = [](std::string_view name) {
    return error{errc::unsupported,
                 "tensor " + printable(name) + " has no place in this model. A result that ignores it could be wrong"};
  };
  for (const tensor_info& t : stored)
    if (!idle(t.name)) return unknown(t.name);
  for (const skipped_tensor& t : made.files_.skipped())
    if (!idle(t.name)) return unknown(t.name);
  if (auto indexed = made.index_.build(made.tensors_); !indexed) return std::move(indexed).error();
  return made;
}

LINGUALINKED_DECL std::string hf_weights::stored_name(std::string_view name) const {
  const tensor_info* seen = find(name);
  if (seen == nullptr) return std::string(name);
  const place& p = place_of(*seen);
  return p.stored.empty() ? std::string() : files_.tensors()[p.stored.front()].name;
}

LINGUALINKED_DECL const hf_weights::place& hf_weights::place_of(const tensor_info& tensor) const {
  return places_[static_cast<std::size_t>(&tensor - tensors_.data())];
}

LINGUALINKED_DECL std::size_t hf_weights::fused_row(std::size_t row) const noexcept {
  const std::size_t part = row / (heads_ * head_size_);  // q, k or v
  const std::size_t inside = row % (heads_ * head_size_);
  return (inside / head_size_ * 3 + part) * head_size_ + inside % head_size_;
}

/// Rows of one head of q, k or v lie together, so they are read together.
LINGUALINKED_DECL result<void> hf_weights::read_fused(const tensor_info& stored, std::uint64_t row_bytes, std::uint64_t offset,
                                                      std::span<std::byte> out) const {
  while (!out.empty()) {
    const std::size_t row = offset / row_bytes;
    const std::uint64_t inside = offset % row_bytes;
    const std::uint64_t together = (head_size_ - row % head_size_) * row_bytes - inside;
    const auto part = out.first(std::min<std::uint64_t>(out.size(), together));
    if (auto read = files_.read(stored, fused_row(row) * row_bytes + inside, part); !read) return read;
    offset += part.size();
    out = out.subspan(part.size());
  }
  return {};
}

/// Of each stored row (an input) only the columns that are rows here (outputs) are read.
LINGUALINKED_DECL result<void> hf_weights::read_transposed(const tensor_info& tensor, const tensor_info& stored,
                                                           std::uint64_t offset, std::span<std::byte> out) const {
  const std::size_t element = facts_of(stored.type).block_bytes;
  const std::uint64_t row_bytes = tensor.columns * element;
  const std::uint64_t first = offset / row_bytes;
  const std::uint64_t rows = (offset + out.size() + row_bytes - 1) / row_bytes - first;
  std::vector<std::byte> whole(rows * row_bytes);
  std::vector<std::byte> piece(rows * element);
  for (std::uint64_t input = 0; input < tensor.columns; ++input) {
    if (auto read = files_.read(stored, (input * stored.columns + first) * element, piece); !read) return read;
    for (std::uint64_t r = 0; r < rows; ++r)
      std::memcpy(whole.data() + (r * tensor.columns + input) * element, piece.data() + r * element, element);
  }
  std::memcpy(out.data(), whole.data() + (offset - first * row_bytes), out.size());
  return {};
}

LINGUALINKED_DECL result<void> hf_weights::read_joined(const place& p, std::uint64_t offset, std::span<std::byte> out) const {
  const std::uint64_t each = files_.tensors()[p.stored.front()].bytes;
  while (!out.empty()) {
    const auto part = out.first(std::min<std::uint64_t>(out.size(), each - offset % each));
    if (auto read = files_.read(files_.tensors()[p.stored[offset / each]], offset % each, part); !read) return read;
    offset += part.size();
    out = out.subspan(part.size());
  }
  return {};
}

LINGUALINKED_DECL result<void> hf_weights::read_vectors(const place& p, std::uint64_t offset, std::span<std::byte> out) const {
  std::vector<float> all;
  for (const std::size_t i : p.stored) {
    const tensor_info& stored = files_.tensors()[i];
    std::vector<std::byte> raw(stored.bytes);
    const std::size_t element = facts_of(stored.type).block_bytes;
    auto read = p.layout == hf_layout::qkv_by_heads ? read_fused(stored, element, 0, raw) : files_.read(stored, 0, raw);
    if (!read) return read;
    all.resize(all.size() + stored.columns);
    detail::widen(stored.type, raw, std::span(all).last(stored.columns));
  }
  if (p.layout == hf_layout::less_one)
    for (float& x : all) x += 1;
  std::memcpy(out.data(), std::as_bytes(std::span(all)).data() + offset, out.size());
  return {};
}

LINGUALINKED_DECL result<void> hf_weights::read(const tensor_info& wanted, std::uint64_t offset, std::span<std::byte> out) const {
  const auto found = find_range(*this, wanted.name, offset, out.size());
  if (!found) return found.error();
  if (out.empty()) return {};
  const tensor_info* const tensor = *found;
  const place& p = place_of(*tensor);
  if (p.stored.empty()) {
    const std::vector<float> same(tensor->columns, tensor->name.ends_with(".bias") ? 0.0F : 1.0F);
    std::memcpy(out.data(), std::as_bytes(std::span(same)).data() + offset, out.size());
    return {};
  }
  const tensor_info& stored = files_.tensors()[p.stored.front()];
  if (stored.shape.size() < 2) return read_vectors(p, offset, out);
  switch (p.layout) {
    case hf_layout::transposed: return read_transposed(*tensor, stored, offset, out);
    case hf_layout::qkv_by_heads: return read_fused(stored, bytes_of(stored.type, stored.columns), offset, out);
    case hf_layout::joined: return read_joined(p, offset, out);
    case hf_layout::same:
    case hf_layout::less_one:
    case hf_layout::plain: break;
  }
  return files_.read(stored, offset, out);
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/core/checked.hpp>
#include <lingualinked/formats/gguf.hpp>
#include <lingualinked/formats/gguf_cursor.hpp>
#include <lingualinked/formats/printable.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

namespace lingualinked::inline v0 {
namespace detail {

struct gguf_tensor_type {
  std::uint32_t code;
  std::string_view name;
  std::optional<dtype> type;  // nothing: known, but not supported
};

inline constexpr auto gguf_tensor_types = std::to_array<gguf_tensor_type>({
    {0, "F32", dtype::f32},
    {1, "F16", dtype::f16},
    {2, "Q4_0", dtype::q4_0},
    {3, "Q4_1", dtype::q4_1},
    {6, "Q5_0", dtype::q5_0},
    {7, "Q5_1", dtype::q5_1},
    {8, "Q8_0", dtype::q8_0},
    {9, "Q8_1", {}},
    {10, "Q2_K", dtype::q2_k},
    {11, "Q3_K", dtype::q3_k},
    {12, "Q4_K", dtype::q4_k},
    {13, "Q5_K", dtype::q5_k},
    {14, "Q6_K", dtype::q6_k},
    {15, "Q8_K", {}},
    {16, "IQ2_XXS", {}},
    {17, "IQ2_XS", {}},
    {18, "IQ3_XXS", {}},
    {19, "IQ1_S", {}},
    {20, "IQ4_NL", dtype::iq4_nl},
    {21, "IQ3_S", {}},
    {22, "IQ2_S", {}},
    {23, "IQ4_XS", dtype::iq4_xs},
    {24, "I8", {}},
    {25, "I16", {}},
    {26, "I32", dtype::i32},
    {27, "I64", {}},
    {28, "F64", {}},
    {29, "IQ1_M", {}},
    {30, "BF16", dtype::bf16},
    {34, "TQ1_0", {}},
    {35, "TQ2_0", {}},
    {39, "MXFP4", {}},
    {40, "NVFP4", {}},
    {41, "Q1_0", {}},
    {42, "Q2_0", {}},
});

[[nodiscard]] constexpr std::size_t gguf_element_bytes(gguf_type type) noexcept {
  switch (type) {
    case gguf_type::u8:
    case gguf_type::i8:
    case gguf_type::boolean: return 1;
    case gguf_type::u16:
    case gguf_type::i16: return 2;
    case gguf_type::u32:
    case gguf_type::i32:
    case gguf_type::f32: return 4;
    default: return 8;
  }
}

// Two passes over the strings: the first learns where they end, so that the texts take one allocation of their exact size.
inline void read_gguf_strings(gguf_cursor& in, const std::string& field, metadata_value& value) {
  if (!in.expect(field, value.count, sizeof(std::uint64_t))) return;
  value.string_ends.reserve(static_cast<std::size_t>(value.count));
  const auto begin = in.offset();
  std::uint64_t total = 0;
  for (std::uint64_t i = 0; i < value.count && in.ok(); ++i) {
    const auto length = in.number<std::uint64_t>(field);
    in.skip(field, length);
    total += length;  // cannot wrap: skip() held it against the size of the file
    value.string_ends.push_back(total);
  }
  if (!in.ok()) return;
  value.data.resize(static_cast<std::size_t>(total));
  in.back_to(begin);
  std::uint64_t at = 0;
  for (const auto end : value.string_ends) {
    in.skip(field, sizeof(std::uint64_t));
    in.read(field, std::span(value.data).subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(end - at)));
    at = end;
  }
}

[[nodiscard]] inline gguf_type read_gguf_type(gguf_cursor& in, const std::string& field) {
  const auto at = in.offset();
  const auto code = in.number<std::uint32_t>(field);
  if (code > static_cast<std::uint32_t>(gguf_type::f64)) {
    in.fail(errc::malformed, field, at, "value type " + std::to_string(code) + " does not exist");
    return gguf_type::u8;
  }
  return static_cast<gguf_type>(code);
}

inline void read_gguf_entry(gguf_cursor& in, std::uint64_t number, metadata_entry& entry) {
  entry.key = in.text("key of metadata pair " + std::to_string(number), gguf_limits::key_bytes);
  const std::string field = "metadata " + printable(entry.key);
  auto& value = entry.value;
  value.type = read_gguf_type(in, field);
  value.file_offset = in.offset();
  if (value.type == gguf_type::array) {
    value.is_array = true;
    value.type = read_gguf_type(in, field);
    if (value.type == gguf_type::array)
      in.fail(errc::unsupported, field, value.file_offset, "arrays of arrays are not supported");
    value.count = in.number<std::uint64_t>(field);
  }
  if (!in.ok()) return;
  if (value.type == gguf_type::string) return read_gguf_strings(in, field, value);
  const auto element_bytes = gguf_element_bytes(value.type);
  if (!in.expect(field, value.count, element_bytes)) return;
  const auto at = in.offset();
  value.data.resize(static_cast<std::size_t>(value.count) * element_bytes);
  in.read(field, value.data);
  if (value.type != gguf_type::boolean) return;
  const auto odd = std::find_if(value.data.begin(), value.data.end(), [](std::byte b) { return b > std::byte{1}; });
  if (odd != value.data.end()) {
    in.fail(errc::malformed, field, at + static_cast<std::uint64_t>(odd - value.data.begin()),
            "a bool is 0 or 1, got " + std::to_string(std::to_integer<int>(*odd)));
  }
}

// What the file says about a tensor; `offset` still counts from the start of the data.
inline void read_gguf_tensor(gguf_cursor& in, std::uint64_t number, tensor_info& tensor) {
  tensor.name = in.text("name of tensor " + std::to_string(number), gguf_limits::tensor_name_bytes);
  const std::string field = "tensor " + printable(tensor.name);
  auto at = in.offset();
  const auto dimensions = in.number<std::uint32_t>(field);
  if (dimensions == 0 || dimensions > gguf_limits::dimensions) {
    in.fail(errc::malformed, field, at,
            std::to_string(dimensions) + " dimensions; 1 .. " + std::to_string(gguf_limits::dimensions) + " are allowed");
  }
  if (!in.ok()) return;
  tensor.shape.resize(dimensions);
  checked_size elements = 1;
  for (std::size_t i = 0; i < dimensions; ++i) {
    at = in.offset();
    const auto size = in.number<std::uint64_t>(field);
    if (size == 0) in.fail(errc::malformed, field, at, "dimension " + std::to_string(i) + " is 0");
    tensor.shape[dimensions - 1 - i] = size;
    elements = elements * size;
    if (!elements.at_most(std::uint64_t{1} << 62)) {
      in.fail(errc::malformed, field, at,
              "the product of its dimensions does not fit, at dimension " + std::to_string(i) + " of " + std::to_string(size));
    }
  }
  at = in.offset();
  const auto code = in.number<std::uint32_t>(field);
  if (!in.ok()) return;
  const auto known =
      std::find_if(gguf_tensor_types.begin(), gguf_tensor_types.end(), [&](const auto& t) { return t.code == code; });
  if (known == gguf_tensor_types.end() || !known->type) {
    in.fail(errc::unsupported, field, at,
            "type " + std::to_string(code) + (known == gguf_tensor_types.end() ? "" : " (" + std::string(known->name) + ')') +
                " is not supported; convert it to Q8_0, Q4_K or F16, for example");
    return;
  }
  tensor.type = *known->type;
  tensor.columns = tensor.shape.back();
  tensor.rows = elements.value_or(0) / tensor.columns;
  const auto& facts = facts_of(tensor.type);
  if (tensor.columns % facts.block_elements != 0) {
    in.fail(errc::malformed, field, at,
            "rows of " + std::to_string(tensor.columns) + " do not divide into " + std::string(facts.name) + " blocks of " +
                std::to_string(facts.block_elements));
  }
  const auto bytes = checked_size(elements.value_or(0) / facts.block_elements) * checked_size(facts.block_bytes);
  if (!bytes.valid()) in.fail(errc::malformed, field, at, "its size in bytes does not fit");
  tensor.bytes = bytes.value_or(0);
  tensor.offset = in.number<std::uint64_t>(field);
}

struct gguf_header {
  std::uint32_t version = 0;
  gguf_metadata metadata;
  std::vector<tensor_info> tensors;
  std::uint64_t data_begin = 0;
};

// Magic, version and the two counts.
inline void read_gguf_start(gguf_cursor& in, gguf_header& header, std::uint64_t& tensor_count, std::uint64_t& pair_count) {
  std::array<std::byte, 4> magic{};
  in.read("magic", magic);
  if (in.ok() && std::memcmp(magic.data(), "GGUF", magic.size()) != 0) {
    in.fail(errc::malformed, "magic", 0,
            "not a GGUF file; it starts with " + printable({reinterpret_cast<const char*>(magic.data()), magic.size()}));
  }
  header.version = in.number<std::uint32_t>("version");
  if (in.ok() && header.version != 2 && header.version != 3) {
    const bool swapped = header.version != 0 && (header.version & 0xFFFFU) == 0;
    in.fail(header.version == 0 ? errc::malformed : errc::unsupported, "version", 4,
            swapped ? std::string("a big-endian file; only little-endian ones are supported")
                    : std::to_string(header.version) + "; only 2 and 3 are supported, convert the model anew");
  }
  tensor_count = in.number<std::uint64_t>("tensor count");
  pair_count = in.number<std::uint64_t>("metadata count");
  if (!in.ok()) return;
  constexpr std::uint64_t least_tensor_bytes = 8 + 1 + 4 + 8 + 4 + 8;
  constexpr std::uint64_t least_pair_bytes = 8 + 1 + 4 + 1;
  in.expect("tensor count", tensor_count, least_tensor_bytes);
  in.expect("metadata count", pair_count, least_pair_bytes);
  if (tensor_count > gguf_limits::tensors) {
    in.fail(errc::limit, "tensor count", 8, std::to_string(tensor_count) + "; at most " + std::to_string(gguf_limits::tensors));
  }
  if (pair_count > gguf_limits::metadata_entries) {
    in.fail(errc::limit, "metadata count", 16,
            std::to_string(pair_count) + "; at most " + std::to_string(gguf_limits::metadata_entries));
  }
}

[[nodiscard]] inline result<std::uint64_t> gguf_alignment(const gguf_metadata& metadata) {
  constexpr std::string_view key = "general.alignment";
  constexpr std::uint64_t usual = 32;
  if (metadata.has(key) && metadata.find(key)->type != gguf_type::u32) return metadata.complaint(key, "expected u32");
  auto alignment = metadata.get_uint_or(key, usual, 1, gguf_limits::alignment_bytes);
  if (alignment && !std::has_single_bit(*alignment)) {
    return metadata.complaint(key, std::to_string(*alignment) + " is not a power of two");
  }
  return alignment;
}

// Turns offsets into places in the file. Data stands in the order of the headers, each part padded to the alignment: so nothing
// overlaps, nothing hides between tensors, and the format's own reader demands the same.
[[nodiscard]] inline result<void> place_gguf_tensors(gguf_header& header, std::uint64_t alignment, std::uint64_t file_bytes) {
  checked_size expected = 0;
  for (auto& tensor : header.tensors) {
    const std::string field = "tensor " + printable(tensor.name) + ": its data at byte " + std::to_string(header.data_begin) +
                              " + " + std::to_string(tensor.offset);
    if (tensor.offset % alignment != 0) {
      return error{errc::malformed, field + " is not a multiple of the alignment " + std::to_string(alignment)};
    }
    const auto end = checked_size(header.data_begin) + tensor.offset + tensor.bytes;
    if (!end.at_most(file_bytes)) {
      return error{errc::malformed, field + " with " + std::to_string(tensor.bytes) + " bytes ends beyond the file's " +
                                        std::to_string(file_bytes) + "; the download may be incomplete"};
    }
    if (tensor.offset != expected.value_or(0)) {
      return error{errc::malformed, field +
                                        (tensor.offset < expected.value_or(0) ? " overlaps the data before it"
                                                                              : " leaves a hole after the data before it") +
                                        ", which ends at offset " + std::to_string(expected.value_or(0))};
    }
    expected = round_up(checked_size(tensor.offset) + tensor.bytes, alignment);
    tensor.offset += header.data_begin;
  }
  return {};
}

[[nodiscard]] inline result<gguf_header> read_gguf_header(const input_file& file) {
  gguf_header header;
  gguf_cursor in(file);
  std::uint64_t tensor_count = 0;
  std::uint64_t pair_count = 0;
  read_gguf_start(in, header, tensor_count, pair_count);
  if (!in.ok()) return in.take_problem();

  std::vector<metadata_entry> pairs(static_cast<std::size_t>(pair_count));
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    read_gguf_entry(in, i, pairs[i]);
    if (!in.ok()) return in.take_problem();
  }
  auto metadata = gguf_metadata::make(std::move(pairs));
  if (!metadata) return std::move(metadata).error();
  header.metadata = *std::move(metadata);
  const auto alignment = gguf_alignment(header.metadata);
  if (!alignment) return alignment.error();

  header.tensors.resize(static_cast<std::size_t>(tensor_count));
  for (std::size_t i = 0; i < header.tensors.size(); ++i) {
    read_gguf_tensor(in, i, header.tensors[i]);
    if (!in.ok()) return in.take_problem();
  }
  header.data_begin = round_up(checked_size(in.offset()), *alignment).value_or(0);
  if (auto placed = place_gguf_tensors(header, *alignment, file.size()); !placed) return std::move(placed).error();
  return header;
}

[[nodiscard]] inline std::string split_suffix(std::uint64_t number, std::uint64_t count) {
  const auto five = [](std::uint64_t n) {
    const auto digits = std::to_string(n);
    return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
  };
  return '-' + five(number) + "-of-" + five(count) + ".gguf";
}

}  // namespace detail

LINGUALINKED_DECL result<void> gguf_file::add_part(const std::string& path) {
  auto input = input_file::open(path);
  if (!input) return std::move(input).error();
  auto header = detail::read_gguf_header(*input);
  if (!header) return std::move(header).error().in(printable(path, 300));
  const auto file = static_cast<std::uint32_t>(inputs_.size());
  if (file == 0) {
    metadata_ = std::move(header->metadata);
    version_ = header->version;
    tensors_ = std::move(header->tensors);
  } else {
    const auto& part = header->metadata;
    const auto number = part.get_uint("split.no", file, file);
    if (!number) return number.error().in(printable(path, 300));
    const auto count = metadata_.get_uint("split.count");
    const auto same = part.get_uint("split.count", count.value(), count.value());
    if (!same) return same.error().in(printable(path, 300));
    for (auto& tensor : header->tensors) {
      tensor.file = file;
      tensors_.push_back(std::move(tensor));
    }
    if (tensors_.size() > gguf_limits::tensors) {
      return error{errc::limit,
                   printable(path, 300) + ": more than " + std::to_string(gguf_limits::tensors) + " tensors in all parts"};
    }
  }
  files_.push_back({path, input->size(), header->data_begin});
  inputs_.push_back(*std::move(input));
  return {};
}

LINGUALINKED_DECL result<void> gguf_file::add_splits(const std::string& path) {
  const auto count = metadata_.get_uint_or("split.count", 1, 1, gguf_limits::splits);
  if (!count) return count.error();
  if (*count == 1) return {};
  const auto number = metadata_.get_uint("split.no", 0, *count - 1);
  if (!number) return number.error();
  const auto suffix = detail::split_suffix(*number + 1, *count);
  if (path.size() < suffix.size() || path.compare(path.size() - suffix.size(), suffix.size(), suffix) != 0) {
    return metadata_.complaint("split.count", "part " + std::to_string(*number + 1) + " of " + std::to_string(*count) +
                                                  ", but the file's name does not end in " + suffix);
  }
  const auto stem = path.substr(0, path.size() - suffix.size());
  if (*number != 0) {
    return error{errc::invalid_argument, "this is part " + std::to_string(*number + 1) + " of " + std::to_string(*count) +
                                             "; open the first, " + printable(stem + detail::split_suffix(1, *count), 300)};
  }
  for (std::uint64_t i = 1; i < *count; ++i) {
    if (auto added = add_part(stem + detail::split_suffix(i + 1, *count)); !added) return added;
  }
  const auto total = metadata_.get_uint_or("split.tensors.count", tensors_.size(), tensors_.size(), tensors_.size());
  if (!total) return total.error();
  return {};
}

LINGUALINKED_DECL result<void> gguf_file::check_tokenizer() const {
  constexpr std::string_view tokens_key = "tokenizer.ggml.tokens";
  if (metadata_.has("tokenizer.ggml.merges")) {
    if (const auto merges = metadata_.get_strings("tokenizer.ggml.merges"); !merges) return merges.error();
  }
  if (!metadata_.has(tokens_key)) return {};
  const auto tokens = metadata_.get_strings(tokens_key);
  if (!tokens) return tokens.error();
  for (const std::string_view key : {"tokenizer.ggml.scores", "tokenizer.ggml.token_type"}) {
    const auto* value = metadata_.find(key);
    if (value == nullptr) continue;
    if (!value->is_array || value->type != (key.ends_with("scores") ? gguf_type::f32 : gguf_type::i32)) {
      return metadata_.complaint(
          key, "expected an array of " + std::string(key.ends_with("scores") ? "f32" : "i32") + ", got " + describe(*value, 40));
    }
    if (value->count != tokens->size()) {
      return metadata_.complaint(key,
                                 std::to_string(value->count) + " elements for " + std::to_string(tokens->size()) + " tokens");
    }
  }
  const auto* embedding = find("token_embd.weight");
  if (embedding != nullptr && embedding->rows != tokens->size()) {
    return metadata_.complaint(tokens_key, std::to_string(tokens->size()) + " tokens, but token_embd.weight has " +
                                               std::to_string(embedding->rows) + " rows");
  }
  return {};
}

LINGUALINKED_DECL result<gguf_file> gguf_file::open(const std::string& path) {
  gguf_file file;
  if (auto added = file.add_part(path); !added) return std::move(added).error();
  const auto where = printable(path, 300);
  if (auto added = file.add_splits(path); !added) return std::move(added).error().in(where);
  if (auto indexed = file.index_.build(file.tensors_); !indexed) return std::move(indexed).error().in(where);
  auto architecture = file.metadata_.get_string("general.architecture");
  if (!architecture) return std::move(architecture).error().in(where);
  file.architecture_ = *std::move(architecture);
  if (auto checked = file.check_tokenizer(); !checked) return std::move(checked).error().in(where);
  return file;
}

}  // namespace lingualinked::inline v0

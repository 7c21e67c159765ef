// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/core/checked.hpp>
#include <lingualinked/formats/json.hpp>
#include <lingualinked/formats/printable.hpp>
#include <lingualinked/formats/safetensors.hpp>
#include <lingualinked/tensor/shape.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

namespace lingualinked::inline v0 {
namespace detail {

struct safetensors_type {
  std::string_view name;
  std::uint64_t bytes;
  std::optional<dtype> type;  // nothing: no kernel reads it
};

inline constexpr auto safetensors_types = std::to_array<safetensors_type>({
    {"F32", 4, dtype::f32},
    {"F16", 2, dtype::f16},
    {"BF16", 2, dtype::bf16},
    {"I32", 4, dtype::i32},
    {"BOOL", 1, {}},
    {"U8", 1, {}},
    {"I8", 1, {}},
    {"F8_E5M2", 1, {}},
    {"F8_E4M3", 1, {}},
    {"I16", 2, {}},
    {"U16", 2, {}},
    {"U32", 4, {}},
    {"I64", 8, {}},
    {"U64", 8, {}},
    {"F64", 8, {}},
});

struct safetensors_record {
  std::string name;
  std::string type;
  std::vector<std::uint64_t> shape;
  std::vector<std::uint64_t> offsets;
};

// Takes the two levels of a header from parser events, one tensor at a time: a tree of a 100 MB header would take gigabytes.
class safetensors_header_reader {
 public:
  using json = nlohmann::json;

  bool null() { return unexpected("null"); }
  bool boolean(bool) { return unexpected("a boolean"); }
  bool number_integer(json::number_integer_t) { return unexpected("a negative number"); }
  bool number_float(json::number_float_t, const json::string_t&) { return unexpected("a number that is no integer"); }
  bool binary(json::binary_t&) { return unexpected("binary data"); }
  bool number_unsigned(json::number_unsigned_t value) {
    if (place_ != place::in_shape && place_ != place::in_offsets) return unexpected("a number");
    auto& list = place_ == place::in_shape ? records_.back().shape : records_.back().offsets;
    const std::size_t most = place_ == place::in_shape ? safetensors_limits::dimensions : 2;
    if (list.size() == most) return fail(errc::malformed, "more than " + std::to_string(most) + " numbers");
    list.push_back(value);
    return true;
  }
  bool string(json::string_t& value) {
    if (place_ == place::in_metadata) return true;
    if (place_ != place::in_tensor || field_ != "dtype") return unexpected("a string");
    records_.back().type = std::move(value);
    return true;
  }
  bool start_object(std::size_t) {
    if (place_ == place::outside) return enter(place::on_top);
    if (place_ != place::on_top) return unexpected("an object");
    if (field_ == "__metadata__") {
      return std::exchange(has_metadata_, true) ? fail(errc::malformed, "stands twice") : enter(place::in_metadata);
    }
    if (records_.size() == safetensors_limits::tensors) {
      return fail(errc::limit, "more than " + std::to_string(safetensors_limits::tensors) + " tensors");
    }
    if (field_.empty() || field_.size() > safetensors_limits::tensor_name_bytes) {
      return fail(errc::malformed, "a name of " + std::to_string(field_.size()) + " bytes; 1 .. " +
                                       std::to_string(safetensors_limits::tensor_name_bytes) + " are allowed");
    }
    records_.emplace_back().name = std::move(field_);
    field_.clear();
    seen_.clear();
    return enter(place::in_tensor);
  }
  bool end_object() {
    if (place_ == place::in_tensor && seen_.size() != 3) {
      field_.clear();
      return fail(errc::malformed, "dtype, shape and data_offsets are needed");
    }
    return enter(place_ == place::on_top ? place::outside : place::on_top);
  }
  bool start_array(std::size_t) {
    if (place_ == place::in_tensor && field_ == "shape") return enter(place::in_shape);
    if (place_ == place::in_tensor && field_ == "data_offsets") return enter(place::in_offsets);
    return unexpected("an array");
  }
  bool end_array() { return enter(place::in_tensor); }
  bool key(json::string_t& name) {
    field_ = std::move(name);
    if (place_ != place::in_tensor) return true;
    if (field_ != "dtype" && field_ != "shape" && field_ != "data_offsets") return fail(errc::malformed, "an unknown field");
    return seen_.insert(field_).second || fail(errc::malformed, "stands twice");
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    problem_ = {errc::malformed, "header: not JSON at byte " + std::to_string(8 + position)};
    return false;
  }

  [[nodiscard]] std::vector<safetensors_record>& records() { return records_; }
  [[nodiscard]] const error& problem() const { return problem_; }

 private:
  enum class place { outside, on_top, in_metadata, in_tensor, in_shape, in_offsets };

  bool enter(place next) {
    place_ = next;
    return true;
  }
  bool unexpected(std::string_view what) { return fail(errc::malformed, std::string(what) + " does not belong here"); }
  bool fail(errc code, std::string_view what) {
    std::string where = "header";
    if (place_ >= place::in_tensor) where += ", tensor " + printable(records_.back().name);
    if (!field_.empty()) where += ", " + printable(field_);
    problem_ = {code, where + ": " + std::string(what)};
    return false;
  }

  place place_ = place::outside;
  std::string field_;
  std::set<std::string> seen_;
  bool has_metadata_ = false;
  std::vector<safetensors_record> records_;
  error problem_;
};

[[nodiscard]] inline const safetensors_type* safetensors_type_of(std::string_view name) {
  const auto known =
      std::find_if(safetensors_types.begin(), safetensors_types.end(), [&](const auto& t) { return t.name == name; });
  return known == safetensors_types.end() ? nullptr : &*known;
}

// Checks one record for itself and makes a tensor of it; the offset still counts from the start of the data.
[[nodiscard]] inline result<tensor_info> safetensors_tensor(safetensors_record& record, std::uint64_t data_bytes) {
  const auto wrong = [&](errc code, const std::string& what) {
    return error{code, "tensor " + printable(record.name) + ", " + what};
  };
  const auto* type = safetensors_type_of(record.type);
  if (type == nullptr) return wrong(errc::unsupported, "dtype: " + printable(record.type) + " is not supported");
  const auto& offsets = record.offsets;
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data_bytes) {
    std::string shown;
    for (const auto offset : offsets) shown += ' ' + std::to_string(offset);
    return wrong(errc::malformed, "data_offsets:" + shown + " is no range inside the file's " + std::to_string(data_bytes) +
                                      " bytes of data; the download may be incomplete");
  }
  tensor_info tensor;
  tensor.offset = offsets[0];
  tensor.bytes = offsets[1] - offsets[0];
  const auto bytes = element_count(record.shape) * checked_size(type->bytes);
  if (!bytes.valid() || bytes.value_or(0) != tensor.bytes) {
    return wrong(errc::malformed, "shape: it makes " + (bytes.valid() ? std::to_string(bytes.value_or(0)) : "too many") +
                                      " bytes, but data_offsets hold " + std::to_string(tensor.bytes));
  }
  tensor.name = std::move(record.name);
  tensor.shape = std::move(record.shape);
  const std::span<const std::uint64_t> shape(tensor.shape);
  tensor.columns = shape.empty() ? 1 : shape.back();
  tensor.rows = shape.empty() ? 1 : element_count(shape.first(shape.size() - 1)).value_or(0);
  tensor.type = type->type.value_or(dtype::f32);
  return tensor;
}

// Data must follow data without hole, overlap or rest: else a file could hide bytes, or show the same ones twice.
[[nodiscard]] inline result<void> check_safetensors_order(std::span<const tensor_info> listed, std::uint64_t data_bytes) {
  std::vector<const tensor_info*> order;
  order.reserve(listed.size());
  for (const auto& tensor : listed) order.push_back(&tensor);
  // An empty tensor may share the offset of the next one, so it goes first.
  std::sort(order.begin(), order.end(),
            [](const auto* a, const auto* b) { return std::pair(a->offset, a->bytes) < std::pair(b->offset, b->bytes); });
  std::uint64_t expected = 0;
  for (const auto* tensor : order) {
    if (tensor->offset != expected) {
      return error{errc::malformed, "tensor " + printable(tensor->name) + ", data_offsets: begin at " +
                                        std::to_string(tensor->offset) + ", but the data before ends at " +
                                        std::to_string(expected)};
    }
    expected += tensor->bytes;
  }
  if (expected != data_bytes) {
    return error{errc::malformed,
                 "header: tensors end at " + std::to_string(expected) + " of " + std::to_string(data_bytes) + " bytes of data"};
  }
  return {};
}

// Only a plain name in the index's own folder; "C:x" and the backslash are paths elsewhere.
[[nodiscard]] inline bool is_shard_name(std::string_view name) {
  constexpr std::string_view suffix = ".safetensors";
  return name.size() > suffix.size() && name.size() <= 255 && name.ends_with(suffix) && name.front() != '.' &&
         name.find_first_of(std::string_view("/\\:\0", 4)) == std::string_view::npos;
}

struct safetensors_header {
  std::vector<safetensors_record> records;
  std::uint64_t data_begin = 0;
};

[[nodiscard]] inline result<safetensors_header> read_safetensors_header(const input_file& file) {
  std::array<std::byte, 8> raw{};
  if (file.size() < raw.size())
    return error{errc::malformed, "header length at byte 0: the file has " + std::to_string(file.size()) + " bytes"};
  if (auto done = file.read(0, raw); !done) return std::move(done).error();
  const auto length = byte_reader(raw).read<std::uint64_t>();
  const auto most = std::min(safetensors_limits::header_bytes, file.size() - raw.size());
  if (length < 2 || length > most) {
    return error{errc::malformed,
                 "header length at byte 0: " + std::to_string(length) + " is not in 2 .. " + std::to_string(most)};
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  if (auto done = file.read(raw.size(), std::as_writable_bytes(std::span(text))); !done) return std::move(done).error();
  if (text.front() != '{') return error{errc::malformed, "header at byte 8: it does not start with '{'"};
  safetensors_header_reader reader;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader)) return reader.problem();
  return safetensors_header{std::move(reader.records()), raw.size() + length};
}

}  // namespace detail

LINGUALINKED_DECL result<void> safetensors_model::add_file(const std::string& path) {
  const auto where = printable(path, 300);
  auto input = input_file::open(path);
  if (!input) return std::move(input).error();
  auto header = detail::read_safetensors_header(*input);
  if (!header) return header.error().in(where);
  if (header->records.size() > safetensors_limits::tensors - tensors_.size() - skipped_.size()) {
    return error{errc::limit, where + ": more than " + std::to_string(safetensors_limits::tensors) + " tensors in all shards"};
  }
  const auto file = static_cast<std::uint32_t>(inputs_.size());
  const auto data_bytes = input->size() - header->data_begin;
  std::vector<tensor_info> listed;
  listed.reserve(header->records.size());
  for (auto& record : header->records) {
    auto tensor = detail::safetensors_tensor(record, data_bytes);
    if (!tensor) return tensor.error().in(where);
    listed.push_back(*std::move(tensor));
  }
  if (auto checked = detail::check_safetensors_order(listed, data_bytes); !checked) return checked.error().in(where);
  for (std::size_t i = 0; i < listed.size(); ++i) {
    auto& tensor = listed[i];
    auto& type = header->records[i].type;
    if (!detail::safetensors_type_of(type)->type) {
      skipped_.push_back({std::move(tensor.name), std::move(type), file});
      continue;
    }
    tensor.file = file;
    tensor.offset += header->data_begin;
    tensors_.push_back(std::move(tensor));
  }
  files_.push_back({path, input->size(), header->data_begin});
  inputs_.push_back(*std::move(input));
  return {};
}

LINGUALINKED_DECL const skipped_tensor* safetensors_model::find_skipped(std::string_view name) const {
  const auto found = std::lower_bound(skipped_.begin(), skipped_.end(), name,
                                      [](const skipped_tensor& t, std::string_view n) { return t.name < n; });
  return found != skipped_.end() && found->name == name ? &*found : nullptr;
}

LINGUALINKED_DECL result<void> safetensors_model::finish() {
  if (auto indexed = index_.build(tensors_); !indexed) return indexed;
  std::sort(skipped_.begin(), skipped_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  for (std::size_t i = 0; i < skipped_.size(); ++i) {
    const auto& name = skipped_[i].name;
    if (find(name) != nullptr || (i > 0 && skipped_[i - 1].name == name)) {
      return error{errc::malformed, "tensor " + printable(name) + ": the name stands twice"};
    }
  }
  return {};
}

LINGUALINKED_DECL result<void> safetensors_model::add_shards(const std::string& index_path) {
  const auto text = read_text_file(index_path, safetensors_limits::index_bytes);
  if (!text) return text.error();
  const auto where = printable(index_path, 300);
  const auto document = parse_json(
      *text, {.max_bytes = safetensors_limits::index_bytes, .max_values = safetensors_limits::tensors + std::size_t{1000}});
  if (!document) return document.error().in(where);
  const auto weight_map = json_field(*document).member("weight_map");
  const auto names = weight_map.names();
  if (!names) return names.error().in(where);

  const auto folder = std::filesystem::path(index_path).parent_path();
  std::map<std::string, std::uint32_t> shards;
  std::vector<std::uint32_t> expected;  // the shard of each name
  for (const auto& name : *names) {
    const auto field = weight_map.member(name);
    const auto file = field.get_string();
    if (!file) return file.error().in(where);
    if (!detail::is_shard_name(*file)) {
      return field.complaint(printable(*file) + " is not the plain name of a .safetensors file").in(where);
    }
    auto shard = shards.find(*file);
    if (shard == shards.end()) {
      if (shards.size() == safetensors_limits::shards) {
        return error{errc::limit, where + ": more than " + std::to_string(safetensors_limits::shards) + " shards"};
      }
      if (auto added = add_file((folder / *file).string()); !added) return added.error().in("shard of " + field.path());
      shard = shards.emplace(*file, static_cast<std::uint32_t>(inputs_.size() - 1)).first;
    }
    expected.push_back(shard->second);
  }
  if (auto finished = finish(); !finished) return finished.error().in(where);
  for (std::size_t i = 0; i < names->size(); ++i) {
    const auto& name = (*names)[i];
    const auto* tensor = find(name);
    const auto* skipped = find_skipped(name);
    if (tensor == nullptr && skipped == nullptr) return weight_map.member(name).complaint("no shard holds this tensor").in(where);
    if ((tensor != nullptr ? tensor->file : skipped->file) != expected[i]) {
      return weight_map.member(name).complaint("the tensor stands in another shard").in(where);
    }
  }
  if (tensors_.size() + skipped_.size() != names->size()) {
    return error{errc::malformed, where + ": weight_map: " + std::to_string(names->size()) + " tensors, but the shards hold " +
                                      std::to_string(tensors_.size() + skipped_.size())};
  }
  return {};
}

LINGUALINKED_DECL result<safetensors_model> safetensors_model::open(const std::string& path) {
  namespace fs = std::filesystem;
  safetensors_model model;
  std::error_code ignored;
  const bool is_folder = fs::is_directory(path, ignored);
  auto file = path;
  if (is_folder) {
    const auto index = (fs::path(path) / "model.safetensors.index.json").string();
    file = fs::exists(index, ignored) ? index : (fs::path(path) / "model.safetensors").string();
    const bool missing = !fs::exists(file, ignored);
    for (const char* pickled : {"pytorch_model.bin", "pytorch_model.bin.index.json"})
      if (missing && fs::exists(fs::path(path) / pickled, ignored))
        return error{errc::unsupported, printable(path, 300) + ": holds " + pickled +
                                            ", which is not read: loading such a file runs code. Save the model as safetensors"};
  }
  if (file.ends_with(".index.json")) {
    if (auto added = model.add_shards(file); !added) return std::move(added).error();
  } else {
    if (auto added = model.add_file(file); !added) return std::move(added).error();
    if (auto finished = model.finish(); !finished) return finished.error().in(printable(file, 300));
  }
  const auto config = (fs::path(path) / "config.json").string();
  if (is_folder && fs::exists(config, ignored)) {
    const auto input = input_file::open(config);
    if (!input) return input.error();
    model.files_.push_back({config, input->size(), input->size()});
  }
  return model;
}

}  // namespace lingualinked::inline v0

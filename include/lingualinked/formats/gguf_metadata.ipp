// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/formats/gguf_metadata.hpp>
#include <lingualinked/formats/printable.hpp>

#include <algorithm>
#include <cmath>
#include <locale>
#include <numeric>
#include <sstream>
#include <string>
#include <tuple>

namespace lingualinked::inline v0 {
namespace detail {

template <class T>
[[nodiscard]] T gguf_element(const metadata_value& value, std::uint64_t i) noexcept {
  byte_reader reader(std::span(value.data).subspan(static_cast<std::size_t>(i) * sizeof(T)));
  return reader.read<T>();
}

template <class T>
[[nodiscard]] metadata_value::integer gguf_signed(T value) noexcept {
  // Negated as unsigned, because the smallest value has no positive twin.
  const auto wide = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  return value < 0 ? metadata_value::integer{0 - wide, true} : metadata_value::integer{wide, false};
}

[[nodiscard]] inline std::string gguf_integer_text(metadata_value::integer value) {
  std::string out(value.negative ? "-" : "");
  return out += std::to_string(value.magnitude);
}

[[nodiscard]] inline std::string gguf_float_text(double value) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out.precision(9);
  out << value;
  return out.str();
}

[[nodiscard]] inline std::string gguf_element_text(const metadata_value& value, std::uint64_t i, std::size_t longest) {
  switch (value.type) {
    case gguf_type::string: return printable(value.text(i), longest);
    case gguf_type::f32:
    case gguf_type::f64: return gguf_float_text(value.as_float(i));
    case gguf_type::boolean: return value.as_integer(i).magnitude != 0 ? "true" : "false";
    default: return gguf_integer_text(value.as_integer(i));
  }
}

}  // namespace detail

LINGUALINKED_DECL std::string_view name_of(gguf_type type) noexcept {
  switch (type) {
    case gguf_type::u8: return "u8";
    case gguf_type::i8: return "i8";
    case gguf_type::u16: return "u16";
    case gguf_type::i16: return "i16";
    case gguf_type::u32: return "u32";
    case gguf_type::i32: return "i32";
    case gguf_type::f32: return "f32";
    case gguf_type::boolean: return "bool";
    case gguf_type::string: return "string";
    case gguf_type::array: return "array";
    case gguf_type::u64: return "u64";
    case gguf_type::i64: return "i64";
    case gguf_type::f64: return "f64";
  }
  return "unknown";
}

LINGUALINKED_DECL metadata_value::integer metadata_value::as_integer(std::uint64_t i) const noexcept {
  switch (type) {
    case gguf_type::u8:
    case gguf_type::boolean: return {detail::gguf_element<std::uint8_t>(*this, i), false};
    case gguf_type::u16: return {detail::gguf_element<std::uint16_t>(*this, i), false};
    case gguf_type::u32: return {detail::gguf_element<std::uint32_t>(*this, i), false};
    case gguf_type::u64: return {detail::gguf_element<std::uint64_t>(*this, i), false};
    case gguf_type::i8: return detail::gguf_signed(detail::gguf_element<std::int8_t>(*this, i));
    case gguf_type::i16: return detail::gguf_signed(detail::gguf_element<std::int16_t>(*this, i));
    case gguf_type::i32: return detail::gguf_signed(detail::gguf_element<std::int32_t>(*this, i));
    case gguf_type::i64: return detail::gguf_signed(detail::gguf_element<std::int64_t>(*this, i));
    default: return {};
  }
}

LINGUALINKED_DECL double metadata_value::as_float(std::uint64_t i) const noexcept {
  return type == gguf_type::f32 ? static_cast<double>(detail::gguf_element<float>(*this, i))
                                : detail::gguf_element<double>(*this, i);
}

LINGUALINKED_DECL std::string describe(const metadata_value& value, std::size_t longest) {
  if (!value.is_array) return detail::gguf_element_text(value, 0, longest);
  std::string out = std::string(name_of(value.type)) + '[' + std::to_string(value.count) + "] {";
  for (std::uint64_t i = 0; i < value.count; ++i) {
    if (i > 0) out += ", ";
    if (out.size() >= longest) {
      out += "...";
      break;
    }
    out += detail::gguf_element_text(value, i, longest - out.size());
  }
  return out + '}';
}

LINGUALINKED_DECL result<gguf_metadata> gguf_metadata::make(std::vector<metadata_entry> entries) {
  gguf_metadata out;
  out.entries_ = std::move(entries);
  out.by_key_.resize(out.entries_.size());
  std::iota(out.by_key_.begin(), out.by_key_.end(), 0U);
  const auto key = [&](std::uint32_t i) -> const std::string& { return out.entries_[i].key; };
  // By key, then by place, so that the complaint names the second of two.
  std::sort(out.by_key_.begin(), out.by_key_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return std::tie(key(a), a) < std::tie(key(b), b); });
  const auto twice = std::adjacent_find(out.by_key_.begin(), out.by_key_.end(),
                                        [&](std::uint32_t a, std::uint32_t b) { return key(a) == key(b); });
  if (twice != out.by_key_.end()) {
    const auto& [name, value] = out.entries_[*(twice + 1)];
    return error{errc::malformed, "metadata " + printable(name) + " at byte " + std::to_string(value.file_offset) +
                                      ": the key stands twice, first at byte " +
                                      std::to_string(out.entries_[*twice].value.file_offset)};
  }
  return out;
}

LINGUALINKED_DECL const metadata_value* gguf_metadata::find(std::string_view key) const noexcept {
  const auto found = std::lower_bound(by_key_.begin(), by_key_.end(), key,
                                      [&](std::uint32_t i, std::string_view k) { return entries_[i].key < k; });
  return found != by_key_.end() && entries_[*found].key == key ? &entries_[*found].value : nullptr;
}

LINGUALINKED_DECL error gguf_metadata::complaint(std::string_view key, std::string_view what) const {
  const auto* value = find(key);
  return {errc::malformed, "metadata " + printable(key) +
                               (value == nullptr ? "" : " at byte " + std::to_string(value->file_offset)) + ": " +
                               std::string(what)};
}

LINGUALINKED_DECL result<const metadata_value*> gguf_metadata::require(std::string_view key, bool array,
                                                                       std::string_view expected) const {
  const auto* value = find(key);
  if (value == nullptr) {
    const auto last = entries_.empty() ? 0 : entries_.back().value.file_offset;
    return complaint(key,
                     "missing; expected " + std::string(expected) + " (the last pair is at byte " + std::to_string(last) + ')');
  }
  if (value->is_array != array) {
    return complaint(key, "expected " + std::string(expected) + ", got " + (value->is_array ? "an array of " : "a single ") +
                              std::string(name_of(value->type)));
  }
  if (array && value->count > max_elements) {
    return error{errc::limit,
                 complaint(key, std::to_string(value->count) + " elements; at most " + std::to_string(max_elements) + " are read")
                     .message};
  }
  return value;
}

LINGUALINKED_DECL result<std::uint64_t> gguf_metadata::get_uint(std::string_view key, std::uint64_t min,
                                                                std::uint64_t max) const {
  const std::string expected = "an integer in " + std::to_string(min) + " .. " + std::to_string(max);
  const auto value = require(key, false, expected);
  if (!value) return value.error();
  if (!(*value)->is_integer()) return complaint(key, "expected " + expected + ", got " + std::string(name_of((*value)->type)));
  const auto number = (*value)->as_integer();
  if (number.negative || number.magnitude < min || number.magnitude > max) {
    return complaint(key, "expected " + expected + ", got " + detail::gguf_integer_text(number));
  }
  return number.magnitude;
}

LINGUALINKED_DECL result<double> gguf_metadata::get_float(std::string_view key, double min, double max) const {
  const auto value = require(key, false, "a number");
  if (!value) return value.error();
  if ((*value)->type != gguf_type::f32 && (*value)->type != gguf_type::f64) {
    return complaint(key, "expected f32 or f64, got " + std::string(name_of((*value)->type)));
  }
  const double number = (*value)->as_float();
  if (!std::isfinite(number) || number < min || number > max) {
    return complaint(key, "expected a number in " + detail::gguf_float_text(min) + " .. " + detail::gguf_float_text(max) +
                              ", got " + detail::gguf_float_text(number));
  }
  return number;
}

LINGUALINKED_DECL result<bool> gguf_metadata::get_bool(std::string_view key) const {
  const auto value = require(key, false, "true or false");
  if (!value) return value.error();
  if ((*value)->type != gguf_type::boolean) return complaint(key, "expected bool, got " + std::string(name_of((*value)->type)));
  return (*value)->as_integer().magnitude != 0;
}

LINGUALINKED_DECL result<std::string> gguf_metadata::get_string(std::string_view key) const {
  const auto value = require(key, false, "a string");
  if (!value) return value.error();
  if ((*value)->type != gguf_type::string) return complaint(key, "expected string, got " + std::string(name_of((*value)->type)));
  return std::string((*value)->text());
}

LINGUALINKED_DECL result<std::uint64_t> gguf_metadata::get_uint_or(std::string_view key, std::uint64_t otherwise,
                                                                   std::uint64_t min, std::uint64_t max) const {
  return has(key) ? get_uint(key, min, max) : otherwise;
}

LINGUALINKED_DECL result<double> gguf_metadata::get_float_or(std::string_view key, double otherwise, double min,
                                                             double max) const {
  return has(key) ? get_float(key, min, max) : otherwise;
}

LINGUALINKED_DECL result<bool> gguf_metadata::get_bool_or(std::string_view key, bool otherwise) const {
  return has(key) ? get_bool(key) : otherwise;
}

LINGUALINKED_DECL result<std::string> gguf_metadata::get_string_or(std::string_view key, std::string otherwise) const {
  if (!has(key)) return otherwise;
  return get_string(key);
}

LINGUALINKED_DECL result<std::vector<std::string_view>> gguf_metadata::get_strings(std::string_view key) const {
  const auto value = require(key, true, "an array of strings");
  if (!value) return value.error();
  const auto& list = **value;
  if (list.type != gguf_type::string)
    return complaint(key, "expected an array of strings, got one of " + std::string(name_of(list.type)));
  std::vector<std::string_view> out(static_cast<std::size_t>(list.count));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = list.text(i);
  return out;
}

LINGUALINKED_DECL result<std::vector<std::int64_t>> gguf_metadata::get_ints(std::string_view key, std::int64_t min,
                                                                            std::int64_t max) const {
  const auto value = require(key, true, "an array of integers");
  if (!value) return value.error();
  const auto& list = **value;
  if (!list.is_integer()) return complaint(key, "expected an array of integers, got one of " + std::string(name_of(list.type)));
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::vector<std::int64_t> out(static_cast<std::size_t>(list.count));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto number = list.as_integer(i);
    const bool fits = number.magnitude <= largest + (number.negative ? 1U : 0U);
    out[i] = static_cast<std::int64_t>(number.negative ? 0 - number.magnitude : number.magnitude);
    if (!fits || out[i] < min || out[i] > max) {
      return complaint(key, "element " + std::to_string(i) + " is " + detail::gguf_integer_text(number) + ", outside " +
                                std::to_string(min) + " .. " + std::to_string(max));
    }
  }
  return out;
}

LINGUALINKED_DECL result<std::vector<float>> gguf_metadata::get_floats(std::string_view key) const {
  const auto value = require(key, true, "an array of floats");
  if (!value) return value.error();
  const auto& list = **value;
  if (list.type != gguf_type::f32 && list.type != gguf_type::f64) {
    return complaint(key, "expected an array of f32 or f64, got one of " + std::string(name_of(list.type)));
  }
  std::vector<float> out(static_cast<std::size_t>(list.count));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double number = list.as_float(i);
    if (!(std::abs(number) <= static_cast<double>(std::numeric_limits<float>::max()))) {
      return complaint(key, "element " + std::to_string(i) + " is " + detail::gguf_float_text(number) + ", not a finite float");
    }
    out[i] = static_cast<float>(number);
  }
  return out;
}

LINGUALINKED_DECL result<std::vector<bool>> gguf_metadata::get_bools(std::string_view key) const {
  const auto value = require(key, true, "an array of bools");
  if (!value) return value.error();
  const auto& list = **value;
  if (list.type != gguf_type::boolean)
    return complaint(key, "expected an array of bools, got one of " + std::string(name_of(list.type)));
  std::vector<bool> out(static_cast<std::size_t>(list.count));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = list.as_integer(i).magnitude != 0;
  return out;
}

}  // namespace lingualinked::inline v0

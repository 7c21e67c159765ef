// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/formats/gguf_metadata.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace test_support {

/// Little-endian bytes in a std::string, the plainest of all buffers.
class byte_string {
 public:
  template <class T>
  requires std::is_arithmetic_v<T>
  byte_string& number(T value) {
    std::byte raw[sizeof(T)];
    lingualinked::store_little_endian(raw, value);
    bytes_.append(reinterpret_cast<const char*>(raw), sizeof(T));
    return *this;
  }
  byte_string& text(std::string_view value) {
    number(std::uint64_t{value.size()});
    bytes_ += value;
    return *this;
  }
  byte_string& raw(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  [[nodiscard]] const std::string& str() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

/// The bytes of numbers, as a tensor's data.
template <class T>
[[nodiscard]] std::string bytes_of_numbers(std::span<const T> values) {
  byte_string out;
  for (const T value : values) out.number(value);
  return out.str();
}

/// Writes GGUF files, sound by default and with any defect on request: every derived number (counts, offsets, padding) can be
/// overridden, and raw bytes may stand in for a pair or a tensor. Shapes are in GGUF order: contiguous dimension first.
class gguf_builder {
 public:
  using type = lingualinked::gguf_type;

  gguf_builder& magic(std::string_view value) { return magic_ = value, *this; }
  gguf_builder& version(std::uint32_t value) { return version_ = value, *this; }
  gguf_builder& tensor_count(std::uint64_t value) { return tensor_count_ = value, *this; }
  gguf_builder& pair_count(std::uint64_t value) { return pair_count_ = value, *this; }
  /// Padding of the data; says nothing to the reader (for that: number("general.alignment", ...)).
  gguf_builder& alignment(std::uint64_t value) { return alignment_ = value, *this; }

  template <class T>
  gguf_builder& number(std::string_view key, T value) {
    return pair(key, code_of<T>(), byte_string().number(value).str());
  }
  gguf_builder& boolean(std::string_view key, std::uint8_t value) {
    return pair(key, type::boolean, byte_string().number(value).str());
  }
  gguf_builder& text(std::string_view key, std::string_view value) {
    return pair(key, type::string, byte_string().text(value).str());
  }
  template <class T>
  gguf_builder& numbers(std::string_view key, const std::vector<T>& values) {
    byte_string out;
    out.number(static_cast<std::uint32_t>(code_of<T>())).number(std::uint64_t{values.size()});
    for (const T value : values) out.number(value);
    return pair(key, type::array, out.str());
  }
  gguf_builder& booleans(std::string_view key, const std::vector<std::uint8_t>& values) {
    byte_string out;
    out.number(static_cast<std::uint32_t>(type::boolean)).number(std::uint64_t{values.size()});
    for (const std::uint8_t value : values) out.number(value);
    return pair(key, type::array, out.str());
  }
  gguf_builder& texts(std::string_view key, const std::vector<std::string>& values) {
    byte_string out;
    out.number(static_cast<std::uint32_t>(type::string)).number(std::uint64_t{values.size()});
    for (const auto& value : values) out.text(value);
    return pair(key, type::array, out.str());
  }
  /// A pair whose value bytes are up to the caller.
  gguf_builder& pair(std::string_view key, type code, std::string_view value) {
    return raw_pair(byte_string().text(key).number(static_cast<std::uint32_t>(code)).raw(value).str());
  }
  gguf_builder& raw_pair(std::string_view bytes) { return pairs_.emplace_back(bytes), *this; }

  /// A tensor with its data; `offset` overrides where the header says it lies.
  gguf_builder& tensor(std::string_view name, std::vector<std::uint64_t> shape, std::uint32_t type_code, std::string_view data,
                       std::optional<std::uint64_t> offset = {}) {
    byte_string info;
    info.text(name).number(static_cast<std::uint32_t>(shape.size()));
    for (const auto size : shape) info.number(size);
    info.number(type_code).number(offset.value_or(data_.size()));
    tensors_.push_back(info.str());
    data_ += data;
    data_.resize((data_.size() + alignment_ - 1) / alignment_ * alignment_);
    return *this;
  }
  gguf_builder& f32(std::string_view name, std::vector<std::uint64_t> shape, std::span<const float> values) {
    return tensor(name, std::move(shape), 0, bytes_of_numbers(values));
  }

  [[nodiscard]] std::string header() const {
    byte_string out;
    out.raw(magic_).number(version_).number(tensor_count_.value_or(tensors_.size())).number(pair_count_.value_or(pairs_.size()));
    for (const auto& pair : pairs_) out.raw(pair);
    for (const auto& tensor : tensors_) out.raw(tensor);
    return out.str();
  }
  [[nodiscard]] std::string build() const {
    std::string out = header();
    out.resize((out.size() + alignment_ - 1) / alignment_ * alignment_);
    return out + data_;
  }

 private:
  template <class T>
  static constexpr type code_of() {
    if constexpr (std::is_same_v<T, std::uint8_t>) return type::u8;
    else if constexpr (std::is_same_v<T, std::int8_t>) return type::i8;
    else if constexpr (std::is_same_v<T, std::uint16_t>) return type::u16;
    else if constexpr (std::is_same_v<T, std::int16_t>) return type::i16;
    else if constexpr (std::is_same_v<T, std::uint32_t>) return type::u32;
    else if constexpr (std::is_same_v<T, std::int32_t>) return type::i32;
    else if constexpr (std::is_same_v<T, std::uint64_t>) return type::u64;
    else if constexpr (std::is_same_v<T, std::int64_t>) return type::i64;
    else if constexpr (std::is_same_v<T, float>) return type::f32;
    else {
      static_assert(std::is_same_v<T, double>);
      return type::f64;
    }
  }

  std::string magic_ = "GGUF";
  std::uint32_t version_ = 3;
  std::optional<std::uint64_t> tensor_count_;
  std::optional<std::uint64_t> pair_count_;
  std::uint64_t alignment_ = 32;
  std::vector<std::string> pairs_;
  std::vector<std::string> tensors_;
  std::string data_;
};

}  // namespace test_support

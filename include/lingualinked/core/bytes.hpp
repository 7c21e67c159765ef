// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

namespace lingualinked::inline v0 {

namespace detail {
template <class T>
concept plain_number = std::integral<T> || std::floating_point<T>;

template <plain_number T>
[[nodiscard]] T little_endian(T value) noexcept {
  if constexpr (std::endian::native == std::endian::big && sizeof(T) > 1) {
    std::byte raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    for (std::size_t i = 0; i < sizeof(T) / 2; ++i) std::swap(raw[i], raw[sizeof(T) - 1 - i]);
    std::memcpy(&value, raw, sizeof(T));
  }
  return value;
}
}  // namespace detail

/// Reads little-endian numbers from bytes that nobody vouches for. The first read past the end poisons the reader: it and all
/// later reads give zero, and ok() tells. So a parser reads a whole record and checks once.
class byte_reader {
 public:
  explicit byte_reader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - offset_; }

  template <detail::plain_number T>
  requires(!std::same_as<T, bool>)
  [[nodiscard]] T read() noexcept {
    const auto raw = take(sizeof(T));
    T value{};
    if (ok_) std::memcpy(&value, raw.data(), sizeof(T));
    return detail::little_endian(value);
  }
  /// The next `count` bytes, without a copy; empty after a failure.
  [[nodiscard]] std::span<const std::byte> take(std::uint64_t count) noexcept {
    if (!ok_ || count > remaining()) {
      ok_ = false;
      return {};
    }
    const auto part = bytes_.subspan(offset_, static_cast<std::size_t>(count));
    offset_ += static_cast<std::size_t>(count);
    return part;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t offset_ = 0;
  bool ok_ = true;
};

/// Writes a little-endian number at `where`. Requires  sizeof(T) bytes there.
template <detail::plain_number T>
void store_little_endian(std::byte* where, T value) noexcept {
  value = detail::little_endian(value);
  std::memcpy(where, &value, sizeof(T));
}

/// The bytes of a text, without a copy.
[[nodiscard]] inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>

namespace lingualinked::inline v0 {

/// Owned bytes, zeroed, aligned to a cache line, never resized: what weights, caches and scratch live in.
/// Errors    std::bad_alloc
class storage {
 public:
  static constexpr std::size_t alignment_bytes = 64;

  storage() = default;
  explicit storage(std::size_t bytes);

  [[nodiscard]] std::byte* data() noexcept { return data_.get(); }
  [[nodiscard]] const std::byte* data() const noexcept { return data_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_; }

  /// The bytes as numbers of another type. Requires  an implicit-lifetime T of alignment <= 64.
  template <class T>
  [[nodiscard]] std::span<T> as() noexcept {
    return {reinterpret_cast<T*>(data_.get()), bytes_ / sizeof(T)};
  }
  template <class T>
  [[nodiscard]] std::span<const T> as() const noexcept {
    return {reinterpret_cast<const T*>(data_.get()), bytes_ / sizeof(T)};
  }

 private:
  struct release {
    void operator()(std::byte* p) const noexcept { ::operator delete(p, std::align_val_t{alignment_bytes}); }
  };
  std::unique_ptr<std::byte, release> data_;
  std::size_t bytes_ = 0;
};

inline storage::storage(std::size_t bytes)
    : data_(static_cast<std::byte*>(::operator new(bytes, std::align_val_t{alignment_bytes}))), bytes_(bytes) {
  std::uninitialized_value_construct_n(data_.get(), bytes);
}

}  // namespace lingualinked::inline v0

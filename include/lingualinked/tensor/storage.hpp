// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace lingualinked::inline v0 {

/// Owned bytes, zeroed, aligned to a cache line, never resized: what weights, caches and scratch live in. The system is asked for
/// huge pages where much is wanted, so that streaming through it does not wait for page tables.
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
  static constexpr std::size_t huge_page_bytes = std::size_t{2} << 20U;
  struct release {
    std::size_t alignment;
    void operator()(std::byte* p) const noexcept { ::operator delete(p, std::align_val_t{alignment}); }
  };
  std::unique_ptr<std::byte, release> data_;
  std::size_t bytes_ = 0;
};

inline storage::storage(std::size_t bytes) : bytes_(bytes) {
  const std::size_t alignment = bytes < 2 * huge_page_bytes ? alignment_bytes : huge_page_bytes;
  data_ = {static_cast<std::byte*>(::operator new(bytes, std::align_val_t{alignment})), release{alignment}};
#ifdef MADV_HUGEPAGE
  // Whole pages only: the rest would take memory that nobody asked for. Where the system refuses, nothing is lost but speed.
  if (alignment == huge_page_bytes)
    static_cast<void>(::madvise(data_.get(), bytes / huge_page_bytes * huge_page_bytes, MADV_HUGEPAGE));
#endif
  std::uninitialized_value_construct_n(data_.get(), bytes);
}

}  // namespace lingualinked::inline v0

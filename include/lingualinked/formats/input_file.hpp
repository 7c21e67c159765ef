// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace lingualinked::inline v0 {

/// A regular file open for reading at any place. Files are read, never mapped: one that shrinks under a mapping kills the process
/// with SIGBUS, under a read it is an error. Reading is const and safe from any number of threads.
class input_file {
 public:
  /// Errors    io (cannot be opened, or is no regular file)
  [[nodiscard]] LINGUALINKED_DECL static result<input_file> open(const std::string& path);

  input_file(input_file&& other) noexcept
      : path_(std::move(other.path_)), size_(std::exchange(other.size_, 0)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  input_file& operator=(input_file&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(size_, other.size_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  LINGUALINKED_DECL ~input_file();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Size in bytes when it was opened.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Fills `out` from `offset` on.
  /// Errors    io (with offset; also when the file ends before)
  [[nodiscard]] LINGUALINKED_DECL result<void> read(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  input_file(std::string path, std::uint64_t size, int descriptor)
      : path_(std::move(path)), size_(size), descriptor_(descriptor) {}

  std::string path_;
  std::uint64_t size_ = 0;
  int descriptor_ = -1;
};

/// The whole text of a file that is expected to be small.
/// Errors    io, limit (larger than max_bytes; nothing is read then)
[[nodiscard]] LINGUALINKED_DECL result<std::string> read_text_file(const std::string& path, std::uint64_t max_bytes);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/formats/input_file.ipp>
#endif

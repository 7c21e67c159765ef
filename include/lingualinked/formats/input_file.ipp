// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/input_file.hpp>
#include <lingualinked/formats/printable.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lingualinked::inline v0 {
namespace detail {

[[nodiscard]] inline error input_file_error(const std::string& path, const std::string& what, int code) {
  return {errc::io, printable(path, 300) + ": " + what + ": " + std::generic_category().message(code)};
}

}  // namespace detail

LINGUALINKED_DECL result<input_file> input_file::open(const std::string& path) {
  if (path.find('\0') != std::string::npos) return error{errc::io, printable(path, 300) + ": a path cannot hold a zero byte"};
  // Non-blocking, so that a named pipe given as a model is refused below instead of waiting for a writer.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return detail::input_file_error(path, "cannot open", errno);
  input_file file(path, 0, descriptor);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return detail::input_file_error(path, "cannot stat", errno);
  if (!S_ISREG(status.st_mode)) return error{errc::io, printable(path, 300) + ": not a regular file"};
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  return file;
}

LINGUALINKED_DECL input_file::~input_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

LINGUALINKED_DECL result<void> input_file::read(std::uint64_t offset, std::span<std::byte> out) const {
  constexpr auto largest_offset = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  // Some systems refuse a single read of 2 GiB or more.
  constexpr std::size_t largest_read = std::size_t{1} << 30;
  while (!out.empty()) {
    if (offset > largest_offset) return detail::input_file_error(path_, "byte " + std::to_string(offset), EOVERFLOW);
    const auto part = out.first(std::min(out.size(), largest_read));
    const ssize_t count = ::pread(descriptor_, part.data(), part.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return detail::input_file_error(path_, "cannot read at byte " + std::to_string(offset), errno);
    if (count == 0) {
      return error{errc::io, printable(path_, 300) + ": ends at byte " + std::to_string(offset) + ", " +
                                 std::to_string(out.size()) + " bytes short; it had " + std::to_string(size_) +
                                 " bytes when opened"};
    }
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

LINGUALINKED_DECL result<std::string> read_text_file(const std::string& path, std::uint64_t max_bytes) {
  auto file = input_file::open(path);
  if (!file) return std::move(file).error();
  if (file->size() > max_bytes) {
    return error{errc::limit, printable(path, 300) + ": " + std::to_string(file->size()) + " bytes; at most " +
                                  std::to_string(max_bytes) + " are read"};
  }
  std::string text(static_cast<std::size_t>(file->size()), '\0');
  if (auto done = file->read(0, std::as_writable_bytes(std::span(text))); !done) return std::move(done).error();
  return text;
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/core/checked.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/input_file.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

// Reads a header front to back through a window, so that its size in memory does not depend on what it claims.
// A read that fails keeps the first error; all later ones do nothing. So a record is read whole and checked once.
class gguf_cursor {
 public:
  explicit gguf_cursor(const input_file& file) : file_(file), window_(window_bytes) {}

  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::uint64_t remaining() const noexcept { return file_.size() - offset_; }
  [[nodiscard]] bool ok() const noexcept { return !problem_; }
  [[nodiscard]] error take_problem() { return std::move(*problem_); }

  /// Keeps the first complaint: "FIELD at byte N: WHAT".
  void fail(errc code, std::string_view field, std::uint64_t at, std::string_view what) {
    if (!problem_) problem_ = {code, std::string(field) + " at byte " + std::to_string(at) + ": " + std::string(what)};
  }
  /// False, and a complaint, unless `count` records of at least `least_bytes` each can still follow.
  bool expect(std::string_view field, checked_size count, std::uint64_t least_bytes) {
    if (!ok()) return false;
    if ((count * checked_size(least_bytes)).at_most(remaining())) return true;
    fail(errc::malformed, field, offset_,
         "claims " + (count.valid() ? std::to_string(count.value_or(0)) : "too many") + " x " + std::to_string(least_bytes) +
             " bytes, but " + std::to_string(remaining()) + " remain in the file");
    return false;
  }
  void read(std::string_view field, std::span<std::byte> out) {
    if (!expect(field, out.size(), 1)) return;
    while (!out.empty()) {
      if (offset_ < window_at_ || offset_ >= window_at_ + filled_) {
        const auto part = std::span(window_).first(static_cast<std::size_t>(std::min<std::uint64_t>(window_bytes, remaining())));
        if (auto done = file_.read(offset_, part); !done) {
          problem_ = std::move(done).error();
          return;
        }
        window_at_ = offset_;
        filled_ = part.size();
      }
      const auto at = static_cast<std::size_t>(offset_ - window_at_);
      const auto count = std::min(out.size(), filled_ - at);
      std::memcpy(out.data(), window_.data() + at, count);
      out = out.subspan(count);
      offset_ += count;
    }
  }
  template <class T>
  [[nodiscard]] T number(std::string_view field) {
    std::array<std::byte, sizeof(T)> raw{};
    read(field, raw);
    byte_reader reader(raw);
    return reader.read<T>();
  }
  [[nodiscard]] std::string text(std::string_view field, std::uint64_t max_bytes) {
    const auto at = offset_;
    const auto length = number<std::uint64_t>(field);
    if (!expect(field, length, 1)) return {};
    if (length == 0 || length > max_bytes) {
      fail(errc::malformed, field, at,
           std::to_string(length) + " bytes long; 1 .. " + std::to_string(max_bytes) + " are allowed");
      return {};
    }
    std::string out(static_cast<std::size_t>(length), '\0');
    read(field, std::as_writable_bytes(std::span(out)));
    return out;
  }
  void skip(std::string_view field, std::uint64_t bytes) {
    if (expect(field, bytes, 1)) offset_ += bytes;
  }
  void back_to(std::uint64_t offset) noexcept { offset_ = offset; }

 private:
  static constexpr std::size_t window_bytes = std::size_t{64} << 10;
  const input_file& file_;
  std::vector<std::byte> window_;
  std::uint64_t window_at_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t offset_ = 0;
  std::optional<error> problem_;
};

}  // namespace lingualinked::inline v0::detail

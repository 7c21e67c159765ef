// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/npy.hpp>
#include <lingualinked/formats/printable.hpp>
#include <lingualinked/tensor/shape.hpp>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <system_error>

namespace lingualinked::inline v0 {
namespace detail {

[[nodiscard]] inline error npy_error(const std::string& path, int code) {
  return {errc::io, printable(path, 300) + ": cannot write: " + std::generic_category().message(code)};
}

// Magic, version, length and the dictionary, padded so that the numbers begin at a multiple of 64.
[[nodiscard]] inline std::string npy_header(std::span<const std::uint64_t> shape) {
  std::string sizes;
  for (const auto size : shape) sizes += std::to_string(size) + ", ";
  sizes.resize(sizes.size() - (shape.size() > 1 ? 2 : 1));  // a tuple of one keeps its comma
  const std::string order = std::endian::native == std::endian::little ? "<" : ">";
  std::string text = "{'descr': '" + order + "f4', 'fortran_order': False, 'shape': (" + sizes + "), }";
  constexpr std::size_t before = 10;
  constexpr std::size_t alignment = 64;
  text.append(alignment - 1 - (before + text.size()) % alignment, ' ');
  text += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(text.size() & 0xFFU);
  out += static_cast<char>(text.size() >> 8);
  return out + text;
}

}  // namespace detail

LINGUALINKED_DECL result<npy_writer> npy_writer::create(const std::string& path, std::span<const std::uint64_t> shape) {
  constexpr std::size_t most_dimensions = 32;  // NumPy's own limit; keeps the header below 64 KiB
  const auto count = element_count(shape);
  if (shape.empty() || shape.size() > most_dimensions || !(count * checked_size(sizeof(float))).valid()) {
    return error{errc::invalid_argument, printable(path, 300) + ": a shape of " + std::to_string(shape.size()) +
                                             " dimensions and this many numbers cannot be written"};
  }
  npy_writer out;
  out.path_ = path;
  out.missing_ = count.value_or(0);
  out.file_.reset(std::fopen(path.c_str(), "wb"));
  if (!out.file_) return detail::npy_error(path, errno);
  const auto header = detail::npy_header(shape);
  if (std::fwrite(header.data(), 1, header.size(), out.file_.get()) != header.size()) return detail::npy_error(path, errno);
  return out;
}

LINGUALINKED_DECL result<void> npy_writer::append(std::span<const float> values) {
  if (!file_ || values.size() > missing_) {
    return error{errc::invalid_argument, printable(path_, 300) + ": " + std::to_string(values.size()) + " numbers, but " +
                                             std::to_string(missing_) + " are missing"};
  }
  if (values.empty()) return {};  // its data() may be null
  if (std::fwrite(values.data(), sizeof(float), values.size(), file_.get()) != values.size()) {
    return detail::npy_error(path_, errno);
  }
  missing_ -= values.size();
  return {};
}

LINGUALINKED_DECL result<void> npy_writer::finish() {
  if (!file_ || missing_ != 0) {
    return error{errc::invalid_argument, printable(path_, 300) + ": " + std::to_string(missing_) + " numbers are missing"};
  }
  // What is buffered is written only now, so only now a full disk shows.
  if (std::fclose(file_.release()) != 0) return detail::npy_error(path_, errno);
  return {};
}

}  // namespace lingualinked::inline v0

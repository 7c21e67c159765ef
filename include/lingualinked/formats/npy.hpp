// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>

namespace lingualinked::inline v0 {

/// Writes float32 numbers as a NumPy file (format 1.0, C order) piece by piece, so that logits of a long text never stand in
/// memory together. xt::dump_npy wants the whole tensor (vocabulary x positions: 0.8 GB for 4096 positions of a small model) and
/// costs seconds of compile time; xt::load_npy and numpy.load read the result.
/// Errors    io; invalid_argument when the numbers do not make the promised shape
class npy_writer {
 public:
  /// Creates or overwrites a file that will hold `shape` numbers, at least one dimension.
  [[nodiscard]] LINGUALINKED_DECL static result<npy_writer> create(const std::string& path, std::span<const std::uint64_t> shape);
  /// The next numbers in row-major order, as many as the caller has.
  [[nodiscard]] LINGUALINKED_DECL result<void> append(std::span<const float> values);
  /// Closes the file. Without this call it is not complete.
  [[nodiscard]] LINGUALINKED_DECL result<void> finish();

 private:
  struct close_file {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  npy_writer() = default;

  std::string path_;
  std::unique_ptr<std::FILE, close_file> file_;
  std::uint64_t missing_ = 0;  // numbers still to come
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/formats/npy.ipp>
#endif

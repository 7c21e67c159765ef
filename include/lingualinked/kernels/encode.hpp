// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/tensor/dtype.hpp>

#include <cstddef>
#include <span>

namespace lingualinked::inline v0::kernels {

/// True for the quantised types that encode() makes.
[[nodiscard]] constexpr bool can_encode(dtype type) noexcept {
  return type == dtype::q8_0 || type == dtype::q4_0 || type == dtype::q4_1 || type == dtype::q5_0 || type == dtype::q5_1;
}

/// Rounds float32 to blocks in file layout, block by block, so that a row has the same bits wherever it is rounded.
///   q8_0        d = max|x| / 127, q = x/d rounded, halves away from zero
///   q4_0, q5_0  d = x of the largest |x| / -2^(b-1), q = floor(x/d + 2^(b-1) + 1/2), at most 2^b - 1
///   q4_1, q5_1  m = min x, d = (max x - m) / (2^b - 1), q = floor((x - m)/d + 1/2)
/// source    finite numbers, a multiple of the type's block
/// out       bytes_of(type, source.size())
/// Requires  out has that size
/// Errors    unsupported for a type outside can_encode; numeric for a number that is not finite, or a block whose scale does not
///           fit float16
/// Source    the GGUF block formats (ggml); as its reference package encodes, bit for bit
[[nodiscard]] result<void> encode(dtype type, std::span<const float> source, std::span<std::byte> out);

}  // namespace lingualinked::inline v0::kernels

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/kernels/encode.ipp>
#endif

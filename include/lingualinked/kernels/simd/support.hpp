// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/kernels/calls.hpp>
#include <lingualinked/kernels/layout.hpp>
#include <lingualinked/tensor/storage.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

/// What the vector sources share and what needs no vectors. The sources themselves (linear_rounded.ipp and its neighbours) are
/// included once for each instruction set, inside a region of its target options and in a namespace of its own; see
/// avx2/src.hpp.

#if defined(__clang__)
#define LINGUALINKED_UNROLL _Pragma("unroll")
#else
#define LINGUALINKED_UNROLL _Pragma("GCC unroll 16")
#endif
#define LINGUALINKED_ALWAYS_INLINE inline __attribute__((always_inline))

namespace lingualinked::inline v0::kernels::simd {

/// This thread's working memory; grows to the largest request and stays, so that steady work allocates nothing.
/// Errors    std::bad_alloc
[[nodiscard]] inline std::byte* scratch(std::size_t bytes) {
  thread_local storage memory;
  if (memory.size() < bytes) memory = storage(bytes);
  return memory.data();
}

/// Asks for memory that will be read. Behind the end of what is read asking does no harm, but there must be no pointer before.
LINGUALINKED_ALWAYS_INLINE void ask_for(std::uintptr_t from, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += line_bytes) __builtin_prefetch(reinterpret_cast<const void*>(from + at));
}

/// Rounded activations of a tile of tokens as the linear kernels read them, one record for each block of 32, in words of 4 bytes:
///   [8 groups][tokens] activations   [tokens] d   [extras][tokens]
/// where the extras are what corrects for the weights' zero point or multiplies their minimum:
///   minimum, whole block    d * float(sum)          minimum, halves       sum of each half
///   no minimum              -zero * sum             no minimum, halves    -zero * sum of each half
struct packing {
  std::int32_t zero = 0;
  bool minimum = false;
  bool halves = false;

  [[nodiscard]] constexpr std::size_t extras() const noexcept { return halves ? 2 : 1; }
  [[nodiscard]] constexpr std::size_t words() const noexcept { return 9 + extras(); }  // of one token and block
};

}  // namespace lingualinked::inline v0::kernels::simd

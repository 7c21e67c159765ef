// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Everything that the vector sources include stands before the region: only their own functions may use the instruction set.
#include <lingualinked/kernels/simd/prelude.hpp>

#ifdef LINGUALINKED_KERNELS_NEON

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif
LINGUALINKED_STRICT_FLOAT_BEGIN
#define LINGUALINKED_KERNELS_ISA neon_dot

// Each needs those before it.
// clang-format off
#include <lingualinked/kernels/simd/neon/ops.ipp>
#include <lingualinked/kernels/simd/neon_dot/dot.ipp>
#include <lingualinked/kernels/simd/rows.ipp>
#include <lingualinked/kernels/simd/activations.ipp>
#include <lingualinked/kernels/simd/linear_rounded.ipp>
#include <lingualinked/kernels/simd/linear_float.ipp>
#include <lingualinked/kernels/simd/attention.ipp>
// clang-format on

#undef LINGUALINKED_KERNELS_ISA
LINGUALINKED_STRICT_FLOAT_END
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace lingualinked::inline v0::kernels::simd {

LINGUALINKED_DECL const table& neon_dot_table() noexcept {
  static constexpr table kernels = neon_dot::vector_table("neon_dot");
  return kernels;
}

}  // namespace lingualinked::inline v0::kernels::simd

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Every aarch64 processor has these instructions: there is no target region.
#include <lingualinked/kernels/simd/prelude.hpp>

#ifdef LINGUALINKED_KERNELS_NEON

LINGUALINKED_STRICT_FLOAT_BEGIN
#define LINGUALINKED_KERNELS_ISA neon

// Each needs those before it.
// clang-format off
#include <lingualinked/kernels/simd/neon/ops.ipp>
#include <lingualinked/kernels/simd/neon/dot.ipp>
#include <lingualinked/kernels/simd/rows.ipp>
#include <lingualinked/kernels/simd/activations.ipp>
#include <lingualinked/kernels/simd/linear_rounded.ipp>
#include <lingualinked/kernels/simd/linear_float.ipp>
#include <lingualinked/kernels/simd/attention.ipp>
// clang-format on

#undef LINGUALINKED_KERNELS_ISA
LINGUALINKED_STRICT_FLOAT_END

namespace lingualinked::inline v0::kernels::simd {

LINGUALINKED_DECL const table& neon_table() noexcept {
  static constexpr table kernels = neon::vector_table("neon");
  return kernels;
}

}  // namespace lingualinked::inline v0::kernels::simd

#endif

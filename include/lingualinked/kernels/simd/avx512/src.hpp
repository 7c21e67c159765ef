// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Everything that the vector sources include stands before the region: only their own functions may use the instruction set.
#include <lingualinked/kernels/simd/prelude.hpp>

#ifdef LINGUALINKED_KERNELS_X86

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"))), \
                                 apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")
// g++ 12 takes the undefined vectors inside its own intrinsics for ours.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
LINGUALINKED_STRICT_FLOAT_BEGIN
#define LINGUALINKED_KERNELS_ISA avx512

// Each needs those before it.
// clang-format off
#include <lingualinked/kernels/simd/avx512/ops.ipp>
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
#pragma GCC diagnostic pop
#pragma GCC pop_options
#endif

namespace lingualinked::inline v0::kernels::simd {

LINGUALINKED_DECL const table& avx512_table() noexcept {
  static constexpr table kernels = avx512::vector_table("avx512");
  return kernels;
}

}  // namespace lingualinked::inline v0::kernels::simd

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>

/// Which vector tables this build holds. Each instruction set is one folder, simd/<isa>/, whose src.hpp defines its table
/// function.
#if (defined(__x86_64__) || defined(_M_X64)) && (defined(__GNUC__) || defined(__clang__))
#define LINGUALINKED_KERNELS_X86 1
#elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
#define LINGUALINKED_KERNELS_NEON 1
#endif

namespace lingualinked::inline v0::kernels {
struct table;
}

namespace lingualinked::inline v0::kernels::simd {

#ifdef LINGUALINKED_KERNELS_X86
[[nodiscard]] const table& avx2_table() noexcept;
[[nodiscard]] const table& avxvnni_table() noexcept;
[[nodiscard]] const table& avx512_table() noexcept;
#endif
#ifdef LINGUALINKED_KERNELS_NEON
[[nodiscard]] const table& neon_table() noexcept;
[[nodiscard]] const table& neon_dot_table() noexcept;
#endif

}  // namespace lingualinked::inline v0::kernels::simd

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/kernels/simd/avx2/src.hpp>
#include <lingualinked/kernels/simd/avx512/src.hpp>
#include <lingualinked/kernels/simd/avxvnni/src.hpp>
#include <lingualinked/kernels/simd/neon/src.hpp>
#include <lingualinked/kernels/simd/neon_dot/src.hpp>
#endif

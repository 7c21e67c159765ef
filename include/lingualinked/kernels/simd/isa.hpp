// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>

namespace lingualinked::inline v0::kernels {
struct table;
}

namespace lingualinked::inline v0::kernels::simd {

#ifdef LINGUALINKED_KERNELS_X86
[[nodiscard]] const table& avx2_table() noexcept;
[[nodiscard]] const table& avxvnni_table() noexcept;
[[nodiscard]] const table& avx512_table() noexcept;
#endif

}  // namespace lingualinked::inline v0::kernels::simd

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// What every simd/<isa>/src.hpp includes before its target region.
#include <lingualinked/core/contract.hpp>
#include <lingualinked/core/elementary.hpp>
#include <lingualinked/core/half.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/kernels/layout.hpp>
#include <lingualinked/kernels/reference/reference.hpp>
#include <lingualinked/kernels/simd/isa.hpp>
#include <lingualinked/kernels/simd/support.hpp>
#include <lingualinked/kernels/table.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#ifdef LINGUALINKED_KERNELS_X86
#include <immintrin.h>
#endif
#ifdef LINGUALINKED_KERNELS_NEON
#include <arm_neon.h>
#endif

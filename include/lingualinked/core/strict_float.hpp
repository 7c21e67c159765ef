// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cfloat>
#include <limits>

/// The brackets around code whose every rounding counts (the bit contract): LINGUALINKED_STRICT_FLOAT_BEGIN at namespace scope
/// before the functions, LINGUALINKED_STRICT_FLOAT_END after them. Between them the compiler never fuses a*b+c by itself,
/// whatever the flags of the translation unit: g++ fuses by default once the target has FMA, intrinsics included. Only clang's
/// -ffp-contract=fast overrules its own pragma; kernels::check_numeric_environment finds that out. Closed before any #include;
/// they nest.

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "lingualinked computes the same bits everywhere and cannot be compiled with -ffast-math or -ffinite-math-only"
#endif
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0
#error "lingualinked needs float arithmetic that rounds to float: on 32-bit x86 compile with -msse2 -mfpmath=sse"
#endif
static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559);

#if defined(__clang__)
#define LINGUALINKED_STRICT_FLOAT_BEGIN _Pragma("float_control(push)") _Pragma("clang fp contract(off)")
#define LINGUALINKED_STRICT_FLOAT_END _Pragma("float_control(pop)")
#elif defined(__GNUC__)
#define LINGUALINKED_STRICT_FLOAT_BEGIN _Pragma("GCC push_options") _Pragma("GCC optimize(\"fp-contract=off\")")
#define LINGUALINKED_STRICT_FLOAT_END _Pragma("GCC pop_options")
#elif defined(_MSC_VER)
#define LINGUALINKED_STRICT_FLOAT_BEGIN __pragma(float_control(precise, on, push)) __pragma(fp_contract(off))
#define LINGUALINKED_STRICT_FLOAT_END __pragma(float_control(pop))
#else
#error "lingualinked does not know how this compiler is kept from fusing a*b+c"
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/half.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/kernels/table.hpp>

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <string>

#if defined(__SSE__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace lingualinked::inline v0::kernels {

LINGUALINKED_STRICT_FLOAT_BEGIN

namespace detail {

// Operands that the compiler cannot compute with in advance.
[[nodiscard]] inline float opaque(float x) noexcept {
  volatile float kept = x;
  return kept;
}

// The names of the rules that this thread's arithmetic breaks; empty when it keeps them all.
[[nodiscard]] inline std::string broken_float_rules() {
  std::string broken;
  const auto require = [&broken](bool kept, const char* rule) {
    if (!kept) broken += (broken.empty() ? "" : ", ") + std::string(rule);
  };
  require(opaque(1.0F) + opaque(0x1p-24F) == 1.0F && opaque(-1.0F) - opaque(0x1p-24F) == -1.0F &&
              opaque(0x1.000002p+0F) + opaque(0x1p-24F) == 0x1.000004p+0F,
          "rounding to nearest even");
  require(opaque(0x1p-126F) * opaque(0.5F) == opaque(0x1p-127F) && opaque(0x1p-127F) * opaque(2.0F) == 0x1p-126F,
          "subnormal numbers (flush-to-zero is on)");
  const float a = opaque(0x1.000002p+0F);
  const float product = a * a;  // rounded; a fused a * a - 1.000004 would show what was cut off
  require(product - opaque(0x1.000004p+0F) == 0.0F, "a * b + c as two roundings (contraction is on)");
  require(std::fma(a, a, opaque(-0x1.000004p+0F)) == 0x1p-46F, "fma as one rounding");
  require(std::sqrt(opaque(2.0F)) == 0x1.6a09e6p+0F && opaque(1.0F) / opaque(3.0F) == 0x1.555556p-2F,
          "correct division and square root");
  bool half = float_from_f16(0x0001) == 0x1p-24F && float_from_f16(0x7BFF) == 65504.0F;
  half = half && f16_from_float(opaque(0x1p-24F)) == 0x0001 && f16_from_float(opaque(65520.0F)) == 0x7C00;
  require(half, "float16 conversion");
  return broken;
}

// The best table must agree with plain C++ about float16, which it may convert in hardware.
[[nodiscard]] inline bool cache_rounds_to_even(const table& kernels) {
  alignas(64) std::uint16_t keys[64 * 16] = {};
  alignas(64) std::uint16_t values[64 * 16] = {};
  const float samples[16] = {0x1p-24F,  0x1.8p-25F, 0x1p-25F, 0x1.ffcp-15F,  65519.0F, 65520.0F,  0x1.004p+0F,   0x1.00cp+0F,
                             -0x1p-24F, -0.0F,      1.0F,     0x1.001fep+0F, 3.5F,     -65504.0F, 0x1.ffffp-16F, 0x1.2345p-3F};
  kernels.store_kv({dtype::f16, reinterpret_cast<std::byte*>(keys), reinterpret_cast<std::byte*>(values), 16}, 0, samples,
                   samples);
  for (std::size_t i = 0; i < 16; ++i)
    if (values[i] != f16_from_float(samples[i]) || keys[16 * i] != values[i]) return false;
  return true;
}

}  // namespace detail

LINGUALINKED_DECL result<void> check_numeric_environment() {
  std::string broken = detail::broken_float_rules();
  const auto best = table_for(best_available());
  if (best && !detail::cache_rounds_to_even(**best))
    broken += (broken.empty() ? "" : ", ") + std::string("float16 conversion in hardware");
  if (broken.empty()) return {};
  return error{errc::numeric, "this thread's arithmetic breaks: " + broken +
                                  "; call set_numeric_environment on it, and compile without options that relax floating point"};
}

LINGUALINKED_DECL void set_numeric_environment() noexcept {
  std::fesetround(FE_TONEAREST);
#if defined(__SSE__) || defined(_M_X64)
  constexpr unsigned flush_to_zero = 0x8000U;
  constexpr unsigned denormals_are_zero = 0x0040U;
  _mm_setcsr(_mm_getcsr() & ~(flush_to_zero | denormals_are_zero));
#elif defined(__aarch64__)
  std::uint64_t control = 0;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  control &= ~(std::uint64_t{1} << 24 | std::uint64_t{1} << 26);  // FZ, and AHP, another float16
  asm volatile("msr fpcr, %0" : : "r"(control));
#endif
}

LINGUALINKED_STRICT_FLOAT_END

}  // namespace lingualinked::inline v0::kernels

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/kernels/table.hpp>

#include <algorithm>
#include <chrono>

namespace lingualinked::inline v0 {

#if defined(__x86_64__)
namespace detail {

#define LINGUALINKED_BURST(NAME, TARGET, LINE)                                                                           \
  __attribute__((target(TARGET), noinline)) inline void NAME(int rounds) {                                               \
    for (int r = 0; r < rounds; ++r)                                                                                     \
      asm volatile(LINE("0") LINE("1") LINE("2") LINE("3") LINE("4") LINE("5") LINE("6") LINE("7") LINE("8") LINE("9"):: \
                       : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9");                \
  }
#define LINGUALINKED_LINE_512(R) "vpdpbusd %%zmm15,%%zmm14,%%zmm" R "\n"
#define LINGUALINKED_LINE_VNNI(R) "%{vex%} vpdpbusd %%ymm15,%%ymm14,%%ymm" R "\n"
#define LINGUALINKED_LINE_256(R) "vpmaddubsw %%ymm15,%%ymm14,%%ymm" R "\n"
LINGUALINKED_BURST(burst_avx512, "avx512f,avx512vnni", LINGUALINKED_LINE_512)
LINGUALINKED_BURST(burst_avxvnni, "avx2", LINGUALINKED_LINE_VNNI)
LINGUALINKED_BURST(burst_avx2, "avx2", LINGUALINKED_LINE_256)
#undef LINGUALINKED_BURST
#undef LINGUALINKED_LINE_512
#undef LINGUALINKED_LINE_VNNI
#undef LINGUALINKED_LINE_256

}  // namespace detail
#endif

/// The yardstick for kernels and prompts: int8 operations (2 a multiplication with its addition) per second of one core, the best
/// of many short bursts of ten independent chains: vpdpbusd on 512 or 256 bits, or vpmaddubsw alone, whose products still have to
/// be widened and added. 0 where there is no such burst.
[[nodiscard]] inline double int8_peak([[maybe_unused]] kernels::isa which) {
  double best = 0;
#if defined(__x86_64__)
  constexpr int rounds = 20'000;
  if (!kernels::available(which)) return 0;
  for (int i = 0; i < 200; ++i) {
    const auto start = std::chrono::steady_clock::now();
    switch (which) {
      case kernels::isa::avx512: detail::burst_avx512(rounds); break;
      case kernels::isa::avxvnni: detail::burst_avxvnni(rounds); break;
      case kernels::isa::avx2: detail::burst_avx2(rounds); break;
      case kernels::isa::scalar:
      case kernels::isa::neon:
      case kernels::isa::neon_dot: return 0;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, 10.0 * rounds * (which == kernels::isa::avx512 ? 128 : 64) / took.count());
  }
#endif
  return best;
}

}  // namespace lingualinked::inline v0

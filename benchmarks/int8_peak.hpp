// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// The yardstick for kernels and prompts: how many int8 multiplications and additions a core can do.
#include <lingualinked/kernels/table.hpp>

#include <algorithm>
#include <chrono>

namespace benchmarks {

#if defined(__x86_64__)
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
#endif

/// Operations (2 a multiplication with its addition) per second of one core, the best of many short bursts of ten independent
/// chains: vpdpbusd on 512 or 256 bits, or vpmaddubsw alone, whose products still have to be widened and added. 0: no such burst.
inline double int8_peak(lingualinked::kernels::isa which) {
  double best = 0;
#if defined(__x86_64__)
  using lingualinked::kernels::isa;
  constexpr int rounds = 20'000;
  if (!lingualinked::kernels::available(which)) return 0;
  for (int i = 0; i < 200; ++i) {
    const auto start = std::chrono::steady_clock::now();
    switch (which) {
      case isa::avx512: burst_avx512(rounds); break;
      case isa::avxvnni: burst_avxvnni(rounds); break;
      case isa::avx2: burst_avx2(rounds); break;
      default: return 0;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, 10.0 * rounds * (which == isa::avx512 ? 128 : 64) / took.count());
  }
#else
  static_cast<void>(which);
#endif
  return best;
}

}  // namespace benchmarks

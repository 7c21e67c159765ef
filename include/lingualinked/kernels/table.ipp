// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/kernels/reference/reference.hpp>
#include <lingualinked/kernels/simd/isa.hpp>
#include <lingualinked/kernels/table.hpp>

#include <array>
#include <string>

#ifdef LINGUALINKED_KERNELS_X86
#include <cpuid.h>
#endif
#if defined(LINGUALINKED_KERNELS_NEON) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace lingualinked::inline v0::kernels {

namespace detail {

inline constexpr std::array<std::string_view, 6> isa_names{"scalar", "avx2", "avxvnni", "avx512", "neon", "neon_dot"};

inline constexpr table scalar_table{
    .name = isa_names[0],
    .quantise = reference::quantise,
    .linear = reference::linear,
    .rms_norm = reference::rms_norm,
    .layer_norm = reference::layer_norm,
    .rope = reference::rope,
    .store_kv = reference::store_kv,
    .attention_tile = reference::attention_tile,
    .attention_merge = reference::attention_merge,
    .silu_multiply = reference::silu_multiply,
    .activate = reference::activate,
    .soft_cap = reference::soft_cap,
    .add_scaled = reference::add_scaled,
    .exponentials = reference::exponentials,
    .argmax = reference::argmax,
};

// What this processor and its operating system can run, or nothing where this build has no kernels.
[[nodiscard]] inline const table* find_table(isa which) noexcept {
  if (which == isa::scalar) return &scalar_table;
#ifdef LINGUALINKED_KERNELS_X86
  __builtin_cpu_init();
  unsigned a = 0, b = 0, c = 0, d = 0;
  const bool f16c = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & (1U << 29)) != 0;
  const bool avx2 = f16c && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (which == isa::avx2 && avx2) return &simd::avx2_table();
  if (which == isa::avxvnni && avx2 && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & (1U << 4)) != 0)
    return &simd::avxvnni_table();
  if (which == isa::avx512 && avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni"))
    return &simd::avx512_table();
#endif
#ifdef LINGUALINKED_KERNELS_NEON
  if (which == isa::neon) return &simd::neon_table();
#if defined(__linux__)
  const bool dot = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(__APPLE__)
  const bool dot = true;
#else
  const bool dot = false;
#endif
  if (which == isa::neon_dot && dot) return &simd::neon_dot_table();
#endif
  return nullptr;
}

}  // namespace detail

LINGUALINKED_DECL std::string_view name_of(isa which) noexcept { return detail::isa_names[static_cast<std::size_t>(which)]; }

LINGUALINKED_DECL result<isa> isa_named(std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < detail::isa_names.size(); ++i) {
    if (detail::isa_names[i] == name) return static_cast<isa>(i);
    known += (i == 0 ? "" : ", ") + std::string(detail::isa_names[i]);
  }
  return error{errc::invalid_argument, "no instruction set '" + std::string(name) + "'; known are " + known};
}

LINGUALINKED_DECL bool available(isa which) noexcept { return detail::find_table(which) != nullptr; }

LINGUALINKED_DECL isa best_available() noexcept {
  for (std::size_t i = detail::isa_names.size(); i-- > 1;)
    if (available(static_cast<isa>(i))) return static_cast<isa>(i);
  return isa::scalar;
}

LINGUALINKED_DECL result<const table*> table_for(isa which) {
  if (const table* found = detail::find_table(which)) return found;
  return error{errc::unsupported, "this machine or build cannot run " + std::string(name_of(which)) +
                                      " kernels; the best here is " + std::string(name_of(best_available()))};
}

}  // namespace lingualinked::inline v0::kernels

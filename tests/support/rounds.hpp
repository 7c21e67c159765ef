// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once
#include <cstdint>

namespace test_support {

/// Whether this is a build with the address or the thread sanitizer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

/// How many of so many random cases a test runs: a sanitizer slows each by ten and finds in a quarter what it finds in all.
/// Mutated model files and fuzz targets are for the sanitizer: they run whole.
constexpr std::uint64_t rounds(std::uint64_t cases) noexcept { return sanitized ? (cases + 3) / 4 : cases; }

}  // namespace test_support

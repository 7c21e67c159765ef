// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/core/xxh3.hpp>

#include <doctest/doctest.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace ll = lingualinked;

namespace {

std::vector<std::byte> random_bytes(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::vector<std::byte> bytes(count);
  for (std::byte& b : bytes) b = static_cast<std::byte>(generator());
  return bytes;
}

void compare(std::span<const std::byte> bytes, std::uint64_t seed) {
  const std::uint64_t expected = XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
  if (ll::xxh3_64(bytes, seed) == expected) return;
  CAPTURE(bytes.size());
  CAPTURE(seed);
  CHECK(ll::xxh3_64(bytes, seed) == expected);
}

}  // namespace

TEST_SUITE("core/xxh3") {
  TEST_CASE("every length class agrees with the reference library, with and without a seed") {
    const auto bytes = random_bytes(2001, 1);
    for (std::size_t length = 0; length <= 2000; ++length)
      for (const std::uint64_t seed : {0ULL, 1ULL, 0x9E3779B97F4A7C15ULL, ~0ULL}) compare(std::span(bytes).first(length), seed);
  }

  TEST_CASE("long inputs agree at block edges and at odd addresses") {
    const auto bytes = random_bytes((std::size_t{1} << 20) + 64, 2);
    for (const std::size_t base : {std::size_t{1024}, std::size_t{2048}, std::size_t{65536}, std::size_t{1} << 20})
      for (std::size_t length = base - 2; length <= base + 2; ++length)
        for (std::size_t offset = 0; offset < 9; ++offset) compare(std::span(bytes).subspan(offset, length), length * offset);
  }

  TEST_CASE("one changed bit changes the hash") {
    auto bytes = random_bytes(300, 3);
    for (const std::size_t length :
         {std::size_t{1}, std::size_t{8}, std::size_t{16}, std::size_t{100}, std::size_t{200}, std::size_t{300}}) {
      const std::uint64_t before = ll::xxh3_64(std::span(bytes).first(length));
      for (std::size_t bit = 0; bit < length * 8; ++bit) {
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        CHECK(ll::xxh3_64(std::span(bytes).first(length)) != before);
        bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      }
    }
  }
}

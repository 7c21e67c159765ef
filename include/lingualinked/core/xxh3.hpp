// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace lingualinked::inline v0 {

namespace detail::xxh3 {

inline constexpr std::uint64_t prime32_1 = 0x9E3779B1U;
inline constexpr std::uint64_t prime32_2 = 0x85EBCA77U;
inline constexpr std::uint64_t prime32_3 = 0xC2B2AE3DU;
inline constexpr std::uint64_t prime64_1 = 0x9E3779B185EBCA87U;
inline constexpr std::uint64_t prime64_2 = 0xC2B2AE3D27D4EB4FU;
inline constexpr std::uint64_t prime64_3 = 0x165667B19E3779F9U;
inline constexpr std::uint64_t prime64_4 = 0x85EBCA77C2B2AE63U;
inline constexpr std::uint64_t prime64_5 = 0x27D4EB2F165667C5U;
inline constexpr std::uint64_t mix_1 = 0x165667919E3779F9U;
inline constexpr std::uint64_t mix_2 = 0x9FB21C651E98DF25U;

inline constexpr std::size_t stripe_bytes = 64;
inline constexpr std::size_t secret_bytes = 192;
inline constexpr std::size_t secret_step = 8;  // how far each stripe of a block moves through the secret
inline constexpr std::size_t stripes_per_block = (secret_bytes - stripe_bytes) / secret_step;

/// The default secret of the specification.
inline constexpr std::array<std::uint8_t, secret_bytes> secret = {
    0xB8, 0xFE, 0x6C, 0x39, 0x23, 0xA4, 0x4B, 0xBE, 0x7C, 0x01, 0x81, 0x2C, 0xF7, 0x21, 0xAD, 0x1C, 0xDE, 0xD4, 0x6D, 0xE9,
    0x83, 0x90, 0x97, 0xDB, 0x72, 0x40, 0xA4, 0xA4, 0xB7, 0xB3, 0x67, 0x1F, 0xCB, 0x79, 0xE6, 0x4E, 0xCC, 0xC0, 0xE5, 0x78,
    0x82, 0x5A, 0xD0, 0x7D, 0xCC, 0xFF, 0x72, 0x21, 0xB8, 0x08, 0x46, 0x74, 0xF7, 0x43, 0x24, 0x8E, 0xE0, 0x35, 0x90, 0xE6,
    0x81, 0x3A, 0x26, 0x4C, 0x3C, 0x28, 0x52, 0xBB, 0x91, 0xC3, 0x00, 0xCB, 0x88, 0xD0, 0x65, 0x8B, 0x1B, 0x53, 0x2E, 0xA3,
    0x71, 0x64, 0x48, 0x97, 0xA2, 0x0D, 0xF9, 0x4E, 0x38, 0x19, 0xEF, 0x46, 0xA9, 0xDE, 0xAC, 0xD8, 0xA8, 0xFA, 0x76, 0x3F,
    0xE3, 0x9C, 0x34, 0x3F, 0xF9, 0xDC, 0xBB, 0xC7, 0xC7, 0x0B, 0x4F, 0x1D, 0x8A, 0x51, 0xE0, 0x4B, 0xCD, 0xB4, 0x59, 0x31,
    0xC8, 0x9F, 0x7E, 0xC9, 0xD9, 0x78, 0x73, 0x64, 0xEA, 0xC5, 0xAC, 0x83, 0x34, 0xD3, 0xEB, 0xC3, 0xC5, 0x81, 0xA0, 0xFF,
    0xFA, 0x13, 0x63, 0xEB, 0x17, 0x0D, 0xDD, 0x51, 0xB7, 0xF0, 0xDA, 0x49, 0xD3, 0x16, 0x55, 0x26, 0x29, 0xD4, 0x68, 0x9E,
    0x2B, 0x16, 0xBE, 0x58, 0x7D, 0x47, 0xA1, 0xFC, 0x8F, 0xF8, 0xB8, 0xD1, 0x7A, 0xD0, 0x31, 0xCE, 0x45, 0xCB, 0x3A, 0x8F,
    0x95, 0x16, 0x04, 0x28, 0xAF, 0xD7, 0xFB, 0xCA, 0xBB, 0x4B, 0x40, 0x7E};

inline std::uint64_t load64(const void* where) noexcept {
  std::uint64_t value;
  std::memcpy(&value, where, sizeof(value));
  return little_endian(value);
}
inline std::uint32_t load32(const void* where) noexcept {
  std::uint32_t value;
  std::memcpy(&value, where, sizeof(value));
  return little_endian(value);
}
constexpr std::uint64_t swap_bytes(std::uint64_t v) noexcept {
  v = (v & 0x00FF00FF00FF00FFU) << 8 | ((v >> 8) & 0x00FF00FF00FF00FFU);
  v = (v & 0x0000FFFF0000FFFFU) << 16 | ((v >> 16) & 0x0000FFFF0000FFFFU);
  return std::rotl(v, 32);
}
/// Low half xor high half of the 128-bit product.
constexpr std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) noexcept {
#ifdef __SIZEOF_INT128__
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
#else
  const std::uint64_t low = (a & 0xFFFFFFFFU) * (b & 0xFFFFFFFFU);
  const std::uint64_t cross = (a >> 32) * (b & 0xFFFFFFFFU) + (low >> 32);
  const std::uint64_t other = (a & 0xFFFFFFFFU) * (b >> 32) + (cross & 0xFFFFFFFFU);
  const std::uint64_t high = (a >> 32) * (b >> 32) + (cross >> 32) + (other >> 32);
  return high ^ (other << 32 | (low & 0xFFFFFFFFU));
#endif
}
constexpr std::uint64_t avalanche(std::uint64_t h) noexcept {
  h ^= h >> 37;
  h *= mix_1;
  return h ^ (h >> 32);
}
/// The final mix of XXH64, which the shortest inputs use.
constexpr std::uint64_t avalanche_xxh64(std::uint64_t h) noexcept {
  h ^= h >> 33;
  h *= prime64_2;
  h ^= h >> 29;
  h *= prime64_3;
  return h ^ (h >> 32);
}

inline std::uint64_t hash_to_16(const std::byte* in, std::size_t length, std::uint64_t seed) noexcept {
  const std::uint8_t* s = secret.data();
  if (length > 8) {
    const std::uint64_t low = load64(in) ^ ((load64(s + 24) ^ load64(s + 32)) + seed);
    const std::uint64_t high = load64(in + length - 8) ^ ((load64(s + 40) ^ load64(s + 48)) - seed);
    return avalanche(length + swap_bytes(low) + high + fold_product(low, high));
  }
  if (length >= 4) {
    seed ^= swap_bytes(seed & 0xFFFFFFFFU);  // the seed's low half, bytes swapped, into its high half
    const std::uint64_t both = load32(in + length - 4) + (std::uint64_t{load32(in)} << 32);
    std::uint64_t h = both ^ ((load64(s + 8) ^ load64(s + 16)) - seed);
    h ^= std::rotl(h, 49) ^ std::rotl(h, 24);
    h *= mix_2;
    h ^= (h >> 35) + length;
    h *= mix_2;
    return h ^ (h >> 28);
  }
  if (length > 0) {
    const auto first = std::to_integer<std::uint32_t>(in[0]);
    const auto middle = std::to_integer<std::uint32_t>(in[length >> 1]);
    const auto last = std::to_integer<std::uint32_t>(in[length - 1]);
    const std::uint32_t all = first << 16 | middle << 24 | last | static_cast<std::uint32_t>(length) << 8;
    return avalanche_xxh64(all ^ (std::uint64_t{load32(s) ^ load32(s + 4)} + seed));
  }
  return avalanche_xxh64(seed ^ load64(s + 56) ^ load64(s + 64));
}

inline std::uint64_t mix_16(const std::byte* in, const std::uint8_t* s, std::uint64_t seed) noexcept {
  return fold_product(load64(in) ^ (load64(s) + seed), load64(in + 8) ^ (load64(s + 8) - seed));
}

inline std::uint64_t hash_to_128(const std::byte* in, std::size_t length, std::uint64_t seed) noexcept {
  std::uint64_t acc = length * prime64_1;
  const std::size_t pairs = (length - 1) / 32 + 1;  // from the outside in: 16 bytes of the front with 16 of the back
  for (std::size_t i = pairs; i-- > 0;) {
    acc += mix_16(in + 16 * i, secret.data() + 32 * i, seed);
    acc += mix_16(in + length - 16 * (i + 1), secret.data() + 32 * i + 16, seed);
  }
  return avalanche(acc);
}

inline std::uint64_t hash_to_240(const std::byte* in, std::size_t length, std::uint64_t seed) noexcept {
  std::uint64_t acc = length * prime64_1;
  for (std::size_t i = 0; i < 8; ++i) acc += mix_16(in + 16 * i, secret.data() + 16 * i, seed);
  acc = avalanche(acc);
  for (std::size_t i = 8; i < length / 16; ++i) acc += mix_16(in + 16 * i, secret.data() + 16 * (i - 8) + 3, seed);
  return avalanche(acc + mix_16(in + length - 16, secret.data() + 119, seed));
}

using accumulators = std::array<std::uint64_t, 8>;

inline void add_stripe(accumulators& acc, const std::byte* in, const std::uint8_t* s) noexcept {
  for (std::size_t i = 0; i < acc.size(); ++i) {
    const std::uint64_t value = load64(in + 8 * i);
    const std::uint64_t keyed = value ^ load64(s + 8 * i);
    acc[i ^ 1U] += value;
    acc[i] += (keyed & 0xFFFFFFFFU) * (keyed >> 32);
  }
}

inline std::uint64_t hash_long(const std::byte* in, std::size_t length, std::uint64_t seed) noexcept {
  std::array<std::uint8_t, secret_bytes> s;
  for (std::size_t i = 0; i < secret_bytes; i += 16) {
    const std::uint64_t low = little_endian(load64(secret.data() + i) + seed);
    const std::uint64_t high = little_endian(load64(secret.data() + i + 8) - seed);
    std::memcpy(s.data() + i, &low, 8);
    std::memcpy(s.data() + i + 8, &high, 8);
  }
  accumulators acc = {prime32_3, prime64_1, prime64_2, prime64_3, prime64_4, prime32_2, prime64_5, prime32_1};
  const std::size_t stripes = (length - 1) / stripe_bytes;  // the last one, full or not, is taken from the end below
  for (std::size_t i = 0; i < stripes; ++i) {
    const std::size_t in_block = i % stripes_per_block;
    add_stripe(acc, in + i * stripe_bytes, s.data() + in_block * secret_step);
    if (in_block + 1 < stripes_per_block) continue;
    for (std::size_t k = 0; k < acc.size(); ++k) {
      acc[k] ^= acc[k] >> 47;
      acc[k] ^= load64(s.data() + secret_bytes - stripe_bytes + 8 * k);
      acc[k] *= prime32_1;
    }
  }
  add_stripe(acc, in + length - stripe_bytes, s.data() + secret_bytes - stripe_bytes - 7);
  std::uint64_t result = length * prime64_1;
  for (std::size_t i = 0; i < 4; ++i)
    result += fold_product(acc[2 * i] ^ load64(s.data() + 11 + 16 * i), acc[2 * i + 1] ^ load64(s.data() + 19 + 16 * i));
  return avalanche(result);
}

}  // namespace detail::xxh3

/// XXH3, 64 bits: tells damage and mix-ups in frames, not attackers.
/// Cost      several GB/s on long inputs; no allocation
/// Source    Collet, the xxHash specification, version 0.2.0, "XXH3 Algorithm Overview"
[[nodiscard]] inline std::uint64_t xxh3_64(std::span<const std::byte> bytes, std::uint64_t seed = 0) noexcept {
  if (bytes.size() <= 16) return detail::xxh3::hash_to_16(bytes.data(), bytes.size(), seed);
  if (bytes.size() <= 128) return detail::xxh3::hash_to_128(bytes.data(), bytes.size(), seed);
  if (bytes.size() <= 240) return detail::xxh3::hash_to_240(bytes.data(), bytes.size(), seed);
  return detail::xxh3::hash_long(bytes.data(), bytes.size(), seed);
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

/// The sizes and constants of a decoder-only transformer, whichever file format they came from.
struct hyperparameters {
  std::string architecture{};
  std::size_t layers = 0;
  std::size_t width = 0;           // D
  std::size_t feed_forward = 0;    // F
  std::size_t heads = 0;           // H
  std::size_t kv_heads = 0;        // K
  std::size_t head_size = 0;       // d
  std::size_t vocabulary = 0;      // V: rows of the head
  std::size_t context_length = 0;  // longest context the model was made for
  float norm_epsilon = 0;
  std::size_t rotary = 0;  // elements of a head that RoPE turns
  double rope_base = 10000;
  std::vector<double> rope_divisors{};  // [rotary/2] or empty: frequency i is divided by entry i
  std::size_t window = 0;               // sliding window of attention; 0: none
};

/// Limits beyond which a model is refused: far above every published one, small enough that products of two stay in range.
inline constexpr std::uint64_t max_layers = 1024;
inline constexpr std::uint64_t max_width = 1U << 20;
inline constexpr std::uint64_t max_heads = 4096;
inline constexpr std::uint64_t max_vocabulary = 1U << 24;
inline constexpr std::uint64_t max_context_length = 1U << 24;

}  // namespace lingualinked::inline v0

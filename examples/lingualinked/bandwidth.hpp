// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace tool {

/// Bytes per second that `threads` threads together read from a buffer of `bytes`, over and over, each its own part: what
/// decoding could reach if nothing but reading the weights took time. The best of several passes.
[[nodiscard]] double read_bandwidth(std::uint64_t bytes, unsigned threads);

}  // namespace tool

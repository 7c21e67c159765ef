// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "command.hpp"

#include <cstdint>
#include <string>

namespace tool {

/// Physical cores that this process may use; hardware threads where the system does not tell.
[[nodiscard]] unsigned physical_cores();
/// Largest resident size this process ever had; 0 where the system does not tell.
[[nodiscard]] std::uint64_t peak_memory_bytes();
[[nodiscard]] std::uint64_t total_memory_bytes();
/// A number nobody else draws, below 2^bits.
[[nodiscard]] std::uint64_t fresh_number(unsigned bits);
[[nodiscard]] bool on_terminal(int descriptor) noexcept;

}  // namespace tool

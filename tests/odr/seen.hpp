// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <array>
#include <cstddef>

// The address that each copy of unit.cpp sees of one function, and whether it works.
inline std::array<const void*, 2> seen{};
inline std::size_t seen_units = 0;
inline bool works = true;

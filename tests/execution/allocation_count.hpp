// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>

namespace test_support {

/// Calls of operator new so far, by any thread of this binary.
[[nodiscard]] std::size_t allocation_count() noexcept;

}  // namespace test_support

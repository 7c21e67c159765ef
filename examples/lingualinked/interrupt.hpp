// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <atomic>

namespace tool {

/// Set by the first Ctrl-C (or SIGTERM); work that takes long looks at it. A second Ctrl-C ends the process at once.
[[nodiscard]] std::atomic<bool>& interrupt_flag() noexcept;
void watch_for_interrupts();

}  // namespace tool

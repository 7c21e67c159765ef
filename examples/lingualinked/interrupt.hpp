// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <atomic>

namespace tool {

/// Set by the first Ctrl-C (or SIGTERM); work that takes long looks at it. A second Ctrl-C ends the process at once.
[[nodiscard]] std::atomic<bool>& interrupt_flag() noexcept;
void watch_for_interrupts();
/// The first Ctrl-C ends the process at once, with the documented status: for work that leaves nothing half done.
void end_on_interrupts();

}  // namespace tool

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interrupt.hpp"

#include <csignal>

namespace tool {

namespace {
std::atomic<bool> flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

extern "C" void on_interrupt(int signal) {
  flag.store(true);
  std::signal(signal, SIG_DFL);
}
}  // namespace

std::atomic<bool>& interrupt_flag() noexcept { return flag; }

void watch_for_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

}  // namespace tool

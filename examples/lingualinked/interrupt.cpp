// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interrupt.hpp"

#include "command.hpp"

#include <csignal>
#include <cstdlib>

#include <unistd.h>

namespace tool {

namespace {
std::atomic<bool> flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

extern "C" void on_interrupt(int signal) {
  flag.store(true);
  std::signal(signal, SIG_DFL);
}
extern "C" void end_now(int) {
  constexpr char line[] = "lingualinked: error: interrupted\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line, sizeof(line) - 1);
  std::_Exit(interrupted);
}

void on_both(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;  // without SA_RESTART: a read from the terminal ends
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}
}  // namespace

std::atomic<bool>& interrupt_flag() noexcept { return flag; }

void watch_for_interrupts() { on_both(on_interrupt); }

void end_on_interrupts() { on_both(end_now); }

}  // namespace tool

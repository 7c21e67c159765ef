// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <set>
#include <thread>

namespace tool {

unsigned physical_cores() {
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  std::set<std::string> cores;  // the hardware threads of one core name the same siblings
  for (unsigned cpu = 0; cpu < threads; ++cpu) {
    std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list");
    std::string siblings;
    if (!std::getline(file, siblings)) return threads;
    cores.insert(siblings);
  }
  return std::clamp(static_cast<unsigned>(cores.size()), 1U, threads);
}

std::uint64_t peak_memory_bytes() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
#ifdef __APPLE__
  return static_cast<std::uint64_t>(usage.ru_maxrss);
#else
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts in KiB
#endif
}

std::uint64_t total_memory_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long bytes = sysconf(_SC_PAGESIZE);
  return pages > 0 && bytes > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(bytes) : 0;
}

std::uint64_t fresh_number(unsigned bits) {
  std::random_device device;
  const std::uint64_t wide = (std::uint64_t{device()} << 32) | device();
  return wide >> (64 - bits);
}

bool on_terminal(int descriptor) noexcept { return isatty(descriptor) == 1; }

}  // namespace tool

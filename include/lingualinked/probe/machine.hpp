// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/config.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace lingualinked::inline v0 {

/// Bytes that a program may take without pushing others out: what the system calls available, less a margin of a sixteenth, and
/// no more than its control group has left. Empty where the system does not tell.
[[nodiscard]] std::optional<std::uint64_t> usable_memory_bytes();

/// Best rate, in bytes a second, at which `threads` threads together read `bytes` that no cache holds after the last pass.
[[nodiscard]] double read_bandwidth(std::uint64_t bytes, unsigned threads);

/// How much other programs do while this one measures.
class machine_load_meter {
 public:
  machine_load_meter();
  /// Cores that others kept busy, on average since the construction; 0 where the system does not tell.
  [[nodiscard]] double other_cores() const;

 private:
  time_point start_;
  double busy_seconds_ = 0;  // of all cores, since the system started
  double own_seconds_ = 0;
};

namespace detail {

/// MemAvailable of /proc/meminfo.
[[nodiscard]] std::optional<std::uint64_t> available_bytes(std::string_view meminfo);
/// What a control group has left: its limit less what it uses, where pages of files that can be dropped do not count. Empty when
/// it has no limit. The texts are those of memory.max, memory.current and memory.stat.
[[nodiscard]] std::optional<std::uint64_t> group_bytes_left(std::string_view limit, std::string_view used, std::string_view stat);
/// Jiffies that the cores were busy, of the first line of /proc/stat; empty when it is something else.
[[nodiscard]] std::optional<std::uint64_t> busy_jiffies(std::string_view stat);

}  // namespace detail

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/probe/machine.ipp>
#endif

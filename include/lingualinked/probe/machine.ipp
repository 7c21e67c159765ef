// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/execution/thread_team.hpp>
#include <lingualinked/probe/machine.hpp>
#include <lingualinked/tensor/storage.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <system_error>
#include <vector>

namespace lingualinked::inline v0 {

namespace detail {

/// A file of /proc or /sys; empty when there is none.
[[nodiscard]] inline std::string small_file(const std::string& path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

/// The number at the start of `text`, spaces before it skipped.
[[nodiscard]] inline std::optional<std::uint64_t> leading_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{}) return std::nullopt;
  return value;
}

/// The number behind `name` at the start of a line.
[[nodiscard]] inline std::optional<std::uint64_t> line_number(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(name)) return leading_number(line.substr(name.size()));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return std::nullopt;
}

LINGUALINKED_DECL std::optional<std::uint64_t> available_bytes(std::string_view meminfo) {
  const auto kib = line_number(meminfo, "MemAvailable:");
  if (!kib || *kib > UINT64_MAX / 1024) return std::nullopt;
  return *kib * 1024;
}

LINGUALINKED_DECL std::optional<std::uint64_t> group_bytes_left(std::string_view limit, std::string_view used,
                                                                std::string_view stat) {
  const auto most = leading_number(limit);  // "max" is no number
  if (!most) return std::nullopt;
  const std::uint64_t taken = leading_number(used).value_or(0);
  // A model file that was read twice is an active one, and can go like any other.
  std::uint64_t held = taken;
  for (const std::string_view name : {"inactive_file ", "active_file "})
    held -= std::min(held, line_number(stat, name).value_or(0));
  return *most - std::min(*most, held);
}

LINGUALINKED_DECL std::optional<std::uint64_t> busy_jiffies(std::string_view stat) {
  if (!stat.starts_with("cpu ")) return std::nullopt;
  stat = stat.substr(4, stat.find('\n') - 4);
  std::uint64_t busy = 0;
  // user nice system idle iowait irq softirq steal; guests are in user already.
  for (int column = 0; column < 8; ++column) {
    stat.remove_prefix(std::min(stat.find_first_not_of(' '), stat.size()));
    const auto value = leading_number(stat);
    if (!value) return std::nullopt;
    if (column != 3 && column != 4) busy += *value;
    stat.remove_prefix(std::min(stat.find(' '), stat.size()));
  }
  return busy;
}

/// What the control group of this process has left, of version 2 or 1.
[[nodiscard]] inline std::optional<std::uint64_t> own_group_bytes_left() {
  std::optional<std::uint64_t> least;
  std::string path;
  const std::string groups = small_file("/proc/self/cgroup");
  if (const std::size_t at = groups.rfind("0::"); at != std::string::npos)
    path = groups.substr(at + 3, groups.find('\n', at) - at - 3);
  // A group is bound by those that it lies in.
  for (;;) {
    const std::string folder = "/sys/fs/cgroup" + path + "/";
    const auto left = group_bytes_left(small_file(folder + "memory.max"), small_file(folder + "memory.current"),
                                       small_file(folder + "memory.stat"));
    if (left) least = std::min(least.value_or(*left), *left);
    if (path.empty()) break;
    path.erase(std::min(path.rfind('/'), path.size()));
  }
  const std::string old = "/sys/fs/cgroup/memory/";
  const auto left = group_bytes_left(small_file(old + "memory.limit_in_bytes"), small_file(old + "memory.usage_in_bytes"),
                                     small_file(old + "memory.stat"));
  if (left) least = std::min(least.value_or(*left), *left);
  return least;
}

[[nodiscard]] inline double own_cpu_seconds() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

[[nodiscard]] inline double all_cpu_seconds() {
  const long rate = sysconf(_SC_CLK_TCK);
  return rate > 0 ? static_cast<double>(busy_jiffies(small_file("/proc/stat")).value_or(0)) / static_cast<double>(rate) : 0;
}

/// Adds up words in eight independent chains, so that loads and not additions limit it.
[[nodiscard]] inline std::uint64_t sum_words(const std::uint64_t* words, std::size_t count) {
  std::uint64_t sums[8] = {};
  for (std::size_t i = 0; i + 8 <= count; i += 8)
    for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += words[i + lane];
  return std::accumulate(sums, sums + 8, std::uint64_t{0});
}

}  // namespace detail

LINGUALINKED_DECL std::optional<std::uint64_t> usable_memory_bytes() {
  const auto available = detail::available_bytes(detail::small_file("/proc/meminfo"));
  if (!available) return std::nullopt;
  const std::uint64_t usable = *available - *available / 16;
  return std::min(usable, detail::own_group_bytes_left().value_or(usable));
}

LINGUALINKED_DECL double read_bandwidth(std::uint64_t bytes, unsigned threads) {
  constexpr int passes = 8;
  storage buffer(bytes / 64 * 64);
  const auto words = buffer.as<std::uint64_t>();
  std::fill(words.begin(), words.end(), 1);
  thread_team team(threads);
  std::vector<std::uint64_t> sums(threads);
  double best = 0;
  for (int pass = 0; pass < passes; ++pass) {
    const time_point start = steady_now();
    team.run([&](unsigned thread) {
      const std::size_t begin = words.size() * thread / threads;
      const std::size_t end = words.size() * (thread + 1) / threads;
      sums[thread] += detail::sum_words(words.data() + begin, end - begin);
    });
    best = std::max(best, static_cast<double>(buffer.size()) / in_seconds(steady_now() - start));
  }
  // The sums are compared so that the reading cannot be left out.
  return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0}) == 0 ? 0 : best;
}

LINGUALINKED_DECL machine_load_meter::machine_load_meter()
    : start_(steady_now()), busy_seconds_(detail::all_cpu_seconds()), own_seconds_(detail::own_cpu_seconds()) {}

LINGUALINKED_DECL double machine_load_meter::other_cores() const {
  const double wall = in_seconds(steady_now() - start_);
  const double others = (detail::all_cpu_seconds() - busy_seconds_) - (detail::own_cpu_seconds() - own_seconds_);
  return wall > 0 ? std::max(0.0, others / wall) : 0;
}

}  // namespace lingualinked::inline v0

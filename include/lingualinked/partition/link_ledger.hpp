// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

/// Adds up what one plan sends: time of the lap, bytes for each link, and what they cost in joules.
class link_ledger {
 public:
  explicit link_ledger(const placement_instance& instance) : instance_(instance) {
    links_.reserve(instance.links.size());
    for (const link& l : instance.links)
      if (l.quality.bandwidth_bytes_per_second > 0) links_.emplace_back(std::pair(l.from, l.to), l.quality);
    std::sort(links_.begin(), links_.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  }

  /// Forgets the messages.
  void clear() {
    load_bytes_.clear();
    seconds_ = 0;
    joules_ = 0;
  }

  /// Charges one message. Errors  infeasible naming both ends when they cannot talk
  result<void> send(std::size_t from, std::size_t to, double bytes, const std::string& what) {
    if (from == to) return {};
    const link_quality* found = find({from, to});
    if (found == nullptr)
      return error{errc::infeasible, "no link from '" + instance_.devices[from].name + "' to '" + instance_.devices[to].name +
                                         "', which the plan needs for " + what};
    seconds_ += found->latency_seconds + bytes / found->bandwidth_bytes_per_second;
    joules_ += bytes * found->joules_per_byte.value_or(0);
    load_bytes_[{from, to}] += bytes;
    return {};
  }

  /// Charges every message of one lap that carries `rows` tokens: to the first stage, over the cuts and the edges, and the one
  /// token that comes back.
  /// Requires  stages that are a plan; device_of[module]
  result<void> send_lap(std::span<const stage_interval> stages, std::span<const std::size_t> device_of, double rows) {
    const auto& p = instance_;
    const std::size_t first = stages.front().device;
    const std::size_t header = p.header.value_or(first);
    const double token = static_cast<double>(p.token_bytes);
    if (auto sent = send(header, first, rows * token, "prompts"); !sent) return sent;
    for (std::size_t s = 0; s + 1 < stages.size(); ++s) {
      const std::size_t last = stages[s].last_module;
      auto sent = send(stages[s].device, stages[s + 1].device, rows * static_cast<double>(p.modules[last].cut_bytes),
                       "the cut after module " + std::to_string(last));
      if (!sent) return sent;
    }
    for (const auto& e : p.edges) {
      auto sent = send(device_of[e.from_module], device_of[e.to_module], rows * static_cast<double>(e.bytes),
                       "the edge from module " + std::to_string(e.from_module) + " to " + std::to_string(e.to_module));
      if (!sent) return sent;
    }
    return send(stages.back().device, header, token, "tokens");
  }

  [[nodiscard]] double seconds() const noexcept { return seconds_; }
  [[nodiscard]] double joules() const noexcept { return joules_; }
  [[nodiscard]] double busiest_seconds() const {
    double busiest = 0;
    for (const auto& [pair, bytes] : load_bytes_) busiest = std::max(busiest, bytes / find(pair)->bandwidth_bytes_per_second);
    return busiest;
  }

 private:
  using ends = std::pair<std::size_t, std::size_t>;

  [[nodiscard]] const link_quality* find(const ends& pair) const {
    const auto found =
        std::lower_bound(links_.begin(), links_.end(), pair, [](const auto& l, const ends& wanted) { return l.first < wanted; });
    return found != links_.end() && found->first == pair ? &found->second : nullptr;
  }

  const placement_instance& instance_;
  std::vector<std::pair<ends, link_quality>> links_;  // by rising ends
  std::map<ends, double> load_bytes_;
  double seconds_ = 0;
  double joules_ = 0;
};

}  // namespace lingualinked::inline v0::detail

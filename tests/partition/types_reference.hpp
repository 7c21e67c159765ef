// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/problem.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

/// Fleets of many devices of few types, and what is best on them, by counting types instead of naming devices.
namespace planning_reference {

namespace ll = lingualinked;

/// Several devices of each type, in turns; links and times depend on types alone. No header is named.
/// Requires  one device of each type in p, links in both directions, and seconds and bytes for a device and one like it
inline ll::placement_instance many_of(ll::placement_instance p, std::size_t of_each, ll::link_quality alike) {
  const auto types = p.devices;
  const auto links = p.links;
  p.devices.clear();
  p.links.clear();
  p.header.reset();
  for (std::size_t i = 0; i < of_each * types.size(); ++i) {
    p.devices.push_back(types[i % types.size()]);
    p.devices.back().name = std::to_string(i);
    for (std::size_t k = 0; k < of_each * types.size(); ++k) {
      if (i == k) continue;
      ll::link_quality quality = alike;
      for (const auto& l : links)
        if (l.from == i % types.size() && l.to == k % types.size()) quality = l.quality;
      p.links.push_back({i, k, quality});
    }
  }
  return p;
}

/// The least tau of many_of(p, of_each, alike) for three types, over numbers of used devices of each type:
///   best[n0, n1, n2, type, b] = shortest way through the modules before b that ends on that type
/// with nothing busier than P, for each first type; then the least max(T(P), K * P) over P.
class three_types {
 public:
  three_types(const ll::placement_instance& p, std::size_t of_each, ll::link_quality alike)
      : p_(p), each_(of_each + 1), count_(p.modules.size()), links_(9, alike), seconds_(3), bytes_(1, 0) {
    for (const auto& l : p.links) links_[l.from * 3 + l.to] = l.quality;
    for (std::size_t t = 0; t < 3; ++t) {
      seconds_[t].push_back(0);
      for (const double s : p.devices[t].module_seconds) seconds_[t].push_back(seconds_[t].back() + s);
    }
    for (const auto& m : p.modules) bytes_.push_back(bytes_.back() + m.weight_bytes);
  }

  [[nodiscard]] double least_tau() const {
    std::vector<double> busy;
    for (std::size_t t = 0; t < 3; ++t)
      for (std::size_t a = 0; a < count_; ++a)
        for (std::size_t b = a + 1; b <= count_; ++b) busy.push_back(seconds_[t][b] - seconds_[t][a]);
    for (const auto& l : links_) {
      for (const auto& m : p_.modules) busy.push_back(static_cast<double>(m.cut_bytes) / l.bandwidth_bytes_per_second);
      busy.push_back(static_cast<double>(p_.token_bytes) / l.bandwidth_bytes_per_second);
    }
    std::sort(busy.begin(), busy.end());
    double best = shortest_lap(never);
    if (best == never) return never;
    best = std::max(best, p_.sequences * busy.back());
    std::size_t low = 0;
    std::size_t high = busy.size();
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      const double busiest = busy[middle] * (1 + 1e-12);
      const double lap = shortest_lap(busiest);
      best = std::min(best, std::max(lap, p_.sequences * busy[middle]));
      if (lap <= p_.sequences * busiest) high = middle;
      else low = middle + 1;
    }
    return best;
  }

 private:
  static constexpr double never = std::numeric_limits<double>::infinity();

  [[nodiscard]] double send(std::size_t from, std::size_t to, std::uint64_t bytes, double busiest) const {
    const auto& l = links_[from * 3 + to];
    const double load = static_cast<double>(bytes) / l.bandwidth_bytes_per_second;
    return load <= busiest ? l.latency_seconds + load : never;
  }
  [[nodiscard]] double shortest_lap(double busiest) const {
    double best = never;
    for (std::size_t first = 0; first < 3; ++first) best = std::min(best, shortest_lap(first, busiest));
    return best;
  }
  [[nodiscard]] double shortest_lap(std::size_t first, double busiest) const {
    const std::size_t width = count_ + 1;
    const std::size_t strides[] = {each_ * each_ * 3 * width, each_ * 3 * width, 3 * width};
    std::vector<double> best(each_ * strides[0], never);
    double lap = never;
    const auto fits = [&](std::size_t t, std::size_t a, std::size_t b) {
      return bytes_[b] - bytes_[a] <= p_.devices[t].memory_bytes && seconds_[t][b] - seconds_[t][a] <= busiest;
    };
    for (std::size_t b = 1; b <= count_ && fits(first, 0, b); ++b) {
      best[strides[first] + first * width + b] = seconds_[first][b];
      if (b == count_) lap = seconds_[first][b];  // on the header itself
    }
    for (std::size_t state = 0; state < best.size(); state += 3 * width) {
      for (std::size_t from = 0; from < 3; ++from) {
        for (std::size_t a = 1; a < count_; ++a) {
          const double so_far = best[state + from * width + a];
          if (so_far == never) continue;
          for (std::size_t to = 0; to < 3; ++to) {
            if (state / strides[to] % each_ + 1 == each_) continue;
            const double start = so_far + send(from, to, p_.modules[a - 1].cut_bytes, busiest);
            double* next = &best[state + strides[to] + to * width];
            for (std::size_t b = a + 1; b <= count_ && fits(to, a, b); ++b)
              next[b] = std::min(next[b], start + seconds_[to][b] - seconds_[to][a]);
          }
        }
        const double last = best[state + from * width + count_];
        bool alone = true;
        for (std::size_t t = 0; t < 3; ++t) alone = alone && state / strides[t] % each_ == (t == first ? 1U : 0U);
        if (!alone) lap = std::min(lap, last + send(from, first, p_.token_bytes, busiest));
      }
    }
    return lap;
  }

  const ll::placement_instance& p_;
  std::size_t each_;  // numbers of devices of one type: 0 to each_ - 1
  std::size_t count_;
  std::vector<ll::link_quality> links_;  // [from * 3 + to], types
  std::vector<std::vector<double>> seconds_;
  std::vector<std::uint64_t> bytes_;
};

}  // namespace planning_reference

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/probe/fit.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lingualinked::inline v0 {

/// What is known of the way to another machine and back, without clocks that agree.
struct measured_link {
  double latency_seconds = 0;      // one way, of a message of the model's width behind an idle gap: half of there and back
  double latency_p95_seconds = 0;  // likewise, of the slowest twentieth
  double bandwidth_there_bytes_per_second = 0;  // from here
  double bandwidth_back_bytes_per_second = 0;   // to here
  std::vector<double> residuals;                // quantiles of measured / expected, around 1
};

/// One ping: so many bytes there, so many back.
struct link_ping {
  std::uint64_t there_bytes = 0;
  std::uint64_t back_bytes = 0;
};

/// Decides which pings measure a link, and what their times say. Knows no clock and sends nothing.
///   large there, small back and the other way round tell each direction's bandwidth: (large - small) / (time - time of small);
///   latency is half of what a message of the model's width takes beyond its bytes. Medians throughout.
class link_meter {
 public:
  static constexpr std::uint64_t large_bytes = std::uint64_t{1} << 20;

  /// message_bytes: an activation row of the model, in whole float32. pings: in total, at least 8.
  explicit link_meter(std::uint64_t message_bytes, std::size_t pings = 200)
      : message_(std::clamp<std::uint64_t>(message_bytes / 4 * 4, 4, large_bytes / 4)), pings_(std::max<std::size_t>(pings, 8)) {}

  [[nodiscard]] bool done() const noexcept { return asked_ == pings_; }
  [[nodiscard]] double share_done() const noexcept { return static_cast<double>(asked_) / static_cast<double>(pings_); }

  /// Requires  !done()
  [[nodiscard]] link_ping next() const noexcept { return sizes(asked_); }
  /// How long the last ping took, there and back.
  void answered(double seconds) {
    const std::size_t kind = asked_++ % kinds;
    times_[kind].push_back(seconds);
    // A slow link need not carry a megabyte fifty times to be known.
    if (asked_ > kinds || kind < 2 || seconds <= patience_seconds) return;
    std::uint64_t& large = large_[kind - 2];
    const auto bearable = static_cast<std::uint64_t>(static_cast<double>(large) * patience_seconds / seconds);
    large = std::min(large, std::max({bearable, 4 * message_, least_large_bytes}) / 4 * 4);
    times_[kind].clear();  // it was of another size
  }

  /// Requires  done()
  [[nodiscard]] measured_link verdict() const {
    measured_link made;
    const double small = median(times_[0]);
    made.bandwidth_there_bytes_per_second = rate(large_[0], median(times_[2]), small);
    made.bandwidth_back_bytes_per_second = rate(large_[1], median(times_[3]), small);
    const double there = static_cast<double>(message_) / made.bandwidth_there_bytes_per_second;
    const double back = static_cast<double>(message_) / made.bandwidth_back_bytes_per_second;
    // Both directions carry one row: what a hop of a plan carries, and as much back.
    made.latency_seconds = std::max(0.0, (median(times_[1]) - there - back) / 2);
    made.latency_p95_seconds = std::max(made.latency_seconds, (quantile(times_[1], 0.95) - there - back) / 2);
    made.residuals = residual_quantiles(times_[1]);
    return made;
  }

 private:
  static constexpr std::size_t kinds = 4;
  static constexpr std::uint64_t small_bytes = 4;  // a token
  static constexpr std::uint64_t least_large_bytes = 65536;
  static constexpr double patience_seconds = 0.25;  // for one large ping
  static constexpr double least_seconds = 1e-7;     // a difference below it is noise

  [[nodiscard]] link_ping sizes(std::size_t n) const noexcept {
    const std::array<link_ping, kinds> all{link_ping{small_bytes, small_bytes}, link_ping{message_, message_},
                                           link_ping{large_[0], small_bytes}, link_ping{small_bytes, large_[1]}};
    return all[n % kinds];
  }
  /// Bytes go for a tenth of the time of a large ping at least: less cannot be told from noise.
  [[nodiscard]] static double rate(std::uint64_t large, double large_seconds, double small_seconds) noexcept {
    return static_cast<double>(large - small_bytes) /
           std::max({large_seconds - small_seconds, large_seconds / 10, least_seconds});
  }

  std::uint64_t message_;
  std::size_t pings_;
  std::array<std::uint64_t, 2> large_{large_bytes, large_bytes};  // there, back
  std::size_t asked_ = 0;
  std::array<std::vector<double>, kinds> times_;
};

}  // namespace lingualinked::inline v0

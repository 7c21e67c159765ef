// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/device.hpp>
#include <lingualinked/simulation/event_queue.hpp>
#include <lingualinked/simulation/residual_stream.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// How frames get from one place to another, one way.
struct link_behaviour {
  link_quality quality{0, std::numeric_limits<double>::infinity()};  // no latency, any number of bytes at once
  std::vector<double> residuals;                                     // quantiles of the latency's factor; empty: always 1
};

/// One direction of a simulated connection: frames leave one after the other, and arrive in that order.
///   leaves  = max(now, when the one before has left) + bytes / bandwidth
///   arrives = max(leaves + latency * residual, when the one before arrives)
class simulated_link {
 public:
  simulated_link(link_behaviour how, std::uint64_t seed, std::uint64_t stream)
      : quality_(how.quality), residuals_(std::move(how.residuals), seed, stream) {}

  /// When a frame that is sent now arrives.
  [[nodiscard]] time_point send(time_point now, std::uint64_t bytes) noexcept {
    free_ = std::max(free_, now) + from_seconds(static_cast<double>(bytes) / quality_.bandwidth_bytes_per_second);
    arrival_ = std::max(arrival_, free_ + from_seconds(quality_.latency_seconds * residuals_.next()));
    return arrival_;
  }
  /// Nothing that is sent from now on leaves before `until`.
  void stall(time_point until) noexcept { free_ = std::max(free_, until); }

 private:
  link_quality quality_;
  residual_stream residuals_;
  time_point free_{};
  time_point arrival_{};
};

}  // namespace lingualinked::inline v0

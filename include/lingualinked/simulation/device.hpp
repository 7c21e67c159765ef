// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/clock.hpp>
#include <lingualinked/runtime/stage_job.hpp>
#include <lingualinked/simulation/event_queue.hpp>
#include <lingualinked/simulation/residual_stream.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// How long a device takes for what it is asked. Residuals are drawn for each batch.
struct device_behaviour {
  std::function<double(const stage_job&)> batch_seconds;  // empty: no time at all
  double overhead_seconds = 0;                            // beside each batch: waking up, framing, system calls
  double prepare_seconds = 0;                             // loading the stage
  double open_seconds = 0;                                // of a sequence
  std::vector<double> residuals;                          // quantiles of the factor of a batch; empty: always 1
};

/// A device that does one thing after the other.
class simulated_device {
 public:
  simulated_device(device_behaviour how, std::uint64_t seed, std::uint64_t stream)
      : how_(std::move(how)), residuals_(std::exchange(how_.residuals, {}), seed, stream) {}

  [[nodiscard]] duration batch_time(const stage_job& job) {
    const double seconds = how_.batch_seconds ? how_.batch_seconds(job) : 0;
    return from_seconds(seconds * residuals_.next() * slowdown_);
  }
  [[nodiscard]] duration overhead_time() const noexcept { return from_seconds(how_.overhead_seconds); }
  [[nodiscard]] duration prepare_time() noexcept { return from_seconds(how_.prepare_seconds * residuals_.next()); }
  [[nodiscard]] duration open_time() noexcept { return from_seconds(how_.open_seconds * residuals_.next()); }

  /// When something that is asked for now and takes so long is done.
  [[nodiscard]] time_point serve(time_point now, duration takes) noexcept {
    free_ = std::max(free_, now) + takes;
    return free_;
  }
  /// All batches take this many times longer than the device's own figures from now on.
  void slow_down(double factor) noexcept { slowdown_ = factor; }

 private:
  device_behaviour how_;
  residual_stream residuals_;
  time_point free_{};
  double slowdown_ = 1;
};

}  // namespace lingualinked::inline v0

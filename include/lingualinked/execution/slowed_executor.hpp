// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/executor.hpp>
#include <lingualinked/core/clock.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace lingualinked::inline v0 {

namespace detail {

[[nodiscard]] inline duration stretched(duration d, double factor) noexcept {
  return std::chrono::duration_cast<duration>(std::chrono::duration<double, std::nano>(static_cast<double>(d.count()) * factor));
}

/// Sleeps, and stays awake for the end, because a sleeper oversleeps by about as long as a small stage takes.
inline void wait_until(time_point end) {
  constexpr duration oversleeps = std::chrono::microseconds(200);
  std::this_thread::sleep_until(end - oversleeps);
  while (steady_now() < end) {}
}

}  // namespace detail

/// Plays a slower machine, for experiments on one machine: run takes `factor` times as long as E needs for it.
///   Machines that are played side by side would slow each other, as machines of their own do not. Executors that are given the
/// same Turn compute one at a time. The wait for a turn is part of the longer time, so it is not noticed unless the factors are
/// too small for so many executors.
///   Turn      lock() and unlock(), as a std::mutex has them; of another process's executors, whatever they can share
///   Requires  factor >= 1; turn may be null
///   Errors    those of E
template <Executor E, class Turn = std::mutex>
class slowed_executor {
 public:
  slowed_executor(E executor, double factor, std::shared_ptr<Turn> turn)
      : executor_(std::move(executor)), factor_(factor), turn_(std::move(turn)) {}

  [[nodiscard]] result<void> open(sequence_id sequence, const sequence_options& options) {
    return executor_.open(sequence, options);
  }
  [[nodiscard]] result<void> run(const stage_batch& batch) {
    const time_point asked = steady_now();
    std::unique_lock<Turn> lock;
    if (turn_) lock = std::unique_lock(*turn_);
    const time_point begin = steady_now();
    auto outcome = executor_.run(batch);
    const duration took = steady_now() - begin;
    if (turn_) lock.unlock();
    if (factor_ > 1) detail::wait_until(asked + detail::stretched(took, factor_));
    return outcome;
  }
  void release(sequence_id sequence) noexcept { executor_.release(sequence); }

 private:
  E executor_;
  double factor_;
  std::shared_ptr<Turn> turn_;
};

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/clock.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Seconds as the clock counts them, to the nearest nanosecond.
[[nodiscard]] inline duration from_seconds(double seconds) noexcept {
  return duration(static_cast<duration::rep>(std::llround(seconds * 1e9)));
}

/// Virtual time: a clock that stands still until the next event. Events happen in the order of their times, those of one time in
/// the order in which they were asked for; so a simulation is the same each time, on every machine.
class event_queue {
 public:
  using action = std::function<void()>;

  [[nodiscard]] time_point now() const noexcept { return now_; }
  [[nodiscard]] bool empty() const noexcept { return events_.empty(); }
  /// When the next event happens; time_point::max() for never.
  [[nodiscard]] time_point next() const noexcept { return events_.empty() ? time_point::max() : events_.front().when; }

  /// What should have happened in the past happens now.
  void at(time_point when, action what) {
    events_.push_back({std::max(when, now_), asked_++, std::move(what)});
    std::push_heap(events_.begin(), events_.end(), later);
  }
  void after(duration wait, action what) { at(now_ + wait, std::move(what)); }

  /// Moves the clock to the next event and lets it happen. Requires  !empty()
  void step() {
    std::pop_heap(events_.begin(), events_.end(), later);
    const event first = std::move(events_.back());
    events_.pop_back();
    now_ = first.when;
    first.what();
  }
  /// Moves the clock. Requires  when <= next()
  void advance(time_point when) noexcept { now_ = std::max(now_, when); }

 private:
  struct event {
    time_point when;
    std::uint64_t number = 0;
    action what;
  };
  static bool later(const event& a, const event& b) noexcept { return a.when != b.when ? a.when > b.when : a.number > b.number; }

  std::vector<event> events_;  // a heap
  std::uint64_t asked_ = 0;
  time_point now_{};
};

}  // namespace lingualinked::inline v0

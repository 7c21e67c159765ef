// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/executor.hpp>
#include <lingualinked/core/random.hpp>
#include <lingualinked/simulation/event_queue.hpp>
#include <lingualinked/simulation/session.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lingualinked::inline v0 {

/// One thing that goes wrong.
struct fault {
  enum class kind : unsigned char {
    worker_dies,        // a's peers are told
    worker_vanishes,    // nobody is told
    executor_hangs,     // a's worker lives on
    device_slows,       // a takes `amount` times as long
    link_stalls,        // nothing leaves from a to b for `amount` seconds
    connection_breaks,  // between a and b; both are told
    frame_is_lost,      // the next from a to b
  };
  kind what = kind::worker_dies;
  double at_seconds = 0;
  std::size_t a = 0;  // a stage; in the kinds with b also the coordinator, as the stage after the last
  std::size_t b = 0;
  double amount = 0;

  friend bool operator==(const fault&, const fault&) = default;
};

/// As many faults as asked for, of every kind, at any time up to `horizon_seconds`. Equal seeds give equal faults anywhere.
/// Requires  stages >= 1
[[nodiscard]] inline std::vector<fault> draw_faults(std::uint64_t seed, std::size_t stages, double horizon_seconds,
                                                    std::size_t count) {
  constexpr double kinds = 7;
  constexpr double most_amount = 5;  // seconds of a stall; a slow-down is up to one more
  std::uint64_t drawn = 0;
  const auto draw = [&](double below) { return uniform_draw(seed, drawn++) * below; };
  std::vector<fault> faults;
  for (std::size_t i = 0; i < count; ++i) {
    fault f;
    f.what = static_cast<fault::kind>(draw(kinds));
    f.at_seconds = draw(horizon_seconds);
    const bool between_two = f.what >= fault::kind::link_stalls;
    const std::size_t places = between_two ? stages + 1 : stages;
    f.a = static_cast<std::size_t>(draw(static_cast<double>(places)));
    f.b = (f.a + 1 + static_cast<std::size_t>(draw(static_cast<double>(stages)))) % (stages + 1);
    f.amount = draw(most_amount) + (f.what == fault::kind::device_slows ? 1 : 0);
    faults.push_back(f);
  }
  return faults;
}

/// Lets a fault happen at its time, counted from the start of the session.
template <Executor E>
void inject(simulated_session<E>& session, const fault& f) {
  session.at(time_point{} + from_seconds(f.at_seconds), [&session, f] {
    switch (f.what) {
      case fault::kind::worker_dies: return session.kill(f.a, true);
      case fault::kind::worker_vanishes: return session.kill(f.a, false);
      case fault::kind::executor_hangs: return session.hang(f.a);
      case fault::kind::device_slows: return session.slow_down(f.a, f.amount);
      case fault::kind::link_stalls: return session.stall(f.a, f.b, from_seconds(f.amount));
      case fault::kind::connection_breaks: return session.disconnect(f.a, f.b);
      case fault::kind::frame_is_lost: return session.lose_next_frame(f.a, f.b);
    }
  });
}

}  // namespace lingualinked::inline v0

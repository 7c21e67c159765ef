// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "fake_model.hpp"

#include <lingualinked/simulation/session.hpp>

#include <cstdint>
#include <utility>

namespace fake {

/// A session of a fake model, on a network and devices that take 0 to 3 ms for anything, drawn by seed, and that let frames
/// arrive a second time.
class network : public ll::simulated_session<executor> {
 public:
  network(const model& m, ll::session_plan plan, std::uint64_t seed, unsigned repeat_percent = 0)
      : simulated_session(
            std::move(plan), [&m](const ll::control::deploy& part) { return executor(m, part); }, world(seed, repeat_percent)) {}

 private:
  static ll::simulated_world world(std::uint64_t seed, unsigned repeat_percent) {
    ll::simulated_world w;
    constexpr double most_seconds = 3e-3;
    const auto batch_seconds = [](const ll::stage_job&) { return most_seconds; };
    w.devices.assign(ll::limits::max_stages, {batch_seconds, 0, most_seconds, most_seconds, {0, 1}});
    w.links = [](std::size_t, std::size_t) {
      ll::link_behaviour link;
      link.quality.latency_seconds = most_seconds;
      link.residuals = {0, 1};
      return link;
    };
    w.logits_width = vocabulary;
    w.seed = seed;
    w.repeat_percent = repeat_percent;
    return w;
  }
};

}  // namespace fake

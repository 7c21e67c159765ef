// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/partition/evaluate.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace lingualinked::inline v0 {

/// Where a stage keeps modules beyond its own, and so what taking one over costs.
///   cold  on local storage: no memory until it is run; taking over reads it
///   warm  in memory: taking over moves its KV cache only
///   hot   in memory, with a mirror of its KV cache at full context: taking over is one message
enum class window_tier : unsigned char { cold, warm, hot };

/// Something that may happen to a plan while it runs.
struct window_scenario {
  enum class kind : unsigned char {
    device_slows,   // its modules take factor times as long
    link_slows,     // to the next stage: factor times the latency, bandwidth / factor
    device_leaves,  // its neighbours run what they hold of it, or the plan stops
  } what = kind::device_slows;
  std::size_t stage = 0;
  double factor = 2;
  double weight = 1;  // probability, up to a common factor

  friend bool operator==(const window_scenario&, const window_scenario&) = default;
};

struct window_options {
  window_tier tier = window_tier::warm;
  /// [stage]: what it may use beyond its own modules, where that is less than the instance leaves it. Empty: all.
  std::vector<std::uint64_t> spare_bytes;
  /// A round of a plan that stopped, because a device left whose modules its neighbours do not hold, counts as so many rounds.
  double stopped_rounds = 10;
  /// Work after which the search settles for what it found: about a tenth of a second.
  std::size_t most_steps = 20'000'000;
};

/// What a stage holds: its own modules, and neighbouring ones beside them. Both ends inclusive.
struct module_window {
  std::size_t first_module = 0;
  std::size_t last_module = 0;

  friend bool operator==(const module_window&, const module_window&) = default;
};

/// Every device of the plan becomes `factor` times slower, one at a time, each as likely as the others.
[[nodiscard]] inline std::vector<window_scenario> slow_down_scenarios(std::size_t stages, double factor = 2) {
  std::vector<window_scenario> all;
  for (std::size_t s = 0; s < stages; ++s) all.push_back({window_scenario::kind::device_slows, s, factor, 1});
  return all;
}

namespace detail {

/// A window as solvers see it: [first, end).
struct held_modules {
  std::size_t first = 0;
  std::size_t end = 0;
  friend bool operator==(const held_modules&, const held_modules&) = default;
};
using held_windows = std::vector<held_modules>;  // [stage]

/// What all searches over windows look up. "Cut c" lies before module c.
struct window_tables {
  const placement_instance* instance = nullptr;
  window_tier tier = window_tier::warm;
  std::size_t modules = 0;
  std::size_t stages = 0;
  double sequences = 1;
  double stopped_seconds = 0;
  std::vector<window_scenario> scenarios;
  double total_weight = 0;
  std::vector<std::size_t> cuts;             // [stage]: its first module; [stages]: modules
  std::vector<std::vector<double>> seconds;  // [stage][cut]: of the modules before the cut on the stage's device
  std::vector<double> stage_seconds;         // [stage]: beside its modules
  std::vector<std::uint64_t> weight_bytes;   // [cut]: of the modules before the cut
  std::vector<std::uint64_t> kv_bytes;       // [cut]: at full context, for all sequences
  std::vector<std::uint64_t> room_bytes;     // [stage]
  held_windows reach;                        // [stage]
  std::vector<link_quality> links;           // [from * (stages + 1) + to]; the last index is the header's device
  std::vector<bool> same_device;             // the same, for whether there is nothing to send

  static constexpr double never = std::numeric_limits<double>::infinity();

  [[nodiscard]] std::size_t pair(std::size_t from, std::size_t to) const { return from * (stages + 1) + to; }
  [[nodiscard]] double run_seconds(std::size_t s, std::size_t first, std::size_t end) const {
    return seconds[s][end] - seconds[s][first];
  }
  [[nodiscard]] std::uint64_t weights(std::size_t first, std::size_t end) const {
    return weight_bytes[end] - weight_bytes[first];
  }
  [[nodiscard]] std::uint64_t kv(std::size_t first, std::size_t end) const { return kv_bytes[end] - kv_bytes[first]; }

  /// What stage s keeps in memory when it holds `held` and runs [first, end).
  [[nodiscard]] std::uint64_t memory(const held_modules& held, std::size_t first, std::size_t end) const;
  [[nodiscard]] bool may_run(std::size_t s, const held_modules& held, std::size_t first, std::size_t end) const {
    return memory(held, first, end) <= room_bytes[s];
  }
  /// Whether the stage can run any part of what it holds.
  [[nodiscard]] bool fully_usable(std::size_t s, const held_modules& held) const {
    return may_run(s, held, held.first, held.end);
  }
  [[nodiscard]] held_modules own(std::size_t s) const { return {cuts[s], cuts[s + 1]}; }
  /// Its own modules, and of either neighbour's what it may hold and there is room for.
  [[nodiscard]] held_modules widest(std::size_t s) const { return reach[s]; }
};

/// Requires  the instance outlives the tables
/// Errors    those of evaluate; invalid_argument for scenarios that make no sense; unsupported for instances with edges, whose
///           ends may be on any two stages
/// Cost      linear in stages times modules
[[nodiscard]] result<window_tables> make_window_tables(const placement_instance& instance, std::span<const stage_interval> stages,
                                                       std::span<const window_scenario> scenarios, const window_options& options);

}  // namespace detail

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/window_problem.ipp>
#endif

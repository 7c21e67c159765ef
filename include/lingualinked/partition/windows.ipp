// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/windows.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

/// The windows of a stage that fit its memory, less those that a wider one which can run everything it holds makes pointless.
/// Cost      the square of the modules of the neighbours
inline std::vector<held_modules> windows_that_fit(const window_tables& t, std::size_t s) {
  const held_modules own = t.own(s);
  const held_modules widest = t.widest(s);
  if (t.tier == window_tier::cold || t.fully_usable(s, widest)) return {widest};
  std::vector<held_modules> all;
  std::size_t usable_to = 0;  // the farthest end of a window so far that starts no later and is fully usable
  for (std::size_t first = widest.first; first <= own.first; ++first) {
    std::optional<held_modules> best;
    for (std::size_t end = own.end; end <= widest.end; ++end) {
      const held_modules held{first, end};
      if (!t.may_run(s, held, own.first, own.end)) break;
      if (t.fully_usable(s, held)) best = held;
      else if (end > usable_to) all.push_back(held);
    }
    if (best && best->end > usable_to) {
      all.push_back(*best);
      usable_to = best->end;
    }
  }
  if (all.empty()) all.push_back(own);
  return all;
}

LINGUALINKED_CORE_DECL window_search::window_search(const window_tables& tables, std::size_t most_steps)
    : t_(tables), shift_(tables) {
  evaluations_left_ = affordable_expectations(t_, most_steps);
  double combinations = 1;
  for (std::size_t s = 0; s < t_.stages; ++s) {
    options_.push_back(windows_that_fit(t_, s));
    combinations *= static_cast<double>(options_.back().size());
  }
  exhaustive_ = combinations <= static_cast<double>(evaluations_left_);
}

LINGUALINKED_CORE_DECL held_windows window_search::run(const std::vector<held_windows>& starts) {
  if (exhaustive_) {
    held_windows held(t_.stages);
    try_all(0, held);
    return best_;
  }
  for (const held_windows& start : starts) descend(start);
  return best_;
}

LINGUALINKED_CORE_DECL void window_search::try_all(std::size_t s, held_windows& held) {
  if (s == t_.stages) {
    offer(held);
    return;
  }
  for (const held_modules& option : options_[s]) {
    held[s] = option;
    try_all(s + 1, held);
  }
}

LINGUALINKED_CORE_DECL bool window_search::offer(const held_windows& held) {
  const double seconds = expected_seconds(t_, shift_, held);
  if (!best_.empty() && !(seconds < best_seconds_ * (1 - closeness))) return false;
  best_ = held;
  best_seconds_ = seconds;
  return true;
}

LINGUALINKED_CORE_DECL void window_search::descend(held_windows held) {
  double here = expected_seconds(t_, shift_, held);
  offer(held);
  const auto better = [&](const held_windows& other) {
    if (evaluations_left_ == 0) return false;
    --evaluations_left_;
    const double seconds = expected_seconds(t_, shift_, other);
    if (!(seconds < here * (1 - closeness))) return false;
    here = seconds;
    return true;
  };
  for (bool moved = true; moved && evaluations_left_ > 0;) {
    moved = false;
    for (std::size_t width = 1; width <= 2 && !moved; ++width) {
      for (std::size_t s = 0; s + width <= t_.stages; ++s) {
        held_windows other = held;
        for (const held_modules& one : options_[s]) {
          other[s] = one;
          if (width == 1) {
            if (!better(other)) continue;
            held = other;
            moved = true;
            continue;
          }
          for (const held_modules& two : options_[s + 1]) {
            other[s + 1] = two;
            if (!better(other)) continue;
            held = other;
            moved = true;
          }
        }
      }
    }
  }
  offer(held);
}

/// The rule of the LinguaLinked paper: the most bytes held twice, no module in more than two places, within memory. Neighbours
/// are those of the pipeline; the published code means neighbours in the order of registration.
///   dynamic program from stage to stage; a state is how far the stage before reaches into this one, and this one into the next
/// Errors    limit where stages have more modules than its search can take
/// Cost      for each stage its neighbours' modules to the third power
inline result<held_windows> most_bytes(const window_tables& t) {
  constexpr std::size_t most_modules = 128;
  struct state {
    bool reached = false;
    std::uint64_t bytes = 0;
    held_modules held;         // of this stage
    std::size_t previous = 0;  // index of the state of the stage before
  };
  std::vector<std::vector<state>> layers;
  std::size_t choices_before = 1;  // of the stage before the previous one
  std::size_t choices = 1;         // of the previous one
  for (std::size_t s = 0; s < t.stages; ++s) {
    const held_modules own = t.own(s);
    const held_modules widest = t.widest(s);
    const std::size_t mine = widest.end - own.end + 1;
    if (own.end - own.first > most_modules)
      return error{errc::limit, "stage " + std::to_string(s) + " has " + std::to_string(own.end - own.first) +
                                    " modules; windows by most bytes take at most " + std::to_string(most_modules)};
    std::vector<state> layer(choices * mine);
    for (std::size_t k = 0; k < mine; ++k) {
      held_modules fits{own.first, own.end + k};
      if (!t.may_run(s, fits, own.first, own.end)) break;
      while (fits.first > widest.first && t.may_run(s, {fits.first - 1, fits.end}, own.first, own.end)) --fits.first;
      for (std::size_t i = 0; i < choices_before; ++i) {
        // Of the previous stage, the one before that holds the first i modules already.
        const held_modules held{s < 2 ? fits.first : std::max(fits.first, t.cuts[s - 1] + i), fits.end};
        const std::uint64_t extra = t.weights(held.first, own.first) + t.weights(own.end, held.end);
        for (std::size_t j = 0; j < choices; ++j) {
          const std::size_t previous = i * choices + j;
          if (s > 0 && !layers[s - 1][previous].reached) continue;
          const std::uint64_t bytes = extra + (s > 0 ? layers[s - 1][previous].bytes : 0);
          state& to = layer[j * mine + k];
          if (!to.reached || bytes > to.bytes) to = {true, bytes, held, previous};
        }
      }
    }
    layers.push_back(std::move(layer));
    choices_before = choices;
    choices = mine;
  }
  const auto& last = layers.back();
  const auto fewer = [](const state& x, const state& y) { return x.reached == y.reached ? x.bytes < y.bytes : y.reached; };
  auto at = static_cast<std::size_t>(std::max_element(last.begin(), last.end(), fewer) - last.begin());
  held_windows held(t.stages);
  for (std::size_t s = t.stages; s-- > 0;) {
    held[s] = layers[s][at].held;
    at = layers[s][at].previous;
  }
  return held;
}

LINGUALINKED_CORE_DECL overlap_windows report_windows(const window_tables& t, const held_windows& held, double bound_seconds) {
  window_shift shift(t);
  overlap_windows found;
  for (std::size_t s = 0; s < t.stages; ++s) {
    found.stages.push_back({held[s].first, held[s].end - 1});
    const auto extra = [&](std::size_t first, std::size_t end) {
      return t.weights(first, end) + (t.tier == window_tier::hot ? t.kv(first, end) : 0);
    };
    found.extra_bytes += extra(held[s].first, t.cuts[s]) + extra(t.cuts[s + 1], held[s].end);
  }
  found.expected_seconds = expected_seconds(t, shift, held);
  found.without_seconds = expected_seconds(t, shift, own_modules(t));
  found.bound_seconds = std::min(bound_seconds, found.expected_seconds);
  return found;
}

/// What windows of unlimited memory would give, each stage still limited in what it runs.
inline double least_expectation(window_tables t) {
  t.tier = window_tier::cold;
  window_shift shift(t);
  held_windows all;
  for (std::size_t s = 0; s < t.stages; ++s) all.push_back(t.widest(s));
  return expected_seconds(t, shift, all);
}

inline result<window_tables> checked_window_tables(const placement_instance& instance, std::span<const stage_interval> stages,
                                                   std::span<const window_scenario> scenarios, const window_options& options) {
  auto t = make_window_tables(instance, stages, scenarios, options);
  if (t && affordable_expectations(*t, options.most_steps) < least_expectations)
    return error{errc::limit, std::to_string(t->modules) + " modules on " + std::to_string(t->stages) + " stages in " +
                                  std::to_string(t->scenarios.size()) +
                                  " scenarios are too many for windows; give fewer scenarios or more steps"};
  return t;
}

}  // namespace lingualinked::inline v0::detail

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<overlap_windows> expected_windows(const placement_instance& instance,
                                                                std::span<const stage_interval> stages,
                                                                std::span<const window_scenario> scenarios,
                                                                const window_options& options) {
  const auto t = detail::checked_window_tables(instance, stages, scenarios, options);
  if (!t) return t.error();
  detail::window_search search(*t, options.most_steps);
  std::vector<detail::held_windows> starts{detail::own_modules(*t)};
  if (!search.exhaustive())
    if (auto bytes = detail::most_bytes(*t)) starts.push_back(*std::move(bytes));
  detail::window_shift shift(*t);
  const detail::held_windows held = detail::trimmed(*t, shift, search.run(starts), options.most_steps);
  const double bound = search.exhaustive() ? detail::window_tables::never : detail::least_expectation(*t);
  return detail::report_windows(*t, held, bound);
}

LINGUALINKED_CORE_DECL result<overlap_windows> max_bytes_windows(const placement_instance& instance,
                                                                 std::span<const stage_interval> stages,
                                                                 std::span<const window_scenario> scenarios,
                                                                 const window_options& options) {
  const auto t = detail::checked_window_tables(instance, stages, scenarios, options);
  if (!t) return t.error();
  auto held = detail::most_bytes(*t);
  if (!held) return held.error();
  return detail::report_windows(*t, *held, detail::least_expectation(*t));
}

}  // namespace lingualinked::inline v0

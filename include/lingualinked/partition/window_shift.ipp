// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/window_shift.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL window_message price_message(const window_tables& t, std::size_t from, std::size_t to, double bytes,
                                                    double factor) {
  const std::size_t pair = t.pair(from, to);
  if (from == to || t.same_device[pair]) return {};
  const link_quality& l = t.links[pair];
  if (!(l.bandwidth_bytes_per_second > 0)) return {window_tables::never, window_tables::never};
  const double busy = bytes / l.bandwidth_bytes_per_second * factor;
  return {l.latency_seconds * factor + busy, busy};
}

LINGUALINKED_CORE_DECL double window_shift::least_tau(const held_windows& held, const window_scenario& what) {
  runs_.clear();
  alive_.clear();
  for (std::size_t s = 0; s < t_.stages; ++s)
    if (what.what != window_scenario::kind::device_leaves || what.stage != s) alive_.push_back(s);
  if (alive_.empty() || held[alive_.front()].first != 0 || held[alive_.back()].end != t_.modules) return never;

  const std::size_t first = alive_.front();
  const std::size_t last = alive_.back();
  const std::size_t header = t_.instance->header ? t_.stages : first;
  const double tokens = static_cast<double>(t_.instance->token_bytes);
  const window_message prompt = price_message(t_, header, first, tokens, 1);
  const window_message token = price_message(t_, last, header, tokens, 1);
  label start{prompt.seconds + token.seconds, std::max(prompt.busy, token.busy), 0};
  if (!(start.lap < never)) return never;

  boundaries_.assign(1, {});
  boundaries_[0].push_back({0, {start}});
  for (std::size_t i = 0; i < alive_.size(); ++i) {
    const std::size_t s = alive_[i];
    const bool end_of_plan = i + 1 == alive_.size();
    const std::size_t next = end_of_plan ? s : alive_[i + 1];
    const std::size_t low = end_of_plan ? t_.modules : std::max<std::size_t>(held[next].first, 1);
    const std::size_t high = end_of_plan ? t_.modules : std::min(held[s].end, t_.modules - 1);
    const bool slow = what.what == window_scenario::kind::device_slows && what.stage == s;
    const bool slow_link = what.what == window_scenario::kind::link_slows && what.stage == s;
    std::vector<position> reached;
    for (std::size_t cut = low; cut <= high; ++cut) {
      window_message hop;
      if (!end_of_plan)
        hop =
            price_message(t_, s, next, static_cast<double>(t_.instance->modules[cut - 1].cut_bytes), slow_link ? what.factor : 1);
      if (!(hop.seconds < never)) continue;
      position here{cut, {}};
      for (const position& from : boundaries_.back()) {
        if (from.cut >= cut || !t_.may_run(s, held[s], from.cut, cut)) continue;
        const double seconds = t_.run_seconds(s, from.cut, cut) * (slow ? what.factor : 1) + t_.stage_seconds[s];
        for (std::size_t l = 0; l < from.labels.size(); ++l)
          keep(here.labels,
               {from.labels[l].lap + seconds + hop.seconds, std::max({from.labels[l].busy, seconds, hop.busy}), from.cut, l});
      }
      if (!here.labels.empty()) reached.push_back(std::move(here));
    }
    if (reached.empty()) return never;
    boundaries_.push_back(std::move(reached));
  }
  return finish();
}

LINGUALINKED_CORE_DECL void window_shift::keep(std::vector<label>& labels, label l) const {
  if (t_.sequences == 1) l.busy = 0;
  for (const label& other : labels)
    if (other.lap <= l.lap && other.busy <= l.busy) return;
  std::erase_if(labels, [&](const label& other) { return l.lap <= other.lap && l.busy <= other.busy; });
  labels.push_back(l);
}

LINGUALINKED_CORE_DECL double window_shift::finish() {
  const std::vector<label>& ends = boundaries_.back().front().labels;
  double best = never;
  std::size_t chosen = 0;
  for (std::size_t l = 0; l < ends.size(); ++l) {
    const double tau = std::max(ends[l].lap, t_.sequences * ends[l].busy);
    if (tau < best) {
      best = tau;
      chosen = l;
    }
  }
  runs_.resize(alive_.size());
  std::size_t end = t_.modules;
  for (std::size_t i = alive_.size(); i-- > 0;) {
    const auto& positions = boundaries_[i + 1];
    const auto at = std::find_if(positions.begin(), positions.end(), [&](const position& p) { return p.cut == end; });
    const label& l = at->labels[chosen];
    runs_[i] = {l.from_cut, end};
    end = l.from_cut;
    chosen = l.from_label;
  }
  return best;
}

LINGUALINKED_CORE_DECL double expected_seconds(const window_tables& t, window_shift& shift, const held_windows& held) {
  double sum = 0;
  for (const window_scenario& w : t.scenarios) {
    const double tau = shift.least_tau(held, w);
    const bool may_stop = w.what == window_scenario::kind::device_leaves;
    sum += w.weight * (may_stop ? std::min(tau, t.stopped_seconds) : tau);
  }
  return sum / t.total_weight;
}

LINGUALINKED_CORE_DECL double steps_of_expectation(const window_tables& t) {
  double steps = 0;
  double before = 1;
  for (std::size_t s = 0; s < t.stages; ++s) {
    const double positions = s + 1 < t.stages ? static_cast<double>(t.reach[s].end - t.reach[s + 1].first + 1) : 1;
    steps += before * positions;
    before = positions;
  }
  return steps * static_cast<double>(t.scenarios.size()) * (t.sequences > 1 ? 3 : 1);
}

LINGUALINKED_CORE_DECL held_windows trimmed(const window_tables& t, window_shift& shift, const held_windows& held,
                                            std::size_t most_steps) {
  held_windows used;
  for (std::size_t s = 0; s < t.stages; ++s) used.push_back(t.own(s));
  for (const window_scenario& w : t.scenarios) {
    if (!(shift.least_tau(held, w) < window_tables::never)) continue;
    const held_windows runs = shift.runs();
    for (std::size_t s = 0; s < t.stages; ++s) {
      if (runs[s].end == 0) continue;
      used[s].first = std::min(used[s].first, runs[s].first);
      used[s].end = std::max(used[s].end, runs[s].end);
    }
  }
  const double enough = expected_seconds(t, shift, used) * (1 + 1e-12);
  std::size_t left = affordable_expectations(t, most_steps);
  for (std::size_t s = 0; s < t.stages; ++s) {
    const held_modules own = t.own(s);
    for (; used[s].first < own.first && left > 0; --left) {
      ++used[s].first;
      if (expected_seconds(t, shift, used) <= enough) continue;
      --used[s].first;
      break;
    }
    for (; used[s].end > own.end && left > 0; --left) {
      --used[s].end;
      if (expected_seconds(t, shift, used) <= enough) continue;
      ++used[s].end;
      break;
    }
  }
  return used;
}

}  // namespace lingualinked::inline v0::detail

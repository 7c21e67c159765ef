// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

/// Independent references for planners: the definition of T, P and tau written down naively, and every plan tried.
namespace planning_reference {

namespace ll = lingualinked;

struct price {
  double lap = 0;
  double busiest = 0;
  double tau = 0;
  double joules = 0;      // for one token, where powers are known
  double completion = 0;  // of a request, where the times of its prompt are known
  double value = 0;       // what the instance asks to be least
};

/// What one message costs; nothing when the two cannot talk.
inline std::optional<ll::link_quality> find_link(const ll::placement_instance& p, std::size_t from, std::size_t to) {
  for (const auto& l : p.links)
    if (l.from == from && l.to == to && l.quality.bandwidth_bytes_per_second > 0) return l.quality;
  return std::nullopt;
}

/// Joules of one token; false when a battery does not last. load[from * devices + to]: seconds of a link for one token.
inline bool add_energy(const ll::placement_instance& p, const std::vector<ll::stage_interval>& stages,
                       const std::vector<double>& busy, const std::vector<double>& load, price& r) {
  const std::size_t devices = p.devices.size();
  for (const auto& s : stages) {
    const auto& d = p.devices[s.device];
    const double active = p.sequences * busy[s.device];
    const double round = d.power_active_watts.value_or(0) * active + d.power_idle_watts.value_or(0) * (r.tau - active);
    if (d.battery_joules && p.generate_tokens * round > *d.battery_joules) return false;
    r.joules += round / p.sequences;
  }
  for (std::size_t from = 0; from < devices; ++from)
    for (std::size_t to = 0; to < devices; ++to)
      if (const auto l = find_link(p, from, to))
        r.joules += load[from * devices + to] * l->bandwidth_bytes_per_second * l->joules_per_byte.value_or(0);
  return true;
}

/// The prompt in equal pieces, each piece once around and none overtaking another; then every token of the answer.
inline void add_prompt(const ll::placement_instance& p, const std::vector<ll::stage_interval>& stages,
                       const std::vector<std::size_t>& device_of, price& r) {
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < p.chunk_tokens.size(); ++i) {
    double lap = 0;
    std::vector<double> busy(p.devices.size() * (p.devices.size() + 1), 0.0);
    for (std::size_t j = 0; j < p.modules.size(); ++j) {
      lap += p.devices[device_of[j]].prefill_seconds[i][j];
      busy[p.devices.size() * p.devices.size() + device_of[j]] += p.devices[device_of[j]].prefill_seconds[i][j];
    }
    for (const auto& s : stages) {
      lap += p.devices[s.device].stage_seconds;
      busy[p.devices.size() * p.devices.size() + s.device] += p.devices[s.device].stage_seconds;
    }
    const auto send = [&](std::size_t from, std::size_t to, double bytes) {
      const auto l = find_link(p, from, to);
      if (from == to || !l) return;
      lap += l->latency_seconds + bytes / l->bandwidth_bytes_per_second;
      busy[from * p.devices.size() + to] += bytes / l->bandwidth_bytes_per_second;
    };
    const double rows = static_cast<double>(p.chunk_tokens[i]) / p.micro_batch_sequences;
    const std::size_t header = p.header ? *p.header : device_of.front();
    send(header, device_of.front(), rows * static_cast<double>(p.token_bytes));
    for (std::size_t s = 0; s + 1 < stages.size(); ++s)
      send(stages[s].device, stages[s + 1].device, rows * static_cast<double>(p.modules[stages[s].last_module].cut_bytes));
    for (const auto& e : p.edges) send(device_of[e.from_module], device_of[e.to_module], rows * static_cast<double>(e.bytes));
    send(device_of.back(), header, static_cast<double>(p.token_bytes));
    std::uint32_t pieces = 0;
    for (std::uint32_t done = 0; done < p.prompt_tokens; done += p.chunk_tokens[i]) ++pieces;
    best = std::min(best, lap + (pieces - 1.0) * *std::max_element(busy.begin(), busy.end()));
  }
  r.completion = best + p.generate_tokens * r.tau;
}

/// T, P and tau of a plan, or nothing when a limit is broken. Written from the definition, module by module.
inline std::optional<price> price_of(const ll::placement_instance& p, const std::vector<ll::stage_interval>& stages) {
  const std::size_t devices = p.devices.size();
  std::vector<std::size_t> device_of(p.modules.size());
  std::vector<double> busy(devices, 0.0);
  std::vector<std::uint64_t> memory(devices, 0);
  price r;
  if (p.max_stages && stages.size() > *p.max_stages) return std::nullopt;
  for (const auto& s : stages) {
    if (p.devices[s.device].contract != p.devices[stages.front().device].contract) return std::nullopt;
    busy[s.device] += p.devices[s.device].stage_seconds;
    for (std::size_t j = s.first_module; j <= s.last_module; ++j) {
      for (const std::size_t forbidden : p.devices[s.device].forbidden_modules)
        if (j == forbidden) return std::nullopt;
      device_of[j] = s.device;
      busy[s.device] += p.devices[s.device].module_seconds[j];
      memory[s.device] += p.modules[j].weight_bytes + p.modules[j].kv_bytes_per_token * p.context_tokens * p.sequences;
    }
  }
  if (device_of.front() == device_of.back()) memory[device_of.front()] -= p.tied_bytes;
  for (std::size_t d = 0; d < devices; ++d) {
    if (memory[d] > p.devices[d].memory_bytes) return std::nullopt;
    r.lap += busy[d];
    r.busiest = std::max(r.busiest, busy[d]);
  }
  std::vector<double> load(devices * devices, 0.0);
  bool reachable = true;
  const auto send = [&](std::size_t from, std::size_t to, std::uint64_t bytes) {
    if (from == to) return;
    const auto quality = find_link(p, from, to);
    if (!quality) {
      reachable = false;
      return;
    }
    const double seconds = static_cast<double>(bytes) / quality->bandwidth_bytes_per_second;
    r.lap += quality->latency_seconds + seconds;
    load[from * devices + to] += seconds;
  };
  const std::size_t header = p.header ? *p.header : device_of.front();
  send(header, device_of.front(), p.token_bytes);
  for (std::size_t j = 0; j + 1 < p.modules.size(); ++j) send(device_of[j], device_of[j + 1], p.modules[j].cut_bytes);
  for (const auto& e : p.edges) send(device_of[e.from_module], device_of[e.to_module], e.bytes);
  send(device_of.back(), header, p.token_bytes);
  if (!reachable) return std::nullopt;
  for (const double seconds : load) r.busiest = std::max(r.busiest, seconds);
  r.tau = std::max(r.lap, p.sequences * r.busiest);
  if (!add_energy(p, stages, busy, load, r)) return std::nullopt;
  add_prompt(p, stages, device_of, r);
  r.value = p.goal == ll::objective::energy ? r.joules : p.goal == ll::objective::completion ? r.completion : r.tau;
  return r;
}

struct answer {
  bool feasible = false;
  double value = std::numeric_limits<double>::infinity();
  double tau = std::numeric_limits<double>::infinity();  // the same, where tau is what is least
  std::size_t stages = 0;                                // of the tie rule's choice
  double lap = 0;                                        // of the tie rule's choice
};

/// Calls visit(stages) for every order of devices and every division into consecutive modules.
template <class Visit>
void every_plan(const ll::placement_instance& p, std::vector<ll::stage_interval>& stages, std::vector<bool>& used,
                const Visit& visit) {
  const std::size_t first = stages.empty() ? 0 : stages.back().last_module + 1;
  if (first == p.modules.size()) {
    visit(stages);
    return;
  }
  for (std::size_t d = 0; d < p.devices.size(); ++d) {
    if (used[d]) continue;
    used[d] = true;
    for (std::size_t last = first; last < p.modules.size(); ++last) {
      stages.push_back({d, first, last});
      every_plan(p, stages, used, visit);
      stages.pop_back();
    }
    used[d] = false;
  }
}

/// The least of what is asked for; among plans that agree with it to 1e-12 the fewest stages, and then the shortest lap.
inline answer brute_force(const ll::placement_instance& p) {
  answer r;
  struct candidate {
    price cost;
    std::size_t stages = 0;
  };
  std::vector<candidate> near_best;
  std::vector<ll::stage_interval> stages;
  std::vector<bool> used(p.devices.size(), false);
  every_plan(p, stages, used, [&](const std::vector<ll::stage_interval>& plan) {
    const auto cost = price_of(p, plan);
    if (!cost || cost->value > r.value * (1 + 1e-12)) return;
    r.feasible = true;
    r.value = std::min(r.value, cost->value);
    near_best.push_back({*cost, plan.size()});
  });
  bool any = false;
  for (const auto& c : near_best) {
    if (c.cost.value > r.value * (1 + 1e-12)) continue;
    if (any && (c.stages > r.stages || (c.stages == r.stages && c.cost.lap >= r.lap))) continue;
    any = true;
    r.stages = c.stages;
    r.lap = c.cost.lap;
  }
  if (ll::minimises_tau(p.goal)) r.tau = r.value;
  return r;
}

}  // namespace planning_reference

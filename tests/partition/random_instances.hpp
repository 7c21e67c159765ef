// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/random.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// Small random planning problems that exercise every term of the definition. Equal seeds give equal instances on any machine.
namespace planning_reference {

namespace ll = lingualinked;

class dice {
 public:
  explicit dice(std::uint64_t seed) : seed_(seed) {}
  double between(double low, double high) { return low + (high - low) * ll::uniform_draw(seed_, draw_++); }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(between(0, static_cast<double>(n))); }
  bool chance(double p) { return between(0, 1) < p; }

 private:
  std::uint64_t seed_;
  std::uint64_t draw_ = 0;
};

struct random_instance {
  ll::placement_instance problem;
  bool exact_ties = false;  // times and links are small whole numbers, so that many plans cost exactly the same
};

/// Modules that are not allowed everywhere, devices of two contracts, and a limit of stages; each now and then.
inline void add_limits(ll::placement_instance& p, dice& roll) {
  if (roll.chance(0.2)) {  // the ends stay on some devices
    const std::size_t ends = 1 + roll.below(2);
    for (auto& d : p.devices) {
      if (roll.chance(0.5)) continue;
      for (std::size_t j = 0; j < p.modules.size(); ++j)
        if (j < ends || j + ends >= p.modules.size()) d.forbidden_modules.push_back(j);
    }
  }
  if (roll.chance(0.1)) {  // any module anywhere
    auto& d = p.devices[roll.below(p.devices.size())];
    d.forbidden_modules.clear();
    for (std::size_t j = 0; j < p.modules.size(); ++j)
      if (roll.chance(0.3)) d.forbidden_modules.push_back(j);
  }
  if (roll.chance(0.15))
    for (auto& d : p.devices) d.contract = roll.chance(0.3) ? 2 : 1;
  if (roll.chance(0.25)) p.max_stages = static_cast<std::uint32_t>(1 + roll.below(3));
}

/// The same modules, devices and links, and nothing of add_limits.
inline ll::placement_instance without_limits(ll::placement_instance p) {
  for (auto& d : p.devices) {
    d.forbidden_modules.clear();
    d.contract = 1;
  }
  p.max_stages.reset();
  return p;
}

/// 3 to 7 modules on 2 to 4 devices.
inline random_instance make_random_instance(std::uint64_t seed) {
  dice roll(seed);
  random_instance r;
  auto& p = r.problem;
  r.exact_ties = roll.chance(0.25);
  const auto number = [&](double low, double high) {
    return r.exact_ties ? static_cast<double>(1 + roll.below(3)) : roll.between(low, high);
  };
  const std::size_t modules = 3 + roll.below(5);
  const std::size_t devices = 2 + roll.below(3);
  p.sequences = std::uint32_t{1} << roll.below(4);
  p.context_tokens = static_cast<std::uint32_t>(roll.below(3) * 8);
  p.token_bytes = 1 + roll.below(4);

  std::uint64_t total = 0;
  for (std::size_t j = 0; j < modules; ++j) {
    ll::placement_instance::module m;
    m.name = "module " + std::to_string(j);
    m.weight_bytes = 100 + roll.below(400);
    m.kv_bytes_per_token = roll.below(3);
    m.cut_bytes = static_cast<std::uint64_t>(number(1, 40));
    total += m.weight_bytes + m.kv_bytes_per_token * p.context_tokens * p.sequences;
    p.modules.push_back(m);
  }
  if (roll.chance(0.4)) {
    for (std::size_t i = 1 + roll.below(2); i > 0; --i) {
      const std::size_t from = roll.below(modules - 1);
      const std::size_t to = from + 1 + roll.below(modules - from - 1);
      p.edges.push_back({from, to, static_cast<std::uint64_t>(number(1, 60))});
    }
  }
  if (roll.chance(0.3)) p.tied_bytes = roll.below(100);

  const double slack = roll.between(0.95, 3);
  double shares = 0;
  std::vector<double> share;
  for (std::size_t d = 0; d < devices; ++d) {
    share.push_back(r.exact_ties ? 1 : roll.between(0.5, 2));
    shares += share.back();
  }
  for (std::size_t d = 0; d < devices; ++d) {
    ll::placement_instance::device machine;
    machine.name = "device " + std::to_string(d);
    machine.memory_bytes = static_cast<std::uint64_t>(slack * static_cast<double>(total) * share[d] / shares);
    const double speed = number(0.5, 4);
    for (std::size_t j = 0; j < modules; ++j) machine.module_seconds.push_back(speed * number(0.7, 1.3));
    p.devices.push_back(machine);
  }
  const double missing = roll.chance(0.5) ? 0.0 : roll.between(0.1, 0.5);
  for (std::size_t from = 0; from < devices; ++from)
    for (std::size_t to = 0; to < devices; ++to)
      if (from != to && !roll.chance(missing)) p.links.push_back({from, to, {number(0, 1), number(5, 60)}});
  if (roll.chance(0.6)) p.header = roll.below(devices);
  // A header that owns no memory can host no stage.
  if (p.header && roll.chance(0.3)) p.devices[*p.header].memory_bytes = 50;
  if (roll.chance(0.4))
    for (auto& machine : p.devices) machine.stage_seconds = number(0, 2);
  add_limits(p, roll);
  return r;
}

/// Asks for something else than the least tau: for little energy, for a quick request, or for batteries that last.
inline void add_goal(ll::placement_instance& p, std::uint64_t seed, ll::objective goal, bool batteries) {
  dice roll(seed ^ 0x60a1);
  const bool whole = roll.chance(0.2);  // small whole numbers: many plans cost the same
  const auto number = [&](double low, double high) {
    return whole ? static_cast<double>(1 + roll.below(3)) : roll.between(low, high);
  };
  p.goal = goal;
  p.prompt_tokens = static_cast<std::uint32_t>(1 + roll.below(40));
  p.generate_tokens = static_cast<std::uint32_t>(roll.below(20));
  for (const std::uint32_t chunk : {4U, 8U, 32U})
    if (roll.chance(0.6)) p.chunk_tokens.push_back(chunk);
  if (p.chunk_tokens.empty()) p.chunk_tokens.push_back(16);
  if (roll.chance(0.3)) p.micro_batch_sequences = 3;
  for (auto& d : p.devices) {
    d.power_idle_watts = roll.chance(0.2) ? 0 : number(0.1, 2);
    d.power_active_watts = *d.power_idle_watts + number(0, 5);
    const double speed = number(0.1, 1);
    for (const std::uint32_t chunk : p.chunk_tokens) {
      auto& seconds = d.prefill_seconds.emplace_back();
      for (const double s : d.module_seconds) seconds.push_back(s * (1 + speed * chunk * number(0.7, 1.3)));
    }
    if (batteries && roll.chance(0.6)) {
      double all = 0;
      for (const double s : d.module_seconds) all += s;
      d.battery_joules = *d.power_active_watts * all * p.sequences * (1 + p.generate_tokens) * roll.between(0.1, 3);
    }
  }
  for (auto& l : p.links)
    if (roll.chance(0.5)) l.quality.joules_per_byte = number(0, 0.2);
}

/// Adds edges between modules that are any distance apart.
inline void add_edges(ll::placement_instance& p, std::uint64_t seed, std::size_t count) {
  dice roll(seed ^ 0xed6e5);
  for (; count > 0; --count) {
    const std::size_t from = roll.below(p.modules.size() - 1);
    p.edges.push_back({from, from + 1 + roll.below(p.modules.size() - from - 1), 1 + roll.below(60)});
  }
}

/// A fleet as people own it: devices of 8 to 60 GB/s whose memories add up to `slack` models, on a network of 1 to 8 ms and 20
/// to 120 ms/MB; the time of a module is its bytes over the device's bandwidth, give or take a tenth. The first is the header.
inline ll::placement_instance make_fleet(std::uint64_t seed, std::size_t modules, std::size_t devices, std::uint32_t sequences,
                                         double slack = 1.6) {
  dice roll(seed);
  ll::placement_instance p;
  double total = 0;
  for (std::size_t j = 0; j < modules; ++j) {
    ll::placement_instance::module m;
    m.name = "block " + std::to_string(j);
    m.weight_bytes = static_cast<std::uint64_t>(140e6 * roll.between(0.6, 1.5));
    m.cut_bytes = static_cast<std::uint64_t>(16e3 * roll.between(0.5, 3));
    total += static_cast<double>(m.weight_bytes);
    p.modules.push_back(m);
  }
  std::vector<double> shares;
  double sum = 0;
  for (std::size_t d = 0; d < devices; ++d) {
    shares.push_back(roll.between(0.5, 2));
    sum += shares.back();
  }
  for (std::size_t d = 0; d < devices; ++d) {
    ll::placement_instance::device machine;
    machine.name = "device " + std::to_string(d);
    machine.memory_bytes = static_cast<std::uint64_t>(slack * total * shares[d] / sum);
    const double bytes_per_second = roll.between(8e9, 60e9);
    for (const auto& m : p.modules)
      machine.module_seconds.push_back(static_cast<double>(m.weight_bytes) / bytes_per_second * roll.between(0.9, 1.1));
    p.devices.push_back(machine);
  }
  for (std::size_t from = 0; from < devices; ++from)
    for (std::size_t to = 0; to < devices; ++to)
      if (from != to) p.links.push_back({from, to, {roll.between(1e-3, 8e-3), 1e9 / roll.between(20, 120)}});
  p.sequences = sequences;
  p.header = 0;
  return p;
}

}  // namespace planning_reference

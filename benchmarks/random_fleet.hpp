// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/random.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// Seeded random fleets, as people own them; equal seeds give equal fleets on any machine.
namespace benchmark_fleets {

namespace ll = lingualinked;

/// Devices of 8 to 60 GB/s whose memories add up to 1.6 models, on a network of 1 to 8 ms and 20 to 120 ms/MB; the time of
/// a module is its bytes over the device's bandwidth, give or take a tenth. The first device is the header, unless
/// header is false.
inline ll::placement_instance make_fleet(std::uint64_t seed, std::size_t modules, std::size_t devices, std::uint32_t sequences,
                                         bool header) {
  std::uint64_t draw = 0;
  const auto between = [&](double low, double high) { return low + (high - low) * ll::uniform_draw(seed, draw++); };
  ll::placement_instance p;
  const double megabytes = modules <= 32 ? 140 : modules <= 48 ? 300 : 480;
  double total = 0;
  for (std::size_t j = 0; j < modules; ++j) {
    ll::placement_instance::module m;
    m.name = "block " + std::to_string(j);
    m.weight_bytes = static_cast<std::uint64_t>(megabytes * 1e6 * between(0.6, 1.5));
    m.cut_bytes = static_cast<std::uint64_t>(16e3 * between(0.5, 3));
    total += static_cast<double>(m.weight_bytes);
    p.modules.push_back(m);
  }
  std::vector<double> shares;
  double sum = 0;
  for (std::size_t d = 0; d < devices; ++d) {
    shares.push_back(between(0.5, 2));
    sum += shares.back();
  }
  for (std::size_t d = 0; d < devices; ++d) {
    ll::placement_instance::device machine;
    machine.name = "device " + std::to_string(d);
    machine.memory_bytes = static_cast<std::uint64_t>(1.6 * total * shares[d] / sum);
    const double bytes_per_second = between(8e9, 60e9);
    for (const auto& m : p.modules)
      machine.module_seconds.push_back(static_cast<double>(m.weight_bytes) / bytes_per_second * between(0.9, 1.1));
    p.devices.push_back(machine);
  }
  for (std::size_t from = 0; from < devices; ++from)
    for (std::size_t to = 0; to < devices; ++to)
      if (from != to) p.links.push_back({from, to, {between(1e-3, 8e-3), 1e9 / between(20, 120)}});
  p.sequences = sequences;
  if (header) p.header = 0;
  return p;
}

/// The same fleet with each device several times, and a third of its memory in each; among their own kind at 2 ms and 40 MB/s.
inline ll::placement_instance multiply(ll::placement_instance p, std::size_t times) {
  const auto kinds = p.devices;
  const auto links = p.links;
  p.devices.clear();
  p.links.clear();
  const std::size_t count = kinds.size() * times;
  for (std::size_t i = 0; i < count; ++i) {
    p.devices.push_back(kinds[i % kinds.size()]);
    p.devices.back().name += "." + std::to_string(i / kinds.size());
    p.devices.back().memory_bytes /= 3;
    for (std::size_t k = 0; k < count; ++k)
      if (i != k && i % kinds.size() == k % kinds.size()) p.links.push_back({i, k, {2e-3, 4e7}});
    for (const auto& l : links)
      for (std::size_t k = l.to; k < count && l.from == i % kinds.size(); k += kinds.size()) p.links.push_back({i, k, l.quality});
  }
  return p;
}

}  // namespace benchmark_fleets

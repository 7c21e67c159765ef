// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How long chain and GLPK need to prove a plan, on seeded random fleets. One table; medians and maxima over the seeds.
//   planner [seeds]
#include <lingualinked/core/random.hpp>
#include <lingualinked/glpk/partitioner.hpp>
#include <lingualinked/partition/chain.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace ll = lingualinked;

namespace {

/// Devices of 8 to 60 GB/s whose memories add up to 1.6 models, on a network of 1 to 8 ms and 20 to 120 ms/MB; the time of
/// a module is its bytes over the device's bandwidth, give or take a tenth. The first device is the header, unless
/// header is false.
ll::placement_instance make_fleet(std::uint64_t seed, std::size_t modules, std::size_t devices, std::uint32_t sequences,
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

struct timing {
  std::vector<double> seconds;
  int proved = 0;

  /// Processor time, since the machine may be busy with other things.
  template <class Partitioner>
  void run(const Partitioner& solver, const ll::placement_instance& p, double limit) {
    const std::clock_t start = std::clock();
    const auto plan = solver.solve(p, limit);
    if (!plan) {
      std::printf("error: %s\n", plan.error().message.c_str());
      return;
    }
    seconds.push_back(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    if (plan->status == ll::solve_status::optimal || plan->status == ll::solve_status::infeasible) ++proved;
  }
  void print() {
    if (seconds.empty()) return;
    std::sort(seconds.begin(), seconds.end());
    std::printf(" %9.4f %9.4f %6d |", seconds[seconds.size() / 2], seconds.back(), proved);
  }
};

}  // namespace

int main(int count, char** arguments) {
  struct size {
    std::size_t modules, devices;
    std::uint32_t sequences;
    bool header;
  };
  const size sizes[] = {{32, 4, 1, true},  {32, 4, 4, true},  {32, 8, 1, true},  {32, 8, 4, true},  {32, 8, 16, true},
                        {32, 8, 1, false}, {32, 8, 4, false}, {50, 13, 1, true}, {50, 13, 4, true}, {80, 12, 1, true},
                        {80, 12, 4, true}, {80, 16, 1, true}, {80, 16, 4, true}};
  const std::uint64_t seeds = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 10;
  std::printf("%s, one thread, %d seeds, processor seconds\n", __VERSION__, static_cast<int>(seeds));
  std::printf(
      "modules devices sequences header |     chain       max proved |      glpk       max proved | glpk alone    max proved "
      "|\n");
  for (const size& s : sizes) {
    timing chain, glpk, alone;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const auto p = make_fleet(seed, s.modules, s.devices, s.sequences, s.header);
      chain.run(ll::chain_partitioner{}, p, 60);
      glpk.run(ll::glpk_partitioner{}, p, 60);
      if (s.devices <= 8) alone.run(ll::glpk_partitioner{false}, p, 10);
    }
    std::printf("%7zu %7zu %9u %6s |", s.modules, s.devices, s.sequences, s.header ? "named" : "none");
    chain.print();
    glpk.print();
    alone.print();
    std::printf("\n");
    std::fflush(stdout);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How long chain and GLPK need to prove a plan, on seeded random fleets. One table; medians and maxima over the seeds.
//   planner [seeds]
#include <lingualinked/glpk/partitioner.hpp>
#include <lingualinked/partition/chain.hpp>

#include "random_fleet.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>
#include <vector>

namespace ll = lingualinked;

namespace {

/// Powers of 2 to 60 W, a tenth to a half of it when idle, and prompts of 256 tokens in pieces of 64 or 128, which take each
/// device 5 to 20 times as long as a token.
void add_goal(ll::placement_instance& p, std::uint64_t seed, ll::objective goal) {
  std::uint64_t draw = 1'000'000;
  const auto between = [&](double low, double high) { return low + (high - low) * ll::uniform_draw(seed, draw++); };
  p.goal = goal;
  p.prompt_tokens = 256;
  p.generate_tokens = 128;
  p.chunk_tokens = {64, 128};
  for (auto& d : p.devices) {
    d.power_active_watts = between(2, 60);
    d.power_idle_watts = *d.power_active_watts * between(0.1, 0.5);
    const double slower = between(5, 20);
    for (const std::uint32_t chunk : p.chunk_tokens) {
      auto& seconds = d.prefill_seconds.emplace_back();
      for (const double s : d.module_seconds) seconds.push_back(s * slower * chunk / 64);
    }
  }
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
    ll::objective goal = ll::objective::latency;
    std::size_t of_each = 1;  // devices of each of so many kinds
  };
  const size sizes[] = {{32, 4, 1, true},
                        {32, 4, 4, true},
                        {32, 8, 1, true},
                        {32, 8, 4, true},
                        {32, 8, 16, true},
                        {32, 8, 1, false},
                        {32, 8, 4, false},
                        {50, 13, 1, true},
                        {50, 13, 4, true},
                        {80, 12, 1, true},
                        {80, 12, 4, true},
                        {80, 12, 16, true},
                        {80, 16, 1, true},
                        {80, 16, 4, true},
                        {32, 4, 1, true, ll::objective::energy},
                        {32, 8, 1, true, ll::objective::energy},
                        {32, 8, 4, true, ll::objective::energy},
                        {32, 4, 1, true, ll::objective::completion},
                        {32, 8, 1, true, ll::objective::completion},
                        {32, 8, 4, true, ll::objective::completion},
                        {40, 3, 1, false, ll::objective::latency, 8},
                        {40, 3, 4, false, ll::objective::latency, 8}};
  const std::uint64_t seeds = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 10;
  std::printf("%s, one thread, %d seeds, processor seconds\n", __VERSION__, static_cast<int>(seeds));
  std::printf(
      "modules devices sequences header objective  |     chain       max proved |      glpk       max proved | glpk alone    max "
      "proved "
      "|\n");
  for (const size& s : sizes) {
    timing chain, glpk, alone;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      auto p = benchmark_fleets::make_fleet(seed, s.modules, s.devices, s.sequences, s.header);
      if (s.of_each > 1) p = benchmark_fleets::multiply(std::move(p), s.of_each);
      if (!ll::minimises_tau(s.goal)) add_goal(p, seed, s.goal);
      chain.run(ll::chain_partitioner{}, p, 60);
      glpk.run(ll::glpk_partitioner{}, p, 60);
      if (s.devices * s.of_each <= 8) alone.run(ll::glpk_partitioner{false}, p, 10);
    }
    std::printf("%7zu %7zu %9u %6s %-10s |", s.modules, s.devices * s.of_each, s.sequences, s.header ? "named" : "none",
                ll::minimises_tau(s.goal) ? "tau" : std::string(ll::name_of(s.goal)).c_str());
    chain.print();
    glpk.print();
    alone.print();
    std::printf("\n");
    std::fflush(stdout);
  }
}

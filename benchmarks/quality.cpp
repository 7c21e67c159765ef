// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a proven plan is worth: the round of plans by other rules over that of the best plan, geometric means over seeded fleets
// of 32 blocks where the rule gives a plan that fits, and how often it gives none.
//   quality [seeds]
#include <lingualinked/partition/chain.hpp>
#include <lingualinked/partition/even.hpp>
#include <lingualinked/partition/lingualinked.hpp>
#include <lingualinked/partition/proportional.hpp>

#include "random_fleet.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

namespace ll = lingualinked;

namespace {

struct rule {
  double logarithms = 0;
  int plans = 0;
  int tried = 0;

  void add(const ll::placement_instance& p, const std::vector<ll::stage_interval>& stages, double best) {
    ++tried;
    if (stages.empty()) return;
    const auto cost = ll::evaluate(p, stages);
    if (!cost) return;
    ++plans;
    logarithms += std::log(cost->tau_seconds / best);
  }
  void print() const {
    if (plans == 0) std::printf("    -  ");
    else std::printf(" %6.3f", std::exp(logarithms / plans));
    std::printf(" (%3.0f %%) |", 100.0 * (tried - plans) / tried);
  }
};

}  // namespace

int main(int count, char** arguments) {
  const std::uint64_t seeds = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 200;
  struct size {
    std::size_t devices;
    std::uint32_t sequences;
  };
  const size sizes[] = {{3, 1}, {4, 1}, {6, 1}, {3, 4}, {4, 8}, {6, 8}};
  std::printf("%s, %d seeds: round over that of the proven plan (share of fleets where the rule's plan does not fit)\n",
              __VERSION__, static_cast<int>(seeds));
  std::printf(
      "devices sequences |     even       |  by memory     |  by speed      | lingualinked   |  best latency  | "
      "one device     | ours worse than one device\n");
  for (const size& s : sizes) {
    rule even, memory, speed, paper, latency, alone;
    int worse = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const auto p = benchmark_fleets::make_fleet(seed, 32, s.devices, s.sequences, true);
      const double best = ll::chain_partitioner{}.solve(p, 60).value().objective_seconds;
      even.add(p, ll::even_partitioner{}.solve(p, 60)->stages, best);
      memory.add(p, ll::memory_proportional_partitioner{}.solve(p, 60)->stages, best);
      speed.add(p, ll::speed_proportional_partitioner{}.solve(p, 60)->stages, best);
      paper.add(p, ll::lingualinked_partitioner{}.solve(p, 60)->stages, best);
      auto single = p;
      single.sequences = 1;
      latency.add(p, ll::chain_partitioner{}.solve(single, 60)->stages, best);
      std::vector<ll::stage_interval> fastest;
      double least = 0;
      for (std::size_t d = 0; d < p.devices.size(); ++d) {
        const ll::stage_interval whole{d, 0, p.modules.size() - 1};
        const auto cost = ll::evaluate(p, std::span(&whole, 1));
        if (!cost || (!fastest.empty() && cost->tau_seconds >= least)) continue;
        fastest = {whole};
        least = cost->tau_seconds;
      }
      alone.add(p, fastest, best);
      if (!fastest.empty() && least < best * (1 - 1e-9)) ++worse;
    }
    std::printf("%7zu %9u |", s.devices, s.sequences);
    for (const rule* r : {&even, &memory, &speed, &paper, &latency, &alone}) r->print();
    std::printf(" %d\n", worse);
    std::fflush(stdout);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Needs lingualinked::glpk
// Two exact solvers that share no search: a mixed-integer program in GLPK and a dynamic program over subsets of devices.
// Forty modules of uneven weight over five uneven devices, four sequences in flight, and a residual edge past its neighbours.
// Prints  glpk: 4 stages, 0.014808 s a round
//         chain: 4 stages, 0.014808 s a round
//         they agree
#include <lingualinked/glpk/partitioner.hpp>
#include <lingualinked/partition/chain.hpp>

#include <cmath>
#include <cstdio>

namespace ll = lingualinked;

int main() {
  ll::placement_instance model;
  for (std::size_t i = 0; i < 40; ++i)
    model.modules.push_back({"module " + std::to_string(i), 4'000'000 + 500'000 * (i % 5), 0, 2304});
  model.edges = {{3, 30, 512}};
  for (std::size_t d = 0; d < 5; ++d) {
    ll::placement_instance::device device{"device " + std::to_string(d), 60'000'000 + 8'000'000 * d, {}};
    for (std::size_t i = 0; i < 40; ++i)
      device.module_seconds.push_back(1e-4 * static_cast<double>(5 + (i % 5)) / static_cast<double>(1 + (d * 3) % 5));
    model.devices.push_back(device);
  }
  for (std::size_t a = 0; a < 5; ++a)
    for (std::size_t b = 0; b < 5; ++b)
      if (a != b) model.links.push_back({a, b, {0.001 * static_cast<double>(1 + (a + b) % 3), 2e7}});
  model.sequences = 4;

  ll::glpk_partitioner glpk;
  glpk.start_from_chain = false;  // by default GLPK starts from chain's plan; here neither may see the other's
  const auto first = glpk.solve(model, 60).value();
  const auto second = ll::chain_partitioner{}.solve(model, 60).value();
  for (const auto* plan : {&first, &second})
    std::printf("%s: %zu stages, %.6f s a round\n", plan->solver.c_str(), plan->stages.size(), plan->objective_seconds);
  const bool agree = std::abs(first.objective_seconds - second.objective_seconds) <= 2e-6 * second.objective_seconds;
  std::puts(agree ? "they agree" : "they disagree");
  return agree ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What overlap windows are worth: the expected round after one device, any of them, becomes twice as slow, over the round as
// planned; means over seeded fleets. 32 layers of two modules on balanced stages; each may hold `spare` more than its own.
//   windows [seeds]
#include <lingualinked/glpk/windows.hpp>
#include <lingualinked/partition/balanced.hpp>
#include <lingualinked/partition/windows.hpp>

#include "random_fleet.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <span>
#include <vector>

namespace ll = lingualinked;

namespace {

constexpr std::size_t layers = 32;
constexpr double glpk_seconds = 10;

/// Each block becomes an attention and a feed-forward module, a third and two thirds of it; memory is no limit to the plan.
ll::placement_instance halved(const ll::placement_instance& whole) {
  ll::placement_instance p = whole;
  p.modules.clear();
  for (auto& d : p.devices) {
    d.memory_bytes = std::numeric_limits<std::uint64_t>::max() / 2;
    d.module_seconds.clear();
  }
  for (std::size_t j = 0; j < whole.modules.size(); ++j) {
    const auto& m = whole.modules[j];
    p.modules.push_back({m.name + " attention", m.weight_bytes / 3, 0, m.cut_bytes});
    p.modules.push_back({m.name + " feed-forward", m.weight_bytes - m.weight_bytes / 3, 0, m.cut_bytes});
    for (std::size_t d = 0; d < p.devices.size(); ++d) {
      const double seconds = whole.devices[d].module_seconds[j];
      p.devices[d].module_seconds.insert(p.devices[d].module_seconds.end(), {seconds / 3, seconds * 2 / 3});
    }
  }
  return p;
}

struct column {
  double ratio = 0;
  double extra_layers = 0;
  double seconds = 0;
};

struct row {
  int cases = 0;
  int proven = 0;
  int proven_by_glpk = 0;
  double none = 0;
  column bytes, expected, glpk;
  double everything = 0;
};

double processor_seconds(std::clock_t since) { return static_cast<double>(std::clock() - since) / CLOCKS_PER_SEC; }

void add_case(row& r, std::uint64_t seed, std::size_t stages, std::uint32_t sequences, double spare) {
  const ll::placement_instance p = halved(benchmark_fleets::make_fleet(seed, layers, stages, sequences, true));
  const auto plan = ll::balanced_partitioner{stages}.solve(p, 60).value();
  const auto cost = ll::evaluate(p, plan.stages).value();
  const auto scenarios = ll::slow_down_scenarios(stages);
  ll::window_options options;
  double layer_bytes = 0;
  for (const std::uint64_t bytes : cost.stage_memory_bytes) {
    options.spare_bytes.push_back(static_cast<std::uint64_t>(spare * static_cast<double>(bytes)));
    layer_bytes += static_cast<double>(bytes) / layers;
  }
  const auto add = [&](column& c, const ll::overlap_windows& w, std::clock_t start) {
    c.seconds += processor_seconds(start);
    c.ratio += w.expected_seconds / cost.tau_seconds;
    c.extra_layers += static_cast<double>(w.extra_bytes) / layer_bytes;
  };
  std::clock_t start = std::clock();
  add(r.bytes, ll::max_bytes_windows(p, plan.stages, scenarios, options).value(), start);
  start = std::clock();
  const auto expected = ll::expected_windows(p, plan.stages, scenarios, options).value();
  add(r.expected, expected, start);
  start = std::clock();
  const auto by_glpk = ll::glpk_expected_windows(p, plan.stages, scenarios, options, glpk_seconds);
  if (by_glpk) add(r.glpk, *by_glpk, start);
  if (by_glpk && by_glpk->expected_seconds <= by_glpk->bound_seconds * (1 + 1e-6)) ++r.proven_by_glpk;
  r.none += expected.without_seconds / cost.tau_seconds;
  auto table = ll::detail::make_window_tables(p, plan.stages, scenarios, {}).value();
  ll::detail::window_shift shift(table);
  r.everything += ll::detail::expected_seconds(table, shift, {stages, {0, p.modules.size()}}) / cost.tau_seconds;
  ++r.cases;
  if (expected.proven()) ++r.proven;
}

}  // namespace

int main(int count, char** arguments) {
  const std::uint64_t seeds = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 20;
  std::printf("%s, %d seeds: expected round after a 2x slow-down over the round as planned (layers held twice, processor ms)\n",
              __VERSION__, static_cast<int>(seeds));
  std::printf(
      "stages sequences spare |  none |       max bytes        |   expected windows     proven |  by GLPK             proven | "
      "everything\n");
  for (const std::size_t stages : {4U, 8U})
    for (const std::uint32_t sequences : {1U, 4U})
      for (const double spare : {0.2, 0.4}) {
        row r;
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) add_case(r, seed, stages, sequences, spare);
        const double n = r.cases;
        const auto show = [&](const column& c) {
          std::printf(" %.3f (%4.1f, %7.1f ms)", c.ratio / n, c.extra_layers / n, c.seconds / n * 1e3);
        };
        std::printf("%6zu %9u %4.0f %% | %.3f |", stages, sequences, spare * 100, r.none / n);
        show(r.bytes);
        std::printf(" |");
        show(r.expected);
        std::printf(" %d/%d |", r.proven, r.cases);
        show(r.glpk);
        std::printf(" %d/%d | %.3f\n", r.proven_by_glpk, r.cases, r.everything / n);
        std::fflush(stdout);
      }
}

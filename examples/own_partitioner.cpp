// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A partitioner of one's own, and a graph of one's own: twelve blocks, and a rule of thumb that fills device after device.
// Generic code takes any of the three; the exact one tells how good the rule of thumb is.
// Prints  first fit: 2 devices, 0.0390 s a token
//         even: 3 devices, 0.0362 s a token
//         chain: 3 devices, 0.0312 s a token
#include <lingualinked/concepts/partitioner.hpp>
#include <lingualinked/partition/chain.hpp>
#include <lingualinked/partition/even.hpp>

#include <array>
#include <cstdio>

namespace ll = lingualinked;

struct twelve_blocks {
  using node_id = std::uint32_t;
  std::size_t node_count() const noexcept { return 12; }
  std::vector<node_id> successors(node_id u) const { return u + 1 < 12 ? std::vector<node_id>{u + 1} : std::vector<node_id>{}; }
  ll::node_cost cost(node_id) const noexcept { return {40e6, 0, 20'000'000, 0, 0}; }
  std::uint64_t edge_bytes(node_id, node_id) const noexcept { return 2304; }
};

struct first_fit {
  template <ll::Graph G>
  ll::result<ll::placement> partition(const ll::problem<G>& what) const {
    const auto instance = ll::make_instance(what);
    if (!instance) return instance.error();
    ll::placement plan;
    plan.status = ll::solve_status::feasible;
    std::size_t next = 0;
    for (std::size_t d = 0; d < instance->devices.size() && next < instance->modules.size(); ++d) {
      const auto fits = [&](std::size_t end) {
        return ll::interval_memory_bytes(*instance, next, end) <= instance->devices[d].memory_bytes;
      };
      std::size_t end = next;
      while (end < instance->modules.size() && fits(end + 1)) ++end;
      if (end > next) plan.stages.push_back({d, next, end - 1});
      next = end;
    }
    if (next < instance->modules.size())
      return ll::error{ll::errc::infeasible, "module " + std::to_string(next) + " found no room"};
    plan.objective_seconds = ll::evaluate(*instance, plan.stages).value().tau_seconds;
    return plan;
  }
};

template <ll::Graph G, ll::PartitionerFor<G> P>
void report(const char* name, const P& partitioner, const ll::problem<G>& what) {
  const auto plan = partitioner.partition(what).value();
  std::printf("%s: %zu devices, %.4f s a token\n", name, plan.stages.size(), plan.objective_seconds);
}

int main() {
  const twelve_blocks graph;
  ll::fleet fleet;
  const auto add = [&](const char* name, double flops_per_second, std::uint64_t memory_bytes) {
    ll::device& device = fleet.devices.emplace_back();
    device.name = name;
    device.compute_flops_per_second = flops_per_second;
    device.memory_bytes = memory_bytes;
  };
  add("tablet", 13.4e9, 140'000'000);
  add("phone", 20e9, 100'000'000);
  add("laptop", 40e9, 120'000'000);
  fleet.default_link = ll::link_quality{.latency_seconds = 0.004, .bandwidth_bytes_per_second = 2e7};
  const ll::problem<twelve_blocks> what{graph, fleet, {}};
  report("first fit", first_fit{}, what);
  report("even", ll::even_partitioner{}, what);
  report("chain", ll::chain_partitioner{}, what);
}

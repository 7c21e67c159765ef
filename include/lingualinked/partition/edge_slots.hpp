// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lingualinked::inline v0::detail {

/// Producers of edges that a search over cuts can remember at once.
inline constexpr std::size_t most_open_producers = 8;

/// Which earlier modules still have readers to come, cut by cut. A producer is open from the cut after it to the cut before
/// its last reader, and keeps one slot all that time; the search remembers the device of each slot's producer.
struct edge_slots {
  struct input {
    std::size_t producer = 0;
    std::uint64_t bytes = 0;
    std::size_t slot = 0;
  };
  static constexpr std::size_t closed = static_cast<std::size_t>(-1);

  std::vector<std::vector<input>> inputs;                               // [module]: the edges that it reads
  std::vector<std::array<std::size_t, most_open_producers>> producers;  // [cut][slot]: the open producer, or closed
};

/// Requires  most_open <= most_open_producers
/// Errors    unsupported when more than most_open producers are open at one cut
/// Cost      linear in modules times slots, and in edges
[[nodiscard]] inline result<edge_slots> make_edge_slots(const placement_instance& instance, std::size_t most_open) {
  const std::size_t count = instance.modules.size();
  std::vector<std::size_t> last_reader(count, 0);
  for (const auto& e : instance.edges) last_reader[e.from_module] = std::max(last_reader[e.from_module], e.to_module);

  edge_slots r;
  r.inputs.resize(count);
  r.producers.resize(count + 1);
  for (auto& slots : r.producers) slots.fill(edge_slots::closed);
  std::vector<std::size_t> slot_of(count, 0);
  for (std::size_t p = 0; p < count; ++p) {
    if (last_reader[p] == 0) continue;
    auto& open = r.producers[p + 1];
    const auto free = std::find(open.begin(), open.end(), edge_slots::closed);
    if (free - open.begin() >= static_cast<std::ptrdiff_t>(most_open))
      return error{errc::unsupported, "chain follows the edges of at most " + std::to_string(most_open) +
                                          " modules past one cut; after module " + std::to_string(p) +
                                          " there are more: use glpk"};
    slot_of[p] = static_cast<std::size_t>(free - open.begin());
    for (std::size_t b = p + 1; b <= last_reader[p]; ++b) r.producers[b][slot_of[p]] = p;
  }
  for (const auto& e : instance.edges) r.inputs[e.to_module].push_back({e.from_module, e.bytes, slot_of[e.from_module]});
  return r;
}

}  // namespace lingualinked::inline v0::detail

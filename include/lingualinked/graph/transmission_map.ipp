// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/graph/transmission_map.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL result<std::vector<std::size_t>> stage_of_modules(std::span<const stage_interval> stages,
                                                                         std::size_t modules) {
  std::vector<std::size_t> stage_of;
  stage_of.reserve(modules);
  for (std::size_t s = 0; s < stages.size(); ++s) {
    if (stages[s].first_module != stage_of.size() || stages[s].last_module < stages[s].first_module ||
        stages[s].last_module >= modules)
      return error{errc::invalid_argument, "stage " + std::to_string(s) + " holds modules " +
                                               std::to_string(stages[s].first_module) + " to " +
                                               std::to_string(stages[s].last_module) + "; it must start at " +
                                               std::to_string(stage_of.size()) + " and end before " + std::to_string(modules)};
    stage_of.insert(stage_of.end(), stages[s].last_module + 1 - stages[s].first_module, s);
  }
  if (stage_of.size() != modules)
    return error{errc::invalid_argument,
                 "the stages hold " + std::to_string(stage_of.size()) + " of " + std::to_string(modules) + " modules"};
  return stage_of;
}

LINGUALINKED_CORE_DECL std::vector<transmission> merge_transmissions(std::span<const stage_interval> stages,
                                                                     const std::vector<std::size_t>& stage_of,
                                                                     std::span<const std::uint64_t> cut_bytes,
                                                                     std::vector<residual> residuals, bool merge) {
  std::vector<transmission> map;
  for (std::size_t s = 0; s + 1 < stages.size(); ++s) {
    const std::size_t last = stages[s].last_module;
    map.push_back({last, last + 1, s, s + 1, cut_bytes[last]});
  }
  std::sort(residuals.begin(), residuals.end(), [](const residual& a, const residual& b) {
    return a.from_module != b.from_module ? a.from_module < b.from_module : a.to_module < b.to_module;
  });
  const std::size_t sequential = map.size();
  for (const residual& r : residuals) {
    const std::size_t from = stage_of[r.from_module];
    const std::size_t to = stage_of[r.to_module];
    if (from == to) continue;
    // Sorted by producer and consumer, so what the same stage reads of the same tensor follows at once.
    if (merge && map.size() > sequential && map.back().producer_module == r.from_module && map.back().to_stage == to)
      map.back().bytes_per_token = std::max(map.back().bytes_per_token, r.bytes);
    else map.push_back({r.from_module, r.to_module, from, to, r.bytes});
  }
  return map;
}

}  // namespace lingualinked::inline v0::detail

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<std::vector<transmission>> make_transmission_map(std::span<const stage_interval> stages,
                                                                               const placement_instance& instance) {
  const std::size_t count = instance.modules.size();
  const auto stage_of = detail::stage_of_modules(stages, count);
  if (!stage_of) return stage_of.error();
  std::vector<std::uint64_t> cut_bytes;
  const std::uint64_t b = std::max<std::uint64_t>(1, instance.micro_batch_sequences);
  const auto of_one = [b](std::uint64_t bytes) { return bytes / b + (bytes % b != 0 ? 1 : 0); };
  for (const auto& m : instance.modules) cut_bytes.push_back(of_one(m.cut_bytes));
  std::vector<detail::residual> residuals;
  for (const auto& e : instance.edges) {
    if (e.from_module >= e.to_module || e.to_module >= count)
      return error{errc::invalid_argument, "an edge from module " + std::to_string(e.from_module) + " to module " +
                                               std::to_string(e.to_module) + " is not forward within the " +
                                               std::to_string(count)};
    residuals.push_back({e.from_module, e.to_module, of_one(e.bytes)});
  }
  return detail::merge_transmissions(stages, *stage_of, cut_bytes, std::move(residuals), false);
}

}  // namespace lingualinked::inline v0

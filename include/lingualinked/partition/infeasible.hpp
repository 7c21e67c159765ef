// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/partition/evaluate.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lingualinked::inline v0::detail {

/// A limit that no plan can meet and that shows without a search, in bytes; nothing when there is none.
/// Requires  a validated instance
[[nodiscard]] inline std::optional<std::string> obvious_shortage(const placement_instance& instance) {
  const auto& devices = instance.devices;
  const std::size_t count = instance.modules.size();
  const auto largest = std::max_element(devices.begin(), devices.end(),
                                        [](const auto& a, const auto& b) { return a.memory_bytes < b.memory_bytes; });
  // With tied weights the whole model may fit where its largest part alone does not.
  const std::uint64_t all = interval_memory_bytes(instance, 0, count);
  if (all <= largest->memory_bytes) return std::nullopt;

  std::size_t heaviest = 0;
  checked_size memory;
  for (std::size_t j = 0; j < count; ++j)
    if (resident_bytes(instance, j).value_or(0) > resident_bytes(instance, heaviest).value_or(0)) heaviest = j;
  for (const auto& d : devices) memory = memory + d.memory_bytes;
  const std::uint64_t need = resident_bytes(instance, heaviest).value_or(0);
  if (need > largest->memory_bytes)
    return "memory: module " + std::to_string(heaviest) + " ('" + instance.modules[heaviest].name + "') needs " +
           std::to_string(need) + " bytes; the largest device, '" + largest->name + "', has " +
           std::to_string(largest->memory_bytes);
  const std::uint64_t split = interval_memory_bytes(instance, 0, count - 1) + resident_bytes(instance, count - 1).value_or(0);
  if (memory.valid() && split > memory.value_or(0))
    return "memory: the modules need " + std::to_string(split) + " bytes (weights, and KV cache for " +
           std::to_string(instance.context_tokens) + " tokens and " + std::to_string(instance.sequences) +
           " sequences); all devices together have " + std::to_string(memory.value_or(0));
  return std::nullopt;
}

/// The same instance in a world where every device reaches every other: what is still infeasible there is so for lack of memory.
[[nodiscard]] inline placement_instance fully_linked(placement_instance instance) {
  instance.links.clear();
  instance.edges.clear();
  for (std::size_t from = 0; from < instance.devices.size(); ++from)
    for (std::size_t to = 0; to < instance.devices.size(); ++to)
      if (from != to) instance.links.push_back({from, to, {0, 1}});
  for (auto& m : instance.modules) m.cut_bytes = 0;
  instance.token_bytes = 0;
  return instance;
}

/// Why an instance without a plan has none, given that some plan would fit into memory if every device could reach every other.
[[nodiscard]] inline std::string missing_link_reason(const placement_instance& instance, const placement& fits) {
  const auto broken = evaluate(instance, fits.stages);
  return "links: every plan that fits into memory needs a link that is missing" +
         (broken ? std::string() : "; for example there is " + broken.error().message);
}

/// Why an instance without a plan has none, given that memory alone rules every plan out although the sum would do.
[[nodiscard]] inline std::string packing_reason(const placement_instance& instance) {
  checked_size memory;
  for (const auto& d : instance.devices) memory = memory + d.memory_bytes;
  checked_size need;
  for (std::size_t j = 0; j < instance.modules.size(); ++j) need = need + resident_bytes(instance, j);
  return "memory: the modules need " + std::to_string(need.value_or(0)) + " bytes and all devices together have " +
         (memory.valid() ? std::to_string(memory.value_or(0)) : std::string("more than 64 bits can tell")) +
         ", but no division into consecutive modules, one piece for each device, fits";
}

/// What solvers find out before they search: an error for an instance that makes no sense, the answer where a glance shows that
/// there is no plan, else nothing.
[[nodiscard]] inline result<std::optional<placement>> answer_at_once(const placement_instance& instance,
                                                                     std::string_view solver) {
  if (auto valid = validate_instance(instance); !valid) return valid.error();
  auto shortage = obvious_shortage(instance);
  if (!shortage) return std::optional<placement>();
  placement plan;
  plan.solver = solver;
  plan.status = solve_status::infeasible;
  plan.reason = std::move(*shortage);
  return std::optional(std::move(plan));
}

}  // namespace lingualinked::inline v0::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/infeasible.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lingualinked::inline v0::detail {

/// Why module j has no place: the devices that may hold it are too small, or there are none; nothing when one can.
inline std::optional<std::string> homeless_module(const placement_instance& instance, std::size_t j) {
  const std::uint64_t need = resident_bytes(instance, j).value_or(0);
  const placement_instance::device* largest = nullptr;
  bool forbidden = false;
  for (const auto& d : instance.devices) {
    const bool allowed = first_forbidden(d, j, j + 1) > j;
    forbidden = forbidden || !allowed;
    if (allowed && (largest == nullptr || d.memory_bytes > largest->memory_bytes)) largest = &d;
  }
  if (largest != nullptr && need <= largest->memory_bytes) return std::nullopt;
  const std::string module = "module " + std::to_string(j) + " ('" + instance.modules[j].name + "')";
  if (largest == nullptr)
    return "private: no trusted device can hold " + module + ", which needs " + std::to_string(need) +
           " bytes: it is allowed on none";
  const std::string has = "'" + largest->name + "', has " + std::to_string(largest->memory_bytes);
  if (forbidden)
    return "private: no trusted device can hold " + module + ", which needs " + std::to_string(need) +
           " bytes; the largest where it is allowed, " + has;
  return "memory: " + module + " needs " + std::to_string(need) + " bytes; the largest device, " + has;
}

LINGUALINKED_CORE_DECL std::optional<std::string> obvious_shortage(const placement_instance& instance) {
  const std::size_t count = instance.modules.size();
  // With tied weights the whole model may fit where its largest part alone does not.
  for (std::size_t d = 0; d < instance.devices.size(); ++d)
    if (interval_fits(instance, d, 0, count)) return std::nullopt;

  std::optional<std::size_t> heaviest;
  for (std::size_t j = 0; j < count; ++j)
    if (homeless_module(instance, j) &&
        (!heaviest || resident_bytes(instance, j).value_or(0) > resident_bytes(instance, *heaviest).value_or(0)))
      heaviest = j;
  if (heaviest) return homeless_module(instance, *heaviest);
  checked_size memory;
  for (const auto& d : instance.devices) memory = memory + d.memory_bytes;
  checked_size split;
  for (std::size_t j = 0; j < count; ++j) split = split + resident_bytes(instance, j);
  if (memory.valid() && split.value_or(UINT64_MAX) > memory.value_or(0))
    return "memory: the modules need " + std::to_string(split.value_or(0)) + " bytes (weights, and KV cache for " +
           std::to_string(instance.context_tokens) + " tokens and " + std::to_string(instance.sequences) +
           " sequences); all devices together have " + std::to_string(memory.value_or(0));
  return std::nullopt;
}

LINGUALINKED_CORE_DECL placement_instance fully_linked(placement_instance instance) {
  instance.links.clear();
  instance.edges.clear();
  for (std::size_t from = 0; from < instance.devices.size(); ++from)
    for (std::size_t to = 0; to < instance.devices.size(); ++to)
      if (from != to) instance.links.push_back({from, to, {0, 1}});
  for (auto& m : instance.modules) m.cut_bytes = 0;
  instance.token_bytes = 0;
  return instance;
}

LINGUALINKED_CORE_DECL std::string packing_reason(const placement_instance& instance, bool sure) {
  checked_size memory;
  for (const auto& d : instance.devices) memory = memory + d.memory_bytes;
  checked_size need;
  for (std::size_t j = 0; j < instance.modules.size(); ++j) need = need + resident_bytes(instance, j);
  return "memory: the modules need " + std::to_string(need.value_or(0)) + " bytes and all devices together have " +
         (memory.valid() ? std::to_string(memory.value_or(0)) : std::string("more than 64 bits can tell")) +
         (sure ? ", but no division into consecutive modules, one piece for each device, fits"
               : ", but no plan keeps all limits together");
}

LINGUALINKED_CORE_DECL result<std::optional<placement>> answer_at_once(const placement_instance& instance,
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

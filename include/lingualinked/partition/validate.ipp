// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/validate.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL std::string number_fault(double value, double limit) {
  if (std::isnan(value)) return "is not a number";
  if (value < 0) return "is negative (" + number_text(value) + ")";
  if (std::isinf(value)) return "is infinite";
  if (value > limit) return "is " + number_text(value) + ", more than the limit of " + number_text(limit);
  return {};
}

inline result<void> validate_modules(const placement_instance& instance) {
  const std::size_t count = instance.modules.size();
  if (count == 0) return malformed_field("modules", "is empty: there is nothing to place");
  if (count > placement_limits::modules)
    return error{errc::limit, "modules has " + std::to_string(count) + " entries, more than the limit of " +
                                  std::to_string(placement_limits::modules)};
  checked_size total;
  checked_size traffic;
  for (std::size_t j = 0; j < count; ++j) {
    total = total + resident_bytes(instance, j);
    if (!total.valid())
      return malformed_field(indexed("modules", j, "weight_bytes"),
                             "and the KV cache of " + std::to_string(instance.context_tokens) + " tokens and " +
                                 std::to_string(instance.sequences) + " sequences overflow 64 bits");
    traffic = traffic + instance.modules[j].cut_bytes;
    if (!traffic.valid()) return malformed_field(indexed("modules", j, "cut_bytes"), "overflows 64 bits");
  }
  if (instance.edges.size() > placement_limits::edges)
    return error{errc::limit, "edges has " + std::to_string(instance.edges.size()) + " entries, more than the limit of " +
                                  std::to_string(placement_limits::edges)};
  for (std::size_t i = 0; i < instance.edges.size(); ++i) {
    const auto& e = instance.edges[i];
    if (e.from_module >= count || e.to_module >= count)
      return malformed_field(indexed("edges", i, ""), "joins modules " + std::to_string(e.from_module) + " and " +
                                                          std::to_string(e.to_module) + ", but there are " +
                                                          std::to_string(count) + " modules");
    if (e.from_module >= e.to_module)
      return malformed_field(indexed("edges", i, ""), "from module " + std::to_string(e.from_module) + " to module " +
                                                          std::to_string(e.to_module) + " is not forward");
    traffic = traffic + e.bytes;
    if (!traffic.valid()) return malformed_field(indexed("edges", i, "bytes"), "overflows 64 bits");
  }
  return {};
}

inline result<void> validate_energy(const placement_instance& instance, std::size_t d) {
  const auto& device = instance.devices[d];
  const bool needed = instance.goal == objective::energy || device.battery_joules;
  const std::pair<const char*, const std::optional<double>*> figures[] = {{"power_active_watts", &device.power_active_watts},
                                                                          {"power_idle_watts", &device.power_idle_watts},
                                                                          {"battery_joules", &device.battery_joules}};
  for (const auto& [name, figure] : figures) {
    const std::string fault = *figure ? number_fault(**figure, placement_limits::joules) : std::string();
    if (!fault.empty()) return malformed_field(indexed("devices", d, name), fault);
    if (needed && !*figure && figure != &device.battery_joules)
      return malformed_field(
          indexed("devices", d, name),
          std::string("is unknown, and ") + (device.battery_joules ? "battery_joules" : "the objective energy") + " needs it");
  }
  if (needed && *device.power_active_watts < *device.power_idle_watts)
    return malformed_field(indexed("devices", d, "power_active_watts"), "is less than power_idle_watts");
  return {};
}

inline result<void> validate_prefill(const placement_instance& instance, std::size_t d) {
  const auto& choices = instance.devices[d].prefill_seconds;
  const std::string field = indexed("devices", d, "prefill_seconds");
  if (choices.size() != instance.chunk_tokens.size())
    return malformed_field(field, "has " + std::to_string(choices.size()) + " entries, but there are " +
                                      std::to_string(instance.chunk_tokens.size()) + " chunk_tokens");
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const std::string entry = field + "[" + std::to_string(i) + "]";
    if (choices[i].size() != instance.modules.size())
      return malformed_field(entry, "has " + std::to_string(choices[i].size()) + " entries, but there are " +
                                        std::to_string(instance.modules.size()) + " modules");
    double total = 0;
    for (std::size_t j = 0; j < choices[i].size(); ++j) {
      total += choices[i][j];
      std::string fault = number_fault(choices[i][j], placement_limits::seconds);
      if (fault.empty()) fault = number_fault(total, placement_limits::seconds);
      if (!fault.empty()) return malformed_field(entry + "[" + std::to_string(j) + "]", fault);
    }
  }
  return {};
}

inline result<void> validate_chunks(const placement_instance& instance) {
  const auto& chunks = instance.chunk_tokens;
  if (chunks.size() > placement_limits::chunks)
    return error{errc::limit, "chunk_tokens has " + std::to_string(chunks.size()) + " entries, more than the limit of " +
                                  std::to_string(placement_limits::chunks)};
  for (std::size_t i = 0; i < chunks.size(); ++i)
    if (chunks[i] == 0 || chunks[i] > placement_limits::chunk_tokens || (i > 0 && chunks[i] <= chunks[i - 1]))
      return malformed_field("chunk_tokens[" + std::to_string(i) + "]",
                             "is " + std::to_string(chunks[i]) + "; the list must rise from 1 to " +
                                 std::to_string(placement_limits::chunk_tokens) + " at most");
  if (instance.goal == objective::completion && chunks.empty())
    return malformed_field("chunk_tokens", "is empty, and the objective completion needs at least one");
  if (instance.goal == objective::completion && instance.prompt_tokens == 0)
    return malformed_field("prompt_tokens", "is 0, and the objective completion needs at least one");
  return {};
}

inline result<void> validate_devices(const placement_instance& instance) {
  const std::size_t count = instance.devices.size();
  if (count == 0) return malformed_field("devices", "is empty: there is nowhere to place the modules");
  if (count > placement_limits::devices)
    return error{errc::limit, "devices has " + std::to_string(count) + " entries, more than the limit of " +
                                  std::to_string(placement_limits::devices) + "; leave out those that cannot help"};
  std::unordered_map<std::string, std::size_t> names;
  for (std::size_t d = 0; d < count; ++d) {
    const auto& device = instance.devices[d];
    const auto [earlier, fresh] = names.emplace(device.name, d);
    if (!fresh)
      return malformed_field(indexed("devices", d, "name"),
                             "'" + device.name + "' is also the name of devices[" + std::to_string(earlier->second) + "]");
    if (device.module_seconds.size() != instance.modules.size())
      return malformed_field(indexed("devices", d, "module_seconds"), "has " + std::to_string(device.module_seconds.size()) +
                                                                          " entries, but there are " +
                                                                          std::to_string(instance.modules.size()) + " modules");
    if (std::string fault = number_fault(device.stage_seconds, placement_limits::seconds); !fault.empty())
      return malformed_field(indexed("devices", d, "stage_seconds"), fault);
    double total = device.stage_seconds;
    for (std::size_t j = 0; j < device.module_seconds.size(); ++j) {
      total += device.module_seconds[j];
      std::string fault = number_fault(device.module_seconds[j], placement_limits::seconds);
      if (fault.empty()) fault = number_fault(total, placement_limits::seconds);
      if (!fault.empty()) return malformed_field(indexed("devices", d, "module_seconds") + "[" + std::to_string(j) + "]", fault);
    }
    const auto& forbidden = device.forbidden_modules;
    for (std::size_t i = 0; i < forbidden.size(); ++i) {
      if (forbidden[i] < instance.modules.size() && (i == 0 || forbidden[i] > forbidden[i - 1])) continue;
      return malformed_field(indexed("devices", d, "forbidden_modules") + "[" + std::to_string(i) + "]",
                             "is " + std::to_string(forbidden[i]) + "; the list must rise, and there are " +
                                 std::to_string(instance.modules.size()) + " modules");
    }
    if (auto energy = validate_energy(instance, d); !energy) return energy;
    if (auto prefill = validate_prefill(instance, d); !prefill) return prefill;
    if (device.contract == 0) return malformed_field(indexed("devices", d, "contract"), "is 0; versions begin at 1");
  }
  return {};
}

inline result<void> validate_links(const placement_instance& instance) {
  const std::size_t count = instance.devices.size();
  std::unordered_set<std::uint64_t> pairs;
  double bytes = static_cast<double>(instance.token_bytes);
  for (const auto& m : instance.modules) bytes += static_cast<double>(m.cut_bytes);
  for (const auto& e : instance.edges) bytes += static_cast<double>(e.bytes);
  for (std::size_t i = 0; i < instance.links.size(); ++i) {
    const link& l = instance.links[i];
    if (l.from >= count || l.to >= count)
      return malformed_field(indexed("links", i, ""), "joins devices " + std::to_string(l.from) + " and " + std::to_string(l.to) +
                                                          ", but there are " + std::to_string(count) + " devices");
    if (!pairs.insert(static_cast<std::uint64_t>(l.from) * placement_limits::devices + l.to).second)
      return malformed_field(indexed("links", i, ""), "from '" + instance.devices[l.from].name + "' to '" +
                                                          instance.devices[l.to].name + "' is given twice");
    std::string fault = number_fault(l.quality.latency_seconds, placement_limits::seconds);
    if (!fault.empty()) return malformed_field(indexed("links", i, "latency_seconds"), fault);
    fault = number_fault(l.quality.joules_per_byte.value_or(0), placement_limits::joules);
    if (!fault.empty()) return malformed_field(indexed("links", i, "joules_per_byte"), fault);
    fault = number_fault(l.quality.bandwidth_bytes_per_second, std::numeric_limits<double>::max());
    if (!fault.empty()) return malformed_field(indexed("links", i, "bandwidth_bytes_per_second"), fault);
    if (l.quality.bandwidth_bytes_per_second > 0 && !(bytes / l.quality.bandwidth_bytes_per_second <= placement_limits::seconds))
      return malformed_field(indexed("links", i, "bandwidth_bytes_per_second"), "is so low that one token would take more than " +
                                                                                    number_text(placement_limits::seconds) +
                                                                                    " s; 0 means that the two cannot talk");
  }
  return {};
}

}  // namespace lingualinked::inline v0::detail

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<void> validate_instance(const placement_instance& instance) {
  if (instance.sequences == 0) return detail::malformed_field("sequences", "is 0; at least one is needed");
  if (instance.micro_batch_sequences == 0 || instance.micro_batch_sequences > UINT32_MAX / instance.sequences)
    return detail::malformed_field("micro_batch_sequences", "is " + std::to_string(instance.micro_batch_sequences) + "; " +
                                                                std::to_string(instance.sequences) + " micro-batches of 1 to " +
                                                                std::to_string(UINT32_MAX / instance.sequences) +
                                                                " are possible");
  if (instance.max_stages == 0U) return detail::malformed_field("max_stages", "is 0; at least one is needed");
  if (auto chunks = detail::validate_chunks(instance); !chunks) return chunks;
  if (auto modules = detail::validate_modules(instance); !modules) return modules;
  if (auto devices = detail::validate_devices(instance); !devices) return devices;
  if (instance.header && *instance.header >= instance.devices.size())
    return detail::malformed_field("header", "is device " + std::to_string(*instance.header) + ", but there are " +
                                                 std::to_string(instance.devices.size()) + " devices");
  return detail::validate_links(instance);
}

}  // namespace lingualinked::inline v0

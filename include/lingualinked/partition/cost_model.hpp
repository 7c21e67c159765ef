// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/partition/profile_seconds.hpp>
#include <lingualinked/partition/validate.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

namespace placement_limits {
/// Fleets with a default link and more devices than this would expand to more links than anyone can mean.
inline constexpr std::size_t fully_linked_devices = 64;
}  // namespace placement_limits

/// Memory of a device of which nothing is known: 9 PB, the largest integer that JSON carries exactly.
inline constexpr std::uint64_t unlimited_memory_bytes = (std::uint64_t{1} << 53) - 1;

/// What the cost model is told beside the problem.
struct cost_options {
  std::uint64_t reserve_bytes_per_device = 0;  // buffers, scratch and process, taken off each device's memory
  std::uint64_t token_bytes = 4;               // one token id on the wire
  std::uint64_t tied_bytes = 0;                // weights that the first and the last module share
  std::string model_sha256 = {};               // with kv_dtype: measured profiles of this model replace the roofline
  std::string kv_dtype = {};                   // f32 or f16
  std::vector<std::uint64_t> kv_bytes{};       // of each node, as a sequence of context_tokens is given it; empty: the costs'
};

/// Seconds of one node on one device by the roofline: max(flops / compute, bytes / memory bandwidth), of what is known.
///   flops = flops_per_token + flops_per_token_and_context_token * context
///   bytes = read_bytes_per_token + kv_bytes_per_context_token * context
/// with the node's window in place of a longer context.
/// Errors    invalid_argument when the device states neither figure, or one that is not positive
[[nodiscard]] result<double> roofline_seconds(const node_cost& cost, const device& where, double context_tokens);

/// Seconds of one node for a piece of `tokens` of a prompt, likewise: weights are read once for all of them, but no more than the
/// tokens touch.
///   flops = (flops_per_token + flops_per_token_and_context_token * context) * tokens
///   bytes = max(read_bytes_per_token, min(read_bytes_per_token * tokens, weight_bytes)) + kv_bytes_per_context_token * context
/// Errors    as roofline_seconds
[[nodiscard]] result<double> prefill_roofline_seconds(node_cost cost, const device& where, double context_tokens, double tokens);

/// Seconds of one node for the next tokens of `sequences`, each behind a context of its own: as a piece of a prompt of so many
/// tokens, but with a KV cache for each.
/// Errors    as roofline_seconds
[[nodiscard]] result<double> batch_roofline_seconds(node_cost cost, const device& where, double context_tokens,
                                                    std::uint32_t sequences);

/// Into which pieces a prompt may be cut: the choices that are shorter than it, and the prompt itself or the largest choice.
[[nodiscard]] std::vector<std::uint32_t> chunk_choices(const planning_options& options);

namespace detail {

/// How long each module of the instance takes for each piece that a prompt may be cut into, at its mean context: measured, or by
/// the roofline. The last module, which turns a position into a token, sees one position only.
/// Requires  a profile that measured_seconds took, or none
template <Graph G>
result<void> add_prefill(const problem<G>& what, const device& machine, const device_profile* measured,
                         const placement_instance& instance, placement_instance::device& d) {
  const double context = what.options.prompt_tokens / 2.0;
  const std::size_t count = instance.modules.size();
  for (const std::uint32_t chunk : instance.chunk_tokens) {
    auto& seconds = d.prefill_seconds.emplace_back();
    for (std::size_t i = 0; i < count; ++i) {
      const double tokens = i + 1 == count ? 1 : chunk;
      if (measured != nullptr) {
        seconds.push_back(prefill_seconds(measured->kinds[measured->module_kind[i]], tokens, context));
        continue;
      }
      const auto taken = prefill_roofline_seconds(what.graph.cost(static_cast<node_id_t<G>>(i)), machine, context, tokens);
      if (!taken) return taken.error();
      seconds.push_back(*taken);
    }
  }
  return {};
}

/// Explicit links first, then the default for every other pair. Bandwidth 0 is no link.
result<void> copy_links(const fleet& devices, placement_instance& instance);

template <Graph G>
result<void> copy_modules(const G& graph, placement_instance& instance) {
  using node_id = node_id_t<G>;
  const std::size_t count = graph.node_count();
  if (count > placement_limits::modules)
    return error{errc::limit, "the graph has " + std::to_string(count) + " nodes, more than the limit of " +
                                  std::to_string(placement_limits::modules)};
  for (std::size_t i = 0; i < count; ++i) {
    const auto u = static_cast<node_id>(i);
    const node_cost cost = graph.cost(u);
    placement_instance::module m;
    if constexpr (requires {
                    { graph.name(u) } -> std::convertible_to<std::string>;
                  })
      m.name = graph.name(u);
    else m.name = "node " + std::to_string(i);
    m.weight_bytes = cost.weight_bytes;
    m.kv_bytes_per_token = cost.kv_bytes_per_context_token;
    for (const node_id v : graph.successors(u)) {
      const auto to = static_cast<std::size_t>(v);
      if (to <= i || to >= count)
        return error{errc::invalid_argument, "node " + std::to_string(i) + " has the successor " + std::to_string(to) +
                                                 ", which is not a later node of the " + std::to_string(count)};
      const std::uint64_t bytes = graph.edge_bytes(u, v);
      if (to == i + 1) m.cut_bytes = bytes;
      else if (bytes > 0) instance.edges.push_back({i, to, bytes});
    }
    instance.modules.push_back(std::move(m));
  }
  return {};
}

}  // namespace detail

namespace detail {

/// Fills in how long each module takes for a token of each of `sequences`, from a profile.
/// Errors    malformed when the profile is of another number of modules
result<void> measured_seconds(const device_profile& profile, std::size_t modules, double context, std::uint32_t sequences,
                              placement_instance::device& into);

/// Makes what is counted by sequence and token count by micro-batch; prompts, and seconds, are as they are.
/// Errors    invalid_argument when b does not divide the sequences; limit when bytes overflow
result<void> count_by_micro_batch(placement_instance& instance, std::uint32_t b);

}  // namespace detail

/// The planning problem in plain numbers, for any graph and fleet.
///   The tensor from u to u + 1 crosses the cut after u; tensors to later nodes become edges. Times are taken at the mean
/// context, prompt_tokens + generate_tokens / 2, of a micro-batch: from the device's profile of the model that `options` name,
/// by the roofline where it has none. The KV cache is paid for up to context_tokens of every sequence.
/// Errors    invalid_argument for figures that make no sense, malformed naming the field, limit
/// Cost      linear in devices times nodes
template <Graph G>
[[nodiscard]] result<placement_instance> make_instance(const problem<G>& what, const cost_options& options = {}) {
  const auto& machines = what.devices.devices;
  // Checked before anything is allocated for it: a fleet file may hold a million devices.
  if (machines.size() > placement_limits::devices)
    return error{errc::limit, "the fleet has " + std::to_string(machines.size()) + " devices, more than the limit of " +
                                  std::to_string(placement_limits::devices) + "; leave out those that cannot help"};
  placement_instance instance;
  if (auto copied = detail::copy_modules(what.graph, instance); !copied) return copied.error();
  if (!options.kv_bytes.empty() && options.kv_bytes.size() != instance.modules.size())
    return error{errc::invalid_argument, std::to_string(options.kv_bytes.size()) + " sizes of caches for " +
                                             std::to_string(instance.modules.size()) + " nodes"};
  for (std::size_t i = 0; i < options.kv_bytes.size() && what.options.context_tokens > 0; ++i) {
    const std::uint64_t tokens = what.options.context_tokens;
    instance.modules[i].kv_bytes_per_token = options.kv_bytes[i] / tokens + (options.kv_bytes[i] % tokens != 0 ? 1 : 0);
  }
  if (auto copied = detail::copy_links(what.devices, instance); !copied) return copied.error();
  instance.chunk_tokens = chunk_choices(what.options);
  const double context = static_cast<double>(what.options.prompt_tokens) + static_cast<double>(what.options.generate_tokens) / 2;
  const std::uint32_t batch = what.options.micro_batch_sequences;
  for (const device& machine : machines) {
    placement_instance::device d;
    d.name = machine.name;
    const std::uint64_t memory = machine.memory_bytes.value_or(unlimited_memory_bytes);
    d.memory_bytes = memory - std::min(memory, options.reserve_bytes_per_device);
    d.contract = machine.contract;
    const bool trusted = machine.trusted || what.devices.header == instance.devices.size();
    const std::size_t count = instance.modules.size();
    const std::size_t ends = trusted ? 0 : what.options.private_modules;
    for (std::size_t i = 0; i < count; ++i)
      if (i < ends || count - i <= ends) d.forbidden_modules.push_back(i);
    const device_profile* measured =
        options.model_sha256.empty() ? nullptr : profile_of(machine, options.model_sha256, options.kv_dtype);
    if (measured != nullptr)
      if (auto filled = detail::measured_seconds(*measured, instance.modules.size(), context, batch, d); !filled)
        return filled.error();
    for (std::size_t i = d.module_seconds.size(); i < instance.modules.size(); ++i) {
      const auto seconds = batch_roofline_seconds(what.graph.cost(static_cast<node_id_t<G>>(i)), machine, context, batch);
      if (!seconds) return seconds.error();
      d.module_seconds.push_back(*seconds);
    }
    d.power_active_watts = machine.power_active_watts;
    d.power_idle_watts = machine.power_idle_watts;
    d.battery_joules = machine.battery_joules;
    if (auto added = detail::add_prefill(what, machine, measured, instance, d); !added) return added.error();
    instance.devices.push_back(std::move(d));
  }
  instance.goal = what.options.goal;
  instance.prompt_tokens = what.options.prompt_tokens;
  instance.generate_tokens = what.options.generate_tokens;
  instance.sequences = what.options.sequences;
  instance.context_tokens = what.options.context_tokens;
  instance.token_bytes = options.token_bytes;
  instance.tied_bytes = options.tied_bytes;
  instance.header = what.devices.header;
  instance.max_stages = what.options.max_stages;
  if (auto counted = detail::count_by_micro_batch(instance, batch); !counted) return counted.error();
  if (auto valid = validate_instance(instance); !valid) return valid.error();
  return instance;
}

namespace detail {

/// partition() of a partitioner that solves problems in plain numbers.
template <class Solver, Graph G>
[[nodiscard]] result<placement> solve_graph(const Solver& solver, const problem<G>& what) {
  const auto instance = make_instance(what);
  if (!instance) return instance.error();
  return solver.solve(*instance, what.options.time_limit_seconds);
}

}  // namespace detail

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/cost_model.ipp>
#endif

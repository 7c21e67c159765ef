// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/checked.hpp>
#include <lingualinked/partition/cost_model.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<double> roofline_seconds(const node_cost& cost, const device& where, double context_tokens) {
  const auto positive = [&](const std::optional<double>& figure, const char* name) -> result<double> {
    if (!figure) return 0.0;
    const std::string fault = detail::number_fault(*figure, 1e300);
    if (!fault.empty() || *figure == 0)
      return error{errc::invalid_argument, "device '" + where.name + "': " + name + " " + (fault.empty() ? "is 0" : fault)};
    return *figure;
  };
  const auto compute = positive(where.compute_flops_per_second, "compute_flops_per_second");
  if (!compute) return compute.error();
  const auto bandwidth = positive(where.memory_bandwidth_bytes_per_second, "memory_bandwidth_bytes_per_second");
  if (!bandwidth) return bandwidth.error();
  if (*compute == 0 && *bandwidth == 0)
    return error{errc::invalid_argument, "device '" + where.name +
                                             "' states neither compute_flops_per_second nor memory_bandwidth_bytes_per_second; "
                                             "give one of them, or measure it"};
  if (cost.window_tokens != 0) context_tokens = std::min(context_tokens, static_cast<double>(cost.window_tokens));
  const double flops = cost.flops_per_token + cost.flops_per_token_and_context_token * context_tokens;
  const double bytes =
      static_cast<double>(cost.read_bytes_per_token) + static_cast<double>(cost.kv_bytes_per_context_token) * context_tokens;
  return std::max(*compute > 0 ? flops / *compute : 0.0, *bandwidth > 0 ? bytes / *bandwidth : 0.0);
}

LINGUALINKED_CORE_DECL result<double> prefill_roofline_seconds(node_cost cost, const device& where, double context_tokens,
                                                               double tokens) {
  const double read = static_cast<double>(cost.read_bytes_per_token);
  const double touched = std::min(read * tokens, static_cast<double>(cost.weight_bytes));
  cost.flops_per_token *= tokens;
  cost.flops_per_token_and_context_token *= tokens;
  if (touched > read) cost.read_bytes_per_token = static_cast<std::uint64_t>(touched);
  return roofline_seconds(cost, where, context_tokens);
}

LINGUALINKED_CORE_DECL result<double> batch_roofline_seconds(node_cost cost, const device& where, double context_tokens,
                                                             std::uint32_t sequences) {
  const checked_size cache = checked_size{cost.kv_bytes_per_context_token} * checked_size{sequences};
  cost.kv_bytes_per_context_token = cache.value_or(UINT64_MAX);
  return prefill_roofline_seconds(cost, where, context_tokens, sequences);
}

LINGUALINKED_CORE_DECL std::vector<std::uint32_t> chunk_choices(const planning_options& options) {
  std::vector<std::uint32_t> choices = options.chunk_tokens;
  if (choices.empty() && options.goal == objective::completion) choices = {32, 64, 128, 256, 512};
  std::vector<std::uint32_t> useful;
  for (const std::uint32_t c : choices) {
    if (!useful.empty() && useful.back() == options.prompt_tokens) break;
    useful.push_back(std::min(c, options.prompt_tokens));
  }
  return options.prompt_tokens == 0 ? std::vector<std::uint32_t>() : useful;
}

}  // namespace lingualinked::inline v0

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL result<void> copy_links(const fleet& devices, placement_instance& instance) {
  const std::size_t count = devices.devices.size();
  instance.links = devices.links;
  if (!devices.default_link || !(devices.default_link->bandwidth_bytes_per_second > 0)) return {};
  if (count > placement_limits::fully_linked_devices)
    return error{errc::limit, "default_link with " + std::to_string(count) + " devices means more links than the limit of " +
                                  std::to_string(placement_limits::fully_linked_devices) +
                                  " devices allows; list the links that exist"};
  std::vector<bool> given(count * count, false);
  for (const link& l : devices.links)
    if (l.from < count && l.to < count) given[l.from * count + l.to] = true;
  for (std::size_t from = 0; from < count; ++from)
    for (std::size_t to = 0; to < count; ++to)
      if (from != to && !given[from * count + to]) instance.links.push_back({from, to, *devices.default_link});
  return {};
}

LINGUALINKED_CORE_DECL result<void> count_by_micro_batch(placement_instance& instance, std::uint32_t b) {
  if (b == 0 || instance.sequences % b != 0)
    return error{errc::invalid_argument,
                 std::to_string(instance.sequences) + " sequences cannot be cut into micro-batches of " + std::to_string(b)};
  instance.micro_batch_sequences = b;
  instance.sequences /= b;
  bool fits = true;
  const auto multiply = [&](std::uint64_t& bytes) {
    const checked_size product = checked_size{bytes} * checked_size{b};
    fits = fits && product.valid();
    bytes = product.value_or(0);
  };
  for (auto& m : instance.modules) {
    multiply(m.kv_bytes_per_token);
    multiply(m.cut_bytes);
  }
  for (auto& e : instance.edges) multiply(e.bytes);
  multiply(instance.token_bytes);
  if (!fits) return error{errc::limit, "the bytes of " + std::to_string(b) + " sequences overflow 64 bits"};
  return {};
}

LINGUALINKED_CORE_DECL result<void> measured_seconds(const device_profile& profile, std::size_t modules, double context,
                                                     std::uint32_t sequences, placement_instance::device& into) {
  if (profile.module_kind.size() != modules)
    return error{errc::malformed, "device '" + into.name + "': its profile of this model has " +
                                      std::to_string(profile.module_kind.size()) + " modules, and the model " +
                                      std::to_string(modules) + "; measure again"};
  for (const std::uint32_t kind : profile.module_kind) {
    if (kind >= profile.kinds.size())
      return error{errc::malformed, "device '" + into.name + "': its profile names kind " + std::to_string(kind) + " of " +
                                        std::to_string(profile.kinds.size())};
    into.module_seconds.push_back(batch_seconds(profile.kinds[kind], sequences, context));
  }
  into.stage_seconds = profile.stage_overhead_seconds;
  return {};
}

}  // namespace lingualinked::inline v0::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/graph/transmission_map.hpp>
#include <lingualinked/runtime/session_plan.hpp>
#include <lingualinked/runtime/stage_job.hpp>
#include <lingualinked/simulation/device.hpp>
#include <lingualinked/simulation/link.hpp>
#include <lingualinked/simulation/session.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// The links between the stages of a plan, and to and from its coordinator, which is at the header: the first stage's device
/// where none is named. Places on one device reach each other in no time; so do those without a link, which a plan needs for
/// nothing but small control messages.
[[nodiscard]] inline std::function<link_behaviour(std::size_t, std::size_t)> links_of(const placement_instance& instance,
                                                                                      std::span<const stage_interval> stages) {
  std::vector<std::size_t> where;
  for (const stage_interval& s : stages) where.push_back(s.device);
  where.push_back(instance.header.value_or(where.empty() ? 0 : where.front()));
  std::map<std::pair<std::size_t, std::size_t>, link_behaviour> links;
  for (const link& l : instance.links)
    if (l.quality.bandwidth_bytes_per_second > 0) links[{l.from, l.to}] = {l.quality, l.residuals};
  return [where = std::move(where), links = std::move(links)](std::size_t from, std::size_t to) -> link_behaviour {
    const auto found = links.find({where[from], where[to]});
    return found == links.end() ? link_behaviour{} : found->second;
  };
}

/// The plan of an instance as the runtime is told it. Rows are whole float32 numbers there, so bytes are rounded up to four.
/// Errors    as make_transmission_map
[[nodiscard]] inline result<session_plan> session_plan_of(const placement_instance& instance,
                                                          std::span<const stage_interval> stages) {
  session_plan plan;
  plan.model_fingerprint = "simulated";
  plan.module_count = static_cast<std::uint32_t>(instance.modules.size());
  for (const stage_interval& s : stages)
    plan.stages.push_back({.device = instance.devices[s.device].name,
                           .endpoint = "simulated",
                           .first_module = static_cast<std::uint32_t>(s.first_module),
                           .last_module = static_cast<std::uint32_t>(s.last_module)});
  auto map = make_transmission_map(stages, instance);
  if (!map) return std::move(map).error();
  for (transmission& t : *map) t.bytes_per_token = std::max<std::uint64_t>(1, (t.bytes_per_token + 3) / 4) * 4;
  plan.transmissions = *std::move(map);
  plan.context_tokens = std::max<std::uint32_t>(1, instance.context_tokens);
  plan.sequences = instance.all_sequences();
  plan.micro_batch_sequences = instance.micro_batch_sequences;
  assign_peers(plan, 1);
  return plan;
}

/// Devices and links of a plan of an instance. A micro-batch takes the stage's module_seconds, a batch of more or fewer rows in
/// proportion, and every batch the device's stage_seconds: what an instance says of one token is all that is known.
[[nodiscard]] inline simulated_world world_of(const placement_instance& instance, std::span<const stage_interval> stages) {
  simulated_world world;
  for (const stage_interval& s : stages) {
    double seconds = 0;
    for (std::size_t j = s.first_module; j <= s.last_module; ++j) seconds += instance.devices[s.device].module_seconds[j];
    device_behaviour device;
    device.overhead_seconds = instance.devices[s.device].stage_seconds;
    device.batch_seconds = [seconds, b = instance.micro_batch_sequences](const stage_job& job) {
      return seconds * job.rows() / b;
    };
    world.devices.push_back(std::move(device));
  }
  world.links = links_of(instance, stages);
  return world;
}

}  // namespace lingualinked::inline v0

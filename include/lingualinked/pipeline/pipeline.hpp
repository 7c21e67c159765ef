// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/executor.hpp>
#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/concepts/partitioner.hpp>
#include <lingualinked/concepts/transport.hpp>
#include <lingualinked/core/device.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/graph/transmission_map.hpp>
#include <lingualinked/pipeline/generation.hpp>
#include <lingualinked/pipeline/local_session.hpp>
#include <lingualinked/runtime/session_plan.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Any graph, partitioner, transport and executor, composed: plans the graph over a fleet, gives every stage an end of the
/// transport and an executor, and generates. All of it runs in the calling thread; what runs between devices is made of the same
/// parts (session.hpp, worker_loop.hpp).
template <Graph G, PartitionerFor<G> P, Transport T, Executor E>
class pipeline {
 public:
  /// make_transport, make_executor as for local_session
  /// Errors    those of the partitioner; infeasible with its reason when there is no plan; those of local_session::start
  template <class MakeTransport, class MakeExecutor>
  [[nodiscard]] static result<pipeline> make(const G& graph, const P& partitioner, const fleet& devices,
                                             const planning_options& options, MakeTransport&& make_transport,
                                             MakeExecutor&& make_executor) {
    result<placement> placed = partitioner.partition(problem<G>{graph, devices, options});
    if (!placed) return std::move(placed).error();
    if (placed->stages.empty()) return error{errc::infeasible, placed->reason};
    session_plan plan;
    plan.module_count = static_cast<std::uint32_t>(graph.node_count());
    for (const stage_interval& s : placed->stages) {
      if (s.device >= devices.devices.size())
        return error{errc::internal, "the partitioner used device " + std::to_string(s.device) + " of a fleet of " +
                                         std::to_string(devices.devices.size())};
      const device& d = devices.devices[s.device];
      plan.stages.push_back({d.name, d.endpoint, static_cast<std::uint32_t>(s.first_module),
                             static_cast<std::uint32_t>(s.last_module), d.threads.value_or(0), 0});
    }
    auto map = make_transmission_map(std::span<const stage_interval>(placed->stages), graph);
    if (!map) return std::move(map).error();
    plan.transmissions = *std::move(map);
    std::erase_if(plan.transmissions, [](const transmission& t) { return t.bytes_per_token == 0; });
    plan.context_tokens = options.context_tokens;
    plan.sequences = options.sequences;
    plan.micro_batch_sequences = options.micro_batch_sequences;
    assign_peers(plan, 1);
    auto session = local_session<T, E>::start(std::move(plan), std::forward<MakeTransport>(make_transport),
                                              std::forward<MakeExecutor>(make_executor));
    if (!session) return std::move(session).error();
    return pipeline(*std::move(placed), *std::move(session));
  }

  [[nodiscard]] const placement& plan() const noexcept { return placement_; }

  /// As local_session.
  template <class F>
  requires std::invocable<F&, token_id>
  [[nodiscard]] result<generation> generate(sequence_options options, F&& on_token) {
    return session_.generate(std::move(options), std::forward<F>(on_token));
  }
  [[nodiscard]] result<generation> generate(sequence_options options) { return session_.generate(std::move(options)); }
  template <class F>
  requires std::invocable<F&, std::uint32_t, std::uint32_t, std::span<const float>>
  [[nodiscard]] result<generation> logits(std::vector<token_id> tokens, F&& on_rows) {
    return session_.logits(std::move(tokens), std::forward<F>(on_rows));
  }

 private:
  pipeline(placement placed, local_session<T, E> session) : placement_(std::move(placed)), session_(std::move(session)) {}

  placement placement_;
  local_session<T, E> session_;
};

}  // namespace lingualinked::inline v0

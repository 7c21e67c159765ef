// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/executor.hpp>
#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/concepts/transport.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>

#include <array>

/// The least types that model each concept, for tests of generic code: yours and ours. They do nothing.
namespace lingualinked::inline v0::archetypes {

struct graph {
  using node_id = std::uint32_t;
  [[nodiscard]] std::size_t node_count() const noexcept { return 0; }
  [[nodiscard]] std::array<node_id, 0> successors(node_id) const { return {}; }
  [[nodiscard]] node_cost cost(node_id) const noexcept { return {}; }
  [[nodiscard]] std::uint64_t edge_bytes(node_id, node_id) const noexcept { return 0; }
};

struct partitioner {
  template <Graph G>
  [[nodiscard]] result<placement> partition(const problem<G>&) const {
    return placement{};
  }
};

struct transport {
  result<void> send(peer_id, const frame_header&, std::span<const std::byte>) { return {}; }
  result<receive_event> receive(message&, duration) { return receive_event::timeout; }
  void wake() noexcept {}
  void close() noexcept {}
};

struct executor {
  result<void> open(sequence_id, const sequence_options&) { return {}; }
  result<void> run(const stage_batch&) { return {}; }
  void release(sequence_id) noexcept {}
};

}  // namespace lingualinked::inline v0::archetypes

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A graph that does not say what crosses its edges is refused where the pipeline is put together, not deep inside.
// expect: edge_bytes
#include <lingualinked/concepts/archetypes.hpp>
#include <lingualinked/pipeline/pipeline.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

struct chain {
  using node_id = std::uint32_t;
  [[nodiscard]] std::size_t node_count() const noexcept { return 0; }
  [[nodiscard]] std::array<node_id, 0> successors(node_id) const { return {}; }
  [[nodiscard]] lingualinked::node_cost cost(node_id) const noexcept { return {}; }
#ifndef LINGUALINKED_BAD
  [[nodiscard]] std::uint64_t edge_bytes(node_id, node_id) const noexcept { return 0; }
#endif
};

template <class T>
struct named {};

using composed = named<lingualinked::pipeline<chain, lingualinked::archetypes::partitioner, lingualinked::archetypes::transport,
                                              lingualinked::archetypes::executor>>;

int main() { [[maybe_unused]] composed whole; }

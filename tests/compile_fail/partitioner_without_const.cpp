// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A partitioner answers the same question alike each time, so partition must be const; the compiler points at the composition.
// expect: PartitionerFor
#include <lingualinked/concepts/archetypes.hpp>
#include <lingualinked/concepts/partitioner.hpp>

struct moody {
  template <lingualinked::Graph G>
  lingualinked::result<lingualinked::placement> partition(const lingualinked::problem<G>&)
#ifndef LINGUALINKED_BAD
      const
#endif
  {
    return lingualinked::placement{};
  }
};

template <lingualinked::Graph G, lingualinked::PartitionerFor<G> P>
void plan(const G&, const P&) {}

int main() { plan(lingualinked::archetypes::graph{}, moody{}); }

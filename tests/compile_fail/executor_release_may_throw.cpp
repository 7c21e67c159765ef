// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The compiler says which requirement of a concept is missed.
// expect: release
// expect: noexcept
#include <lingualinked/concepts/archetypes.hpp>
#include <lingualinked/concepts/executor.hpp>

struct careless : lingualinked::archetypes::executor {
#ifdef LINGUALINKED_BAD
  void release(lingualinked::sequence_id) {}
#endif
};

template <lingualinked::Executor E>
void use(E&) {}

int main() {
  careless executor;
  use(executor);
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A result must not be dropped: with warnings as errors, ignoring one does not compile.
// expect: nodiscard
#if defined(__clang__)
#pragma clang diagnostic error "-Wunused-result"
#elif defined(__GNUC__)
#pragma GCC diagnostic error "-Wunused-result"
#endif
#include <lingualinked/concepts/archetypes.hpp>

int main() {
  lingualinked::archetypes::executor executor;
#ifdef LINGUALINKED_BAD
  executor.run({});
#else
  static_cast<void>(executor.run({}));
#endif
}

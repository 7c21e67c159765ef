// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A limit in time has a unit: a bare number is none.
// expect: duration
#include <lingualinked/concepts/archetypes.hpp>

#include <chrono>

int main() {
  lingualinked::archetypes::transport transport;
  lingualinked::message m;
#ifdef LINGUALINKED_BAD
  static_cast<void>(transport.receive(m, 5));
#else
  static_cast<void>(transport.receive(m, std::chrono::seconds(5)));
#endif
}

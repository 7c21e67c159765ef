// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A transport has one owner: it moves and is never copied.
// expect: deleted
#include <lingualinked/transport/inproc.hpp>

#include <utility>

int main() {
  lingualinked::inproc_transport first{lingualinked::inproc_hub()};
#ifdef LINGUALINKED_BAD
  lingualinked::inproc_transport second(first);
#else
  lingualinked::inproc_transport second(std::move(first));
#endif
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "seen.hpp"

#include <cstdio>

int main() {
  const bool same = seen_units == seen.size() && seen[0] == seen[1];
  std::puts(same ? "one definition" : "two definitions, or not two units");
  return same && works ? 0 : 1;
}

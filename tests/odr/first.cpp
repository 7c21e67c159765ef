// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// With second.cpp: every header in two translation units of one program, header-only. A definition that is not inline does
// not link; an inline function that got two addresses would be two functions.
#include <everything.hpp>

#include <cstdio>

const void* address_in_second();

int main() {
  const void* here = reinterpret_cast<const void*>(&lingualinked::kernels::table_for);
  const bool works = lingualinked::kernels::table_for(lingualinked::kernels::isa::scalar).has_value();
  const bool same = here == address_in_second();
  std::puts(same ? "one definition" : "two definitions");
  return same && works ? 0 : 1;
}

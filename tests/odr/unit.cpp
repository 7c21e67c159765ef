// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every header, header-only. The object file of this unit stands twice in one program: a definition that is not inline does not
// link, and main.cpp sees whether an inline function has one address. Everything of its own is therefore inline or unnamed.
#include <everything.hpp>

#include "seen.hpp"

namespace {

const bool noted = [] {
  seen.at(seen_units++) = reinterpret_cast<const void*>(&lingualinked::kernels::table_for);
  works = works && lingualinked::kernels::table_for(lingualinked::kernels::isa::scalar).has_value();
  return true;
}();

}  // namespace

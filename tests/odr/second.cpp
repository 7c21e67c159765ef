// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <everything.hpp>

const void* address_in_second() { return reinterpret_cast<const void*>(&lingualinked::kernels::table_for); }

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace lingualinked::inline v0 {

using token_id = std::int32_t;

}  // namespace lingualinked::inline v0

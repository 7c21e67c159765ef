// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <functional>
#include <string_view>

namespace lingualinked::inline v0 {

enum class log_level : unsigned char { debug, info, warning, error };

/// Where the library says what it is doing. Empty by default: the library prints nothing by itself.
using log_sink = std::function<void(log_level, std::string_view)>;

}  // namespace lingualinked::inline v0

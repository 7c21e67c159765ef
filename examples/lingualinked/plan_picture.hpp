// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>

#include <span>
#include <string>

namespace tool {

/// A plan as a picture (SVG): a row for each device with its modules, arrows for what is sent, and under it when each stage
/// works during one round of all sequences.
/// Requires  a plan of the instance and its transmission map
[[nodiscard]] std::string draw_plan(const lingualinked::placement_instance& instance, const lingualinked::placement& placed,
                                    std::span<const lingualinked::transmission> map);

}  // namespace tool

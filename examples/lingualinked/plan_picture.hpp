// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/documents/plan.hpp>

#include <span>
#include <string>

namespace tool {

/// A plan as a picture (SVG): a row for each device with its modules and, paler, those of its neighbours that it keeps as well;
/// arrows for what is sent; under it when each stage works during one round of all sequences, and the devices without a stage.
/// Requires  a plan of the instance, its transmission map, and its document
[[nodiscard]] std::string draw_plan(const lingualinked::placement_instance& instance, const lingualinked::placement& placed,
                                    std::span<const lingualinked::transmission> map, const lingualinked::plan_document& document);

}  // namespace tool

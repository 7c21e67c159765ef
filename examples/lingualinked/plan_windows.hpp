// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "command.hpp"
#include "planning.hpp"

#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/documents/plan.hpp>

#include <string>

namespace tool {

/// Chooses which neighbouring modules each stage keeps besides its own, by the rule "expected" or "max-bytes", and writes them
/// and what they are worth into the document; "none" leaves it alone.
/// Past the deadline they are those of a short search, without GLPK's.
/// Errors    those of the rule, e.g. unsupported for instances with edges
[[nodiscard]] ll::result<void> add_windows(ll::plan_document& document, const ll::placement_instance& instance,
                                           const ll::placement& placed, const std::string& rule, time_point deadline);

/// Adds to the document's explanation what the windows of every rule are worth, where the plan can have any.
void explain_windows(ll::plan_document& document, const ll::placement_instance& instance, const ll::placement& placed,
                     time_point deadline);

}  // namespace tool

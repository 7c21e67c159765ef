// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "command.hpp"
#include "planning.hpp"

#include <lingualinked/model/language_model.hpp>

namespace tool {

/// Lets a plan serve its sequences in virtual time, and puts what that took in the place of the formula's predictions. Batches
/// take what the devices' profiles of the model say, or the roofline where there is none.
/// Requires  a plan with stages, whose document has its model's digest
/// Errors    malformed for a profile of another model's form; limit when prompt and generation exceed the context; what would end
///           a real session
[[nodiscard]] ll::result<void> simulate_plan(const ll::language_model& model, ready_plan& plan, const planning_request& request);

}  // namespace tool

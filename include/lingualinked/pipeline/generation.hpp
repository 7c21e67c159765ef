// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/control.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/runtime/actions.hpp>

#include <vector>

namespace lingualinked::inline v0 {

/// What one request gave.
struct generation {
  std::vector<token_id> tokens;  // the end token included
  finish_reason reason = finish_reason::length;
  std::vector<control::report> stages;  // in the order of the plan
};

}  // namespace lingualinked::inline v0

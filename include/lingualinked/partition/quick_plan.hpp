// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>

#include <vector>

namespace lingualinked::inline v0::detail {

/// A plan without proof, at once: something to return when time runs out before the exact searches find one.
///   the best of: everything on one device; for growing numbers of devices, in orders in which each talks to the next, as much as
///   fits on each, and the same with the least limit on a stage's time that gets everything placed; where none of these is a
///   plan, the first that fills memories tightly
/// Returns   no stages when none of these is a plan; there may still be one
/// Requires  a validated instance
/// Cost      about 50 L log D + D L, at worst 64 D L more
[[nodiscard]] std::vector<stage_interval> quick_plan(const placement_instance& instance);

}  // namespace lingualinked::inline v0::detail

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/quick_plan.ipp>
#endif

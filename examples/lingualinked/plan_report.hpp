// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "planning.hpp"

#include <lingualinked/documents/plan.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace tool {

/// Identity of a fleet for plans: SHA-256 of the document that this library writes for it, so that layout does not matter.
[[nodiscard]] std::string fleet_sha256(const ll::fleet& machines);

/// A placement as 'plan --json' prints it, with predictions, baselines and why devices stay unused; without the model's digest,
/// which costs a pass over the whole file and is left to who prints the document.
[[nodiscard]] ll::plan_document report_plan(const ll::fleet& machines, const ll::placement_instance& instance,
                                            const ll::placement& placed, std::span<const ll::transmission> map,
                                            const planning_request& request, std::uint64_t reserve_bytes);

/// The part of the document that needs neither a model nor a fleet: for 'plan --instance'. Past the deadline it says less.
[[nodiscard]] ll::plan_document report_placement(const ll::placement_instance& instance, const ll::placement& placed,
                                                 std::span<const ll::transmission> map, time_point deadline);

/// What limits a plan, what other rules would have cost, and what would help: solved again with one thing changed at a time.
/// Changes that the deadline leaves no time for are of unknown worth.
[[nodiscard]] ll::plan_document::explanation explain_placement(const ll::placement_instance& instance,
                                                               const ll::placement& placed, const std::string& solver,
                                                               time_point deadline);

/// The plan for people, with its explanation where it has one.
[[nodiscard]] std::string describe_plan(const ll::plan_document& plan);

}  // namespace tool

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "command.hpp"
#include "where.hpp"

#include <lingualinked/core/device.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/documents/plan.hpp>
#include <lingualinked/model/language_model.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace tool {

/// Longest piece of a prompt in one batch, where several stages work on pieces in turn.
inline constexpr std::uint32_t stage_chunk_tokens = 64;
/// What a plan may choose from where the time of the prompt counts.
inline constexpr std::uint32_t chunk_choices[] = {32, 64, 128, 256, 512};

using time_point = std::chrono::steady_clock::time_point;

/// Seconds that are left; none or less once it is past.
[[nodiscard]] inline double seconds_until(time_point deadline) {
  return std::chrono::duration<double>(deadline - time_point::clock::now()).count();
}

/// What a plan is made for.
struct planning_request {
  ll::planning_options options;
  ll::dtype kv_type = ll::dtype::f16;
  unsigned threads = 1;
  std::string solver;                       // empty: glpk where built, else chain
  std::uint32_t micro_batch = 0;            // sequences that share a batch; 0: what is best
  time_point deadline = time_point::max();  // of what is said beside it
};

/// A plan that can be run: the document that is printed, and the numbers that the runtime needs.
struct ready_plan {
  ll::plan_document document;
  ll::fleet machines;
  ll::placement_instance instance;
  ll::placement placed;  // no stages: the document says why
  std::vector<ll::transmission> transmissions;
};

/// Solves a problem in plain numbers with the solver of that name.
/// Errors    invalid_argument for an unknown solver; those of the solver
[[nodiscard]] ll::result<ll::placement> solve(const ll::placement_instance& instance, const std::string& solver,
                                              double time_limit_seconds);
[[nodiscard]] std::string default_solver();
[[nodiscard]] std::string solver_names();

/// The piece into which a plan's prompt is cut: chosen where the prompt counted, which took the buffers for it off the memory.
[[nodiscard]] std::uint32_t chunk_tokens_of(const ll::plan_document& plan);

/// Fleet file -> fleet. Errors: io, malformed.
[[nodiscard]] ll::result<ll::fleet> read_fleet(const std::string& path);

/// Plans a model over the devices of a fleet file.
[[nodiscard]] ll::result<ready_plan> plan_over_fleet(const ll::language_model& model, const ll::fleet& machines,
                                                     const planning_request& request);
/// The same with given cuts: the fleet's first devices in the order of the file, `cuts` being the first modules of stages 2, 3
/// and so on.
[[nodiscard]] ll::result<ready_plan> plan_with_cuts(const ll::language_model& model, const ll::fleet& machines,
                                                    const std::string& cuts, const planning_request& request);
/// Exactly `devices` stages on equal local devices, or the given cuts.
[[nodiscard]] ll::result<ready_plan> plan_over_devices(const ll::language_model& model, std::uint32_t devices,
                                                       const std::string& cuts, const planning_request& request);
/// A plan that was printed earlier; refused when it was made for another model, or for another fleet than `machines`.
[[nodiscard]] ll::result<ready_plan> plan_from_file(const ll::language_model& model, const std::string& path,
                                                    const std::string& fleet_path, const planning_request& request);

}  // namespace tool

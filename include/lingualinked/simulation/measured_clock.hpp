// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/profile.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/partition/profile_seconds.hpp>
#include <lingualinked/runtime/stage_job.hpp>
#include <lingualinked/simulation/batch_clock.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

namespace detail {

/// Seconds of a batch through one module that was measured: all rows at context 0, and for each segment what its context adds.
[[nodiscard]] inline double measured_seconds(const module_profile& kind, const stage_job& job, std::uint32_t rows) noexcept {
  double seconds = row_seconds(kind, rows);
  for (const segment& s : job.segments)
    seconds += prefill_seconds(kind, s.tokens, s.position) - prefill_seconds(kind, s.tokens, 0);
  return seconds;
}

}  // namespace detail

/// The clock of a stage whose device has a profile of the model.
/// Errors    malformed when the profile is of another number of modules
[[nodiscard]] inline result<batch_clock> measured_clock(const device_profile& profile, const stage_interval& stage,
                                                        std::size_t modules, std::uint32_t prompt_tokens) {
  if (profile.module_kind.size() != modules)
    return error{errc::malformed, "a profile has " + std::to_string(profile.module_kind.size()) + " modules, and the model " +
                                      std::to_string(modules) + "; measure again"};
  std::map<std::uint32_t, std::uint32_t> counts;
  for (std::size_t m = stage.first_module; m <= stage.last_module; ++m) {
    if (profile.module_kind[m] >= profile.kinds.size())
      return error{errc::malformed, "a profile names kind " + std::to_string(profile.module_kind[m]) + " of " +
                                        std::to_string(profile.kinds.size())};
    if (m + 1 != modules) ++counts[profile.module_kind[m]];
  }
  std::vector<std::pair<module_profile, std::uint32_t>> body;
  for (const auto& [kind, count] : counts) body.emplace_back(profile.kinds[kind], count);
  std::vector<module_profile> head;
  if (stage.last_module + 1 == modules) head.push_back(profile.kinds[profile.module_kind.back()]);
  return batch_clock([body = std::move(body), head = std::move(head), prompt_tokens](const stage_job& job) {
    const detail::batch_rows rows = detail::rows_of(job, prompt_tokens);
    double seconds = 0;
    for (const auto& [kind, count] : body) seconds += count * detail::measured_seconds(kind, job, rows.all);
    if (!head.empty() && rows.answered > 0) seconds += row_seconds(head.front(), rows.answered);
    return seconds;
  });
}

}  // namespace lingualinked::inline v0

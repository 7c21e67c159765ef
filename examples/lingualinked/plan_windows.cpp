// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "plan_windows.hpp"

#include <lingualinked/partition/windows.hpp>
#ifdef LINGUALINKED_TOOL_HAS_GLPK
#include <lingualinked/glpk/windows.hpp>
#endif

#include <algorithm>
#include <utility>

namespace tool {

namespace {

constexpr double assumed_slow_down = 2;

#ifdef LINGUALINKED_TOOL_HAS_GLPK
constexpr double glpk_seconds = 1;  // windows that the search could not prove are worth no more than this
#endif

ll::result<ll::overlap_windows> choose_windows(const ll::placement_instance& instance, const ll::placement& placed, bool by_bytes,
                                               time_point deadline) {
  const auto scenarios = ll::slow_down_scenarios(placed.stages.size(), assumed_slow_down);
  if (by_bytes) return ll::max_bytes_windows(instance, placed.stages, scenarios);
  auto found = ll::expected_windows(instance, placed.stages, scenarios);
#ifdef LINGUALINKED_TOOL_HAS_GLPK
  if (const double seconds = std::min(glpk_seconds, seconds_until(deadline)); found && !found->proven() && seconds > 0) {
    auto other = ll::glpk_expected_windows(instance, placed.stages, scenarios, {}, seconds);
    if (other && other->expected_seconds < found->expected_seconds) found = std::move(other);
  }
#endif
  return found;
}

ll::plan_document::windows describe_windows(const ll::overlap_windows& w, const ll::placement_instance& instance,
                                            std::string rule) {
  return {.rule = std::move(rule),
          .slow_down = assumed_slow_down,
          .token_seconds = w.expected_seconds / instance.all_sequences(),
          .without_token_seconds = w.without_seconds / instance.all_sequences(),
          .extra_bytes = w.extra_bytes};
}

}  // namespace

ll::result<void> add_windows(ll::plan_document& document, const ll::placement_instance& instance, const ll::placement& placed,
                             const std::string& rule, time_point deadline) {
  if (rule == "none" || placed.stages.empty()) return {};
  const auto chosen = choose_windows(instance, placed, rule == "max-bytes", deadline);
  if (!chosen) return chosen.error();
  document.overlaps = describe_windows(*chosen, instance, rule == "max-bytes" ? "max_bytes" : "expected");
  for (std::size_t s = 0; s < document.stages.size(); ++s)
    document.stages[s].overlap = {chosen->stages[s].first_module, chosen->stages[s].last_module};
  return {};
}

void explain_windows(ll::plan_document& document, const ll::placement_instance& instance, const ll::placement& placed,
                     time_point deadline) {
  if (!document.explained || placed.stages.size() < 2) return;
  if (const auto by_bytes = choose_windows(instance, placed, true, deadline))
    document.explained->window_rules.push_back(describe_windows(*by_bytes, instance, "max_bytes"));
  if (const auto expected = choose_windows(instance, placed, false, deadline))
    document.explained->window_rules.push_back(describe_windows(*expected, instance, "expected"));
}

}  // namespace tool

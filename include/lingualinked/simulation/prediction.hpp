// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/runtime/session_plan.hpp>
#include <lingualinked/simulation/executor.hpp>
#include <lingualinked/simulation/session.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace lingualinked::inline v0 {

/// What is to be predicted: so many equal requests, asked at the same moment.
struct prediction_request {
  std::uint32_t prompt_tokens = 128;
  std::uint32_t generate_tokens = 128;
  std::uint32_t sequences = 1;
};

/// How long it takes.
struct prediction {
  double prefill_seconds = 0;                // until every sequence has its first token
  std::optional<double> token_seconds;       // after that, of one token of any sequence: the inverse of the throughput
  std::optional<double> gap_median_seconds;  // after that, between two tokens of the same sequence
  std::optional<double> gap_p95_seconds;
};

namespace detail {

/// The smallest value that at least `share` of all values do not exceed. Requires  !values.empty()
[[nodiscard]] inline double quantile_of(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::clamp<std::size_t>(rank, 1, values.size()) - 1];
}

/// One run of the session from its start to the last answer.
struct simulated_run {
  double prefill_seconds = 0;
  std::optional<double> token_seconds;
  std::vector<double> gaps;
};

[[nodiscard]] inline result<simulated_run> run_once(const session_plan& plan, const simulated_world& world,
                                                    const prediction_request& what) {
  constexpr duration longest = std::chrono::hours(24 * 365);
  simulated_session<simulated_executor> session(
      plan, [](const control::deploy&) { return simulated_executor(); }, world);
  if (!session.run_until([&] { return session.ready() || session.over(); }, longest) || !session.ready())
    return session.over() ? *session.over() : error{errc::internal, "the simulated session does not start"};
  const time_point begin = session.now();
  sequence_options options;
  options.prompt.assign(what.prompt_tokens, 1);
  options.max_tokens = std::max<std::uint32_t>(1, what.generate_tokens);
  for (std::uint32_t i = 0; i < what.sequences; ++i)
    if (auto taken = session.submit(options); !taken) return std::move(taken).error();
  if (!session.run_until_answered(longest)) return error{errc::internal, "the simulated session does not end"};

  simulated_run run;
  time_point all_started = begin;
  time_point end = begin;
  for (const simulated_request& r : session.requests()) {
    if (r.failed) return r.failed->what;
    all_started = std::max(all_started, r.token_times.front());
    end = std::max(end, r.token_times.back());
  }
  run.prefill_seconds = in_seconds(all_started - begin);
  std::size_t tokens = 0;
  for (const simulated_request& r : session.requests()) {
    for (std::size_t i = 1; i < r.token_times.size(); ++i) {
      if (r.token_times[i] <= all_started) continue;
      ++tokens;
      if (r.token_times[i - 1] >= all_started) run.gaps.push_back(in_seconds(r.token_times[i] - r.token_times[i - 1]));
    }
  }
  if (tokens > 0) run.token_seconds = in_seconds(end - all_started) / static_cast<double>(tokens);
  return run;
}

}  // namespace detail

/// Lets the session serve the requests several times, each with residuals of its own, and gives the medians.
/// Requires  assign_peers was called on the plan, whose context holds prompt and generation; runs >= 1
/// Errors    what ended the simulated session, as it would end a real one
/// Cost      about runs * tokens * stages microseconds
[[nodiscard]] inline result<prediction> predict(const session_plan& plan, simulated_world world, const prediction_request& what,
                                                std::size_t runs = 5) {
  std::vector<double> prefill;
  std::vector<double> token;
  std::vector<double> gaps;
  for (std::size_t i = 0; i < runs; ++i, ++world.seed) {
    auto run = detail::run_once(plan, world, what);
    if (!run) return std::move(run).error();
    prefill.push_back(run->prefill_seconds);
    if (run->token_seconds) token.push_back(*run->token_seconds);
    gaps.insert(gaps.end(), run->gaps.begin(), run->gaps.end());
  }
  prediction p;
  p.prefill_seconds = detail::quantile_of(std::move(prefill), 0.5);
  if (!token.empty()) p.token_seconds = detail::quantile_of(std::move(token), 0.5);
  if (!gaps.empty()) {
    p.gap_median_seconds = detail::quantile_of(gaps, 0.5);
    p.gap_p95_seconds = detail::quantile_of(std::move(gaps), 0.95);
  }
  return p;
}

}  // namespace lingualinked::inline v0

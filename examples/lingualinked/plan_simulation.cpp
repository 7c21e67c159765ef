// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "plan_simulation.hpp"

#include <lingualinked/partition/profile_seconds.hpp>
#include <lingualinked/simulation/batch_clock.hpp>
#include <lingualinked/simulation/instance_world.hpp>
#include <lingualinked/simulation/measured_clock.hpp>
#include <lingualinked/simulation/prediction.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace tool {

namespace {

/// How long a stage's device takes for a batch.
ll::result<ll::device_behaviour> behaviour_of(const ll::module_graph& modules, const ll::device& where,
                                              const ll::stage_interval& stage, const ll::plan_document& document,
                                              std::uint32_t prompt_tokens) {
  ll::device_behaviour how;
  const ll::device_profile* measured = ll::profile_of(where, document.model_sha256.value_or(""), document.kv_dtype.value_or(""));
  auto clock = measured != nullptr ? ll::measured_clock(*measured, stage, modules.node_count(), prompt_tokens)
                                   : ll::roofline_clock(modules, where, stage, prompt_tokens);
  if (!clock) return clock.error().in("device '" + where.name + "'");
  how.batch_seconds = *std::move(clock);
  if (measured != nullptr) {
    how.overhead_seconds = measured->stage_overhead_seconds;
    how.residuals = measured->residuals;
  }
  return how;
}

}  // namespace

ll::result<void> simulate_plan(const ll::language_model& model, ready_plan& plan, const planning_request& request) {
  const std::uint32_t tokens = std::max<std::uint32_t>(1, request.options.generate_tokens);
  if (std::uint64_t{request.options.prompt_tokens} + tokens > request.options.context_tokens)
    return ll::error{ll::errc::invalid_argument, "--prompt-tokens and --generate-tokens are more than the --context of " +
                                                     std::to_string(request.options.context_tokens) + "; lower them or raise it"};
  const ll::module_graph modules = model.modules(request.kv_type);
  auto session = ll::session_plan_of(plan.instance, plan.placed.stages);
  if (!session) return session.error();
  session->chunk_tokens = chunk_tokens_of(plan.document);
  ll::simulated_world world;
  world.links = ll::links_of(plan.instance, plan.placed.stages);
  for (const ll::stage_interval& stage : plan.placed.stages) {
    auto how = behaviour_of(modules, plan.machines.devices[stage.device], stage, plan.document, request.options.prompt_tokens);
    if (!how) return how.error();
    world.devices.push_back(*std::move(how));
  }
  const auto found = ll::predict(*session, std::move(world), {request.options.prompt_tokens, tokens, request.options.sequences});
  if (!found) return found.error();
  auto& p = plan.document.predicted;
  p.prefill_seconds = found->prefill_seconds;
  if (!found->token_seconds) return {};
  p.token_seconds = found->token_seconds;
  p.tokens_per_second = 1 / *found->token_seconds;
  p.completion_seconds =
      found->prefill_seconds + request.options.generate_tokens * *found->token_seconds * request.options.sequences;
  p.gap_median_seconds = found->gap_median_seconds;
  p.gap_p95_seconds = found->gap_p95_seconds;
  return {};
}

}  // namespace tool

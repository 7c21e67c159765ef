// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "planning.hpp"

#include "ids.hpp"
#include "plan_report.hpp"
#include "stage_maker.hpp"

#include <lingualinked/core/control.hpp>
#include <lingualinked/documents/fleet.hpp>
#include <lingualinked/graph/transmission_map.hpp>
#include <lingualinked/partition/balanced.hpp>
#include <lingualinked/partition/chain.hpp>
#include <lingualinked/partition/cost_model.hpp>
#include <lingualinked/partition/counts.hpp>
#include <lingualinked/partition/evaluate.hpp>
#include <lingualinked/partition/even.hpp>
#include <lingualinked/partition/fixed_cuts.hpp>
#include <lingualinked/partition/lingualinked.hpp>
#include <lingualinked/partition/micro_batches.hpp>
#include <lingualinked/partition/proportional.hpp>
#ifdef LINGUALINKED_TOOL_HAS_GLPK
#include <lingualinked/glpk/partitioner.hpp>
#endif

#include <algorithm>
#include <optional>
#include <utility>

namespace tool {

namespace {

/// What a worker process takes beside its stage: code, libraries, sockets, the model's header.
constexpr std::uint64_t process_bytes = 24U << 20;

/// Equal devices, for --devices: any figures do, as long as all have the same.
constexpr double nominal_flops_per_second = 3e10;
constexpr double nominal_bandwidth_bytes_per_second = 1e10;
constexpr ll::link_quality nominal_link{1e-4, 1e9};

/// What each stage's executor will be asked for, whatever its modules.
ll::executor_options executor_options_of(const planning_request& request) {
  ll::executor_options o;
  o.context_tokens = request.options.context_tokens;
  o.sequences = request.options.sequences;
  std::uint32_t chunk = stage_chunk_tokens;
  if (const auto chosen = ll::chunk_choices(request.options);
      request.options.goal == ll::objective::completion && !chosen.empty())
    chunk = std::max(chunk, chosen.back());
  o.rows = std::size_t{chunk} + request.options.sequences;
  o.kv_type = request.kv_type;
  o.threads = request.threads;
  return o;
}

std::uint64_t reserve_bytes(const ll::language_model& model, const planning_request& request) {
  return process_bytes + ll::buffer_bytes_estimate(model.graph(), executor_options_of(request));
}

ll::result<ll::cost_options> costs_for(const ll::language_model& model, const ll::module_graph& modules,
                                       const ll::fleet& machines, const planning_request& request) {
  ll::cost_options costs;
  costs.reserve_bytes_per_device = reserve_bytes(model, request);
  costs.tied_bytes = model.tied_bytes();
  costs.kv_bytes = ll::kv_bytes_of_modules(model.graph(), modules, executor_options_of(request));
  // The digest reads the whole file, so it is asked for only where it matters.
  if (std::ranges::any_of(machines.devices, [](const ll::device& d) { return !d.profiles.empty(); })) {
    auto digest = model.sha256();
    if (!digest) return digest.error();
    costs.model_sha256 = *std::move(digest);
    costs.kv_dtype = ll::name_of(request.kv_type);
  }
  return costs;
}

/// The problem of placing a model on a fleet, in plain numbers, for the micro-batches that the request's options name.
ll::result<ll::placement_instance> instance_for(const ll::language_model& model, const ll::fleet& machines,
                                                const planning_request& request) {
  const ll::module_graph modules = model.modules(request.kv_type);
  const auto costs = costs_for(model, modules, machines, request);
  if (!costs) return costs.error();
  auto instance = ll::make_instance(ll::problem<ll::module_graph>{modules, machines, request.options}, *costs);
  if (!instance) return input_error(instance.error());
  return instance;
}

/// That problem and its answer, with the micro-batches that are asked for, or the best ones.
template <class Solve>
ll::result<ll::micro_batched_placement> place(const ll::language_model& model, const ll::fleet& machines,
                                              planning_request request, Solve&& solve) {
  if (request.micro_batch != 0) {
    request.options.micro_batch_sequences = request.micro_batch;
    auto instance = instance_for(model, machines, request);
    if (!instance) return instance.error();
    auto placed = solve(*instance, request.options.time_limit_seconds);
    if (!placed) return placed.error();
    return ll::micro_batched_placement{*std::move(instance), *std::move(placed)};
  }
  const ll::module_graph modules = model.modules(request.kv_type);
  const auto costs = costs_for(model, modules, machines, request);
  if (!costs) return costs.error();
  bool declined = false;  // by the solver; else the input is wrong
  auto made = ll::solve_micro_batches(ll::problem<ll::module_graph>{modules, machines, request.options}, *costs,
                                      [&](const ll::placement_instance& instance, double seconds) {
                                        auto placed = solve(instance, seconds);
                                        declined = !placed;
                                        return placed;
                                      });
  if (!made && !declined) return input_error(made.error());
  return made;
}

/// The document and the transmission map of a placement that has stages; the document alone of one that has none.
ll::result<ready_plan> finish(const ll::language_model& model, ll::fleet machines, ll::placement_instance instance,
                              ll::placement placed, const planning_request& request) {
  ready_plan ready;
  if (!placed.stages.empty()) {
    auto map = ll::make_transmission_map(placed.stages, instance);
    if (!map) return map.error();
    ready.transmissions = *std::move(map);
  }
  ready.document = report_plan(machines, instance, placed, ready.transmissions, request, reserve_bytes(model, request));
  ready.machines = std::move(machines);
  ready.instance = std::move(instance);
  ready.placed = std::move(placed);
  return ready;
}

ll::fleet equal_devices(std::uint32_t count, unsigned threads) {
  ll::fleet f;
  f.default_link = nominal_link;
  for (std::uint32_t i = 0; i < count; ++i) {
    ll::device d;
    d.name = "device-" + std::to_string(i + 1);
    d.compute_flops_per_second = nominal_flops_per_second;
    d.memory_bandwidth_bytes_per_second = nominal_bandwidth_bytes_per_second;
    d.threads = threads;
    f.devices.push_back(std::move(d));
  }
  return f;
}

}  // namespace

std::string solver_names() {
  return "glpk (where built), chain, counts, even, memory_proportional, speed_proportional and lingualinked";
}

std::string default_solver() {
#ifdef LINGUALINKED_TOOL_HAS_GLPK
  return "glpk";
#else
  return "chain";
#endif
}

ll::result<ll::placement> solve(const ll::placement_instance& instance, const std::string& solver, double time_limit_seconds) {
  const std::string name = solver.empty() ? default_solver() : solver;
  std::optional<ll::result<ll::placement>> answer;
  const auto try_one = [&](const auto& partitioner) {
    if (name == partitioner.name) answer = partitioner.solve(instance, time_limit_seconds);
  };
#ifdef LINGUALINKED_TOOL_HAS_GLPK
  try_one(ll::glpk_partitioner{});
#endif
  try_one(ll::chain_partitioner{});
  try_one(ll::counts_partitioner{});
  try_one(ll::even_partitioner{});
  try_one(ll::memory_proportional_partitioner{});
  try_one(ll::speed_proportional_partitioner{});
  try_one(ll::lingualinked_partitioner{});
  // What a solver declines is a matter of usage, since another takes it; what is too large is so in the input.
  if (answer && !*answer && answer->error().code == ll::errc::unsupported)
    return ll::error{ll::errc::invalid_argument, answer->error().message};
  if (answer && !*answer && answer->error().code == ll::errc::limit)
    return ll::error{ll::errc::malformed, answer->error().message};
  if (answer) return *std::move(answer);
  return ll::error{ll::errc::invalid_argument, "solver '" + name + "' is not in this build; there are " + solver_names()};
}

ll::result<ll::fleet> read_fleet(const std::string& path) {
  auto text = read_file(path);
  if (!text) return text.error();
  auto machines = ll::read_fleet(*text);
  if (!machines) return input_error(machines.error().in(path));
  return machines;
}

std::uint32_t chunk_tokens_of(const ll::plan_document& plan) {
  if (plan.objective != ll::name_of(ll::objective::completion)) return stage_chunk_tokens;
  return plan.predicted.prefill_chunk_tokens.value_or(stage_chunk_tokens);
}

ll::result<ready_plan> plan_over_fleet(const ll::language_model& model, const ll::fleet& machines,
                                       const planning_request& request) {
  auto made = place(model, machines, request, [&](const ll::placement_instance& instance, double seconds) {
    return solve(instance, request.solver, seconds);
  });
  if (!made) return made.error();
  return finish(model, machines, std::move(made->instance), std::move(made->placed), request);
}

ll::result<ready_plan> plan_with_cuts(const ll::language_model& model, const ll::fleet& machines, const std::string& cuts,
                                      const planning_request& request) {
  auto first = parse_ids(cuts);
  if (!first) return first.error().in("--cut");
  const ll::fixed_cuts_partitioner given{{first->begin(), first->end()}};
  auto made = place(model, machines, request,
                    [&](const ll::placement_instance& instance, double seconds) { return given.solve(instance, seconds); });
  if (!made) return made.error();
  return finish(model, machines, std::move(made->instance), std::move(made->placed), request);
}

ll::result<ready_plan> plan_over_devices(const ll::language_model& model, std::uint32_t devices, const std::string& cuts,
                                         const planning_request& request) {
  ll::fleet machines = equal_devices(devices, request.threads);
  auto instance = instance_for(model, machines, request);
  if (!instance) return instance.error();
  ll::result<ll::placement> placed = ll::error{};
  if (cuts.empty()) {
    placed = ll::balanced_partitioner{devices}.solve(*instance, request.options.time_limit_seconds);
  } else {
    auto first = parse_ids(cuts);
    if (!first) return first.error().in("--cut");
    if (first->size() + 1 != devices)
      return ll::error{ll::errc::invalid_argument, "--cut names " + std::to_string(first->size()) + " modules; " +
                                                       std::to_string(devices) + " devices need " + std::to_string(devices - 1)};
    placed = ll::fixed_cuts_partitioner{{first->begin(), first->end()}}.solve(*instance, request.options.time_limit_seconds);
  }
  if (!placed) return placed.error();
  auto ready = finish(model, std::move(machines), *std::move(instance), *std::move(placed), request);
  // Nothing is known of these devices, so there is no best micro-batch: what waits goes together.
  if (ready && request.options.sequences > 1) ready->document.micro_batch_sequences = std::nullopt;
  return ready;
}

ll::result<ready_plan> plan_from_file(const ll::language_model& model, const std::string& path, const std::string& fleet_path,
                                      const planning_request& request) {
  auto text = read_file(path);
  if (!text) return text.error();
  auto document = ll::read_plan(*text);
  if (!document) return input_error(document.error().in(path));
  if (document->contract != ll::control::contract_version)
    return ll::error{ll::errc::unsupported, path + ": contract: was made for bit contract " + std::to_string(document->contract) +
                                                "; this build computes by " + std::to_string(ll::control::contract_version) +
                                                ". Plan again with it"};
  if (document->stages.empty())
    return ll::error{ll::errc::infeasible, path + ": holds no plan: " + document->reason.value_or(document->status)};
  auto digest = model.sha256();
  if (!digest) return digest.error();
  if (document->model_sha256 != *digest)
    return ll::error{ll::errc::malformed, path + ": was made for another model (SHA-256 " +
                                              document->model_sha256.value_or("unknown") + ", this one has " + *digest +
                                              "). Plan again"};
  const std::size_t modules = model.modules(request.kv_type).node_count();
  if (document->module_count != modules)
    return ll::error{ll::errc::malformed, path + ": has " + std::to_string(document->module_count) + " modules and the model " +
                                              std::to_string(modules)};
  ready_plan ready;
  if (!fleet_path.empty()) {
    auto machines = read_fleet(fleet_path);
    if (!machines) return machines.error();
    if (document->fleet_sha256 != fleet_sha256(*machines))
      return ll::error{ll::errc::malformed, path + ": was made for another fleet than '" + fleet_path + "'. Plan again"};
    ready.machines = *std::move(machines);
  } else {
    for (const auto& stage : document->stages) {
      if (!stage.endpoint)
        return ll::error{ll::errc::malformed, path + ": stages: '" + stage.device + "' has no endpoint. Name a --fleet that has"};
      ll::device d;
      d.name = stage.device;
      d.endpoint = *stage.endpoint;
      d.threads = stage.threads;
      ready.machines.devices.push_back(std::move(d));
    }
  }
  for (std::size_t i = 0; i < document->stages.size(); ++i) {
    const auto& stage = document->stages[i];
    const auto& all = ready.machines.devices;
    const auto found = std::ranges::find(all, stage.device, &ll::device::name);
    if (found == all.end())
      return ll::error{ll::errc::malformed,
                       path + ": stages[" + std::to_string(i) + "].device: '" + stage.device + "' is not in the fleet"};
    ready.placed.stages.push_back({static_cast<std::size_t>(found - all.begin()), stage.first_module, stage.last_module});
  }
  auto map = ll::make_transmission_map(ready.placed.stages, model.modules(request.kv_type));
  if (!map) return map.error().in(path);
  ready.transmissions = *std::move(map);
  ready.document = *std::move(document);
  return ready;
}

}  // namespace tool

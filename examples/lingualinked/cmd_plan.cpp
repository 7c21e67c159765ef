// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model_choice.hpp"
#include "plan_picture.hpp"
#include "plan_report.hpp"
#include "plan_simulation.hpp"
#include "plan_windows.hpp"
#include "planning.hpp"
#include "where.hpp"

#include <lingualinked/documents/instance.hpp>
#include <lingualinked/graph/transmission_map.hpp>
#include <lingualinked/partition/tables.hpp>

#include <algorithm>
#include <array>
#include <iostream>
#include <iterator>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tool {

namespace {

struct plan_options {
  model_choice model;
  where_options where;
  std::string instance;
  std::string dump_instance;
  std::string svg;
  std::string objective = "latency";
  std::uint32_t sequences = 0;
  std::uint32_t micro_batch = 0;
  std::uint32_t prompt_tokens = 128;
  std::uint32_t generate_tokens = 128;
  std::string solver;
  std::string windows;  // empty: expected, where there can be any
  double time_limit = 60;
  bool explain = false;
  bool simulate = false;
  bool json = false;
  bool only_for_models = false;  // an option was given that a bare instance cannot obey

  /// What of the time limit is the solver's; the rest is for what is said beside the plan.
  [[nodiscard]] double solving_seconds() const { return time_limit * (explain ? 0.8 : 0.95); }
};

int tell(const ll::plan_document& plan, const plan_options& o) {
  if (o.json) print_json(ll::to_json(plan));
  else std::cout << describe_plan(plan);
  if (!plan.stages.empty()) return done;
  const std::string reason = plan.reason.value_or("no reason known");
  const bool lacks_memory = reason.starts_with("memory:") && plan.model_sha256.has_value();
  print_error("no plan (" + plan.status + "): " + reason + (lacks_memory ? ". A smaller --context needs less" : ""));
  return no_plan;
}

/// What is said of a plan beyond the plan: windows, explanation and picture, as asked for; then prints it.
ll::result<int> elaborate(ll::plan_document& document, const ll::placement_instance& instance, const ll::placement& placed,
                          std::span<const ll::transmission> map, const plan_options& o, time_point deadline) {
  auto chosen = add_windows(document, instance, placed, o.windows.empty() ? "expected" : o.windows, deadline);
  if (!chosen && !o.windows.empty()) return ll::error{ll::errc::invalid_argument, "--windows: " + chosen.error().message};
  if (o.explain) {
    document.explained = explain_placement(instance, placed, o.solver, deadline);
    explain_windows(document, instance, placed, deadline);
  }
  if (!o.svg.empty() && !placed.stages.empty())
    if (auto drawn = write_file(o.svg, draw_plan(instance, placed, map, document)); !drawn) return drawn.error();
  return tell(document, o);
}

ll::result<void> dump(const ll::placement_instance& instance, const plan_options& o) {
  if (o.dump_instance.empty()) return {};
  return write_file(o.dump_instance, ll::to_json(instance).dump(2) + "\n");
}

ll::result<int> plan_instance(const plan_options& o) {
  if (o.only_for_models)
    return ll::error{ll::errc::invalid_argument,
                     "--instance is solved as it stands; leave out --objective, --sequences, --micro-batch, --context, "
                     "--private-layers, --max-stages, --kv, --prompt-tokens, --generate-tokens, --fleet, --model and --weights"};
  if (o.simulate || !o.where.cut.empty())
    return ll::error{ll::errc::invalid_argument,
                     "--simulate and --cut are about a model on a fleet; give --model and --fleet instead of --instance"};
  auto text = read_file(o.instance);
  if (!text) return text.error();
  auto instance = ll::read_instance(*text);
  if (!instance) return ll::error{ll::errc::malformed, o.instance + ": " + instance.error().message};
  const time_point deadline = ll::detail::deadline_after(time_point::clock::now(), o.time_limit);
  if (auto written = dump(*instance, o); !written) return written.error();
  auto placed = solve(*instance, o.solver, o.solving_seconds());
  if (!placed) return placed.error();
  std::vector<ll::transmission> map;
  if (!placed->stages.empty()) {
    auto made = ll::make_transmission_map(placed->stages, *instance);
    if (!made) return made.error();
    map = *std::move(made);
  }
  ll::plan_document document = report_placement(*instance, *placed, map, deadline);
  return elaborate(document, *instance, *placed, map, o, deadline);
}

ll::result<int> plan(const plan_options& o) {
  if (!o.instance.empty()) return plan_instance(o);
  auto model = o.model.open();
  if (!model) return model.error();
  if (o.where.fleet.empty())
    return ll::error{ll::errc::invalid_argument,
                     "say which devices there are with --fleet FILE (or solve a bare problem with --instance FILE)"};
  auto machines = read_fleet(o.where.fleet);
  if (!machines) return machines.error();
  auto context = o.where.context_for(*model);
  if (!context) return context.error();
  auto kv = o.where.kv_for(*model);
  if (!kv) return kv.error();
  planning_request request;
  const auto goal = std::ranges::find(ll::objective_names, o.objective) - ll::objective_names.begin();
  request.options.goal = static_cast<ll::objective>(goal);
  request.options.sequences = o.sequences != 0 ? o.sequences : request.options.goal == ll::objective::throughput ? 4 : 1;
  if (request.options.goal == ll::objective::completion)
    request.options.chunk_tokens.assign(std::begin(chunk_choices), std::end(chunk_choices));
  else request.options.chunk_tokens = {stage_chunk_tokens};
  request.options.context_tokens = *context;
  request.options.prompt_tokens = o.prompt_tokens;
  request.options.generate_tokens = o.generate_tokens;
  request.options.time_limit_seconds = o.solving_seconds();
  o.where.limit(request.options);
  request.kv_type = *kv;
  request.threads = o.where.thread_count();
  request.solver = o.solver;
  request.micro_batch = o.micro_batch;
  if (o.micro_batch != 0 && (request.options.sequences % o.micro_batch != 0 || o.micro_batch > stage_chunk_tokens))
    return ll::error{ll::errc::invalid_argument, "--micro-batch is " + std::to_string(o.micro_batch) + "; it must divide the " +
                                                     std::to_string(request.options.sequences) + " sequences and be at most " +
                                                     std::to_string(stage_chunk_tokens)};
  request.deadline = ll::detail::deadline_after(time_point::clock::now(), o.time_limit);
  auto made =
      o.where.cut.empty() ? plan_over_fleet(*model, *machines, request) : plan_with_cuts(*model, *machines, o.where.cut, request);
  if (!made) return made.error();
  if (auto written = dump(made->instance, o); !written) return written.error();
  auto digest = model->sha256();
  if (!digest) return digest.error();
  made->document.model_sha256 = *std::move(digest);
  if (o.simulate && !made->placed.stages.empty())
    if (auto simulated = simulate_plan(*model, *made, request); !simulated) return simulated.error();
  return elaborate(made->document, made->instance, made->placed, made->transmissions, o, request.deadline);
}

}  // namespace

void add_plan(CLI::App& app, action& chosen) {
  auto o = std::make_shared<plan_options>();
  CLI::App* c = app.add_subcommand("plan", "Place the model's modules on the devices of a fleet, with proof");
  o->model.add_to(*c);
  CLI::Option* fleet = c->add_option("--fleet", o->where.fleet, "Fleet file: devices and links");
  c->add_option("--instance", o->instance, "Solve this problem in plain numbers instead; needs no model");
  c->add_option("--dump-instance", o->dump_instance, "Write the problem that is solved to this file");
  CLI::Option* objective =
      c->add_option("--objective", o->objective,
                    "latency: least time of a token; throughput: the same for four sequences, unless --sequences says "
                    "otherwise; energy: least joules of a token; completion: least time of a whole request")
          ->check(CLI::IsMember({"latency", "throughput", "energy", "completion"}))
          ->capture_default_str();
  CLI::Option* sequences = c->add_option("--sequences", o->sequences, "Sequences in flight")->check(CLI::Range(1, 1024));
  CLI::Option* micro_batch =
      c->add_option("--micro-batch", o->micro_batch, "Sequences whose tokens share a batch, a divisor; the best if not given")
          ->check(positive);
  CLI::Option* context =
      c->add_option("-c,--context", o->where.context, "Longest context in tokens, paid for in memory")->check(positive);
  o->where.add_limits_to(*c);
  CLI::Option* kv = c->add_option("--kv", o->where.kv, "Type of the KV cache: f32 or f16");
  CLI::Option* prompt = c->add_option("--prompt-tokens", o->prompt_tokens,
                                      "Prompt length, of the request that completion means and at which times are taken")
                            ->capture_default_str()
                            ->check(positive);
  CLI::Option* generate =
      c->add_option("--generate-tokens", o->generate_tokens, "Tokens written, for the same; batteries must last for them")
          ->capture_default_str()
          ->check(CLI::Range(0, std::numeric_limits<int>::max()));
  c->add_option("--solver", o->solver, solver_names() + "; " + default_solver() + " if not given");
  c->add_option("--time-limit", o->time_limit,
                "Seconds for it all: a twentieth, with --explain a fifth, is kept for what is said beside the plan")
      ->capture_default_str()
      ->check(CLI::Range(1e-6, 1e6));
  c->add_option("--windows", o->windows,
                "Neighbouring modules that a stage keeps as well, for when a device slows down: expected (by what they are worth "
                "then, if not given), max-bytes (by size) or none")
      ->check(CLI::IsMember({"none", "expected", "max-bytes"}));
  c->add_flag("--explain", o->explain,
              "Say also what limits the plan, what baselines would cost, what would help and why devices stay unused");
  c->add_flag("--simulate", o->simulate,
              "Predict times by letting the plan serve the request in virtual time, message by message, instead of by formula");
  c->add_option("--cut", o->where.cut,
                "Plan nothing: first modules of stages 2, 3, ... on the fleet's devices in their order, as 20,41");
  c->add_option("--svg", o->svg, "Draw the plan into this file: modules, transmissions, and when each stage works");
  c->add_flag("--json", o->json, "Print one JSON document");
  c->callback([o, about_models = std::array{fleet, objective, sequences, micro_batch, context, kv, prompt, generate}, &chosen] {
    o->only_for_models = std::ranges::any_of(about_models, [](const CLI::Option* given) { return given->count() > 0; }) ||
                         o->where.private_layers || o->where.max_stages || !o->model.model.empty() || !o->model.words.empty() ||
                         !o->model.weights.empty();
    chosen = [o] { return plan(*o); };
  });
}

}  // namespace tool

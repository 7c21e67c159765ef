// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/device.hpp>
#include <lingualinked/documents/field_reader.hpp>
#include <lingualinked/documents/plan.hpp>

#include <optional>
#include <set>
#include <string>
#include <utility>

namespace lingualinked::inline v0 {

namespace detail {

/// Stages, transmissions or unused devices that a plan may list, and modules it may have.
inline constexpr std::size_t max_plan_entries = 65'536;

[[nodiscard]] inline nlohmann::ordered_json baselines_json(const std::map<std::string, plan_document::baseline>& baselines) {
  nlohmann::ordered_json made = nlohmann::ordered_json::object();
  for (const auto& [name, b] : baselines)
    made[name] = {
        {"feasible", b.feasible}, {"token_seconds", null_unless_known(b.token_seconds)}, {"reason", null_unless_known(b.reason)}};
  return made;
}

[[nodiscard]] inline nlohmann::ordered_json windows_json(const plan_document::windows& w) {
  return {{"rule", w.rule},
          {"tier", w.tier},
          {"slow_down", w.slow_down},
          {"token_seconds", null_unless_known(w.token_seconds)},
          {"without_token_seconds", null_unless_known(w.without_token_seconds)},
          {"extra_bytes", w.extra_bytes}};
}

[[nodiscard]] inline nlohmann::ordered_json explanation_json(const plan_document::explanation& e) {
  nlohmann::ordered_json changes = nlohmann::ordered_json::array();
  for (const auto& c : e.changes)
    changes.push_back({{"what", c.what},
                       {"token_seconds", null_unless_known(c.token_seconds)},
                       {"objective_value", null_unless_known(c.objective_value)},
                       {"status", name_of(c.status)}});
  nlohmann::ordered_json rules = nlohmann::ordered_json::array();
  for (const auto& w : e.window_rules) rules.push_back(windows_json(w));
  return {{"limit", e.limit}, {"changes", changes}, {"windows", rules}};
}

[[nodiscard]] inline std::optional<plan_document::windows> read_windows(field_reader& r, const json_field& f) {
  if (!f.present()) return std::nullopt;
  return plan_document::windows{r.text(f.member("rule")),
                                r.text(f.member("tier")),
                                r.real(f.member("slow_down"), 1),
                                r.real_if(f.member("token_seconds"), 0),
                                r.real_if(f.member("without_token_seconds"), 0),
                                r.number<std::uint64_t>(f.member("extra_bytes"))};
}

[[nodiscard]] inline std::map<std::string, plan_document::baseline> read_baselines(field_reader& r, const json_field& all) {
  std::map<std::string, plan_document::baseline> read;
  for (const std::string& name : r.names(all))
    if (const json_field f = all.member(name); f.present())
      read[name] = {r.truth(f.member("feasible")), r.real_if(f.member("token_seconds"), 0), r.text_if(f.member("reason"))};
  return read;
}

[[nodiscard]] inline std::optional<std::string> read_digest(field_reader& r, const json_field& f) {
  auto text = r.text_if(f);
  if (text && r.ok() && (text->size() != 64 || text->find_first_not_of("0123456789abcdef") != std::string::npos))
    r.fail(f.complaint("must be 64 lower-case hexadecimal digits"));
  return text;
}

/// Stages hold all modules, each once and in order.
inline void check_stages(field_reader& r, const json_field& list, const plan_document& plan) {
  std::size_t next = 0;
  for (const auto& s : plan.stages) {
    if (s.first_module != next || s.last_module < s.first_module) {
      r.fail(list.complaint("do not hold the modules one after the other: module " + std::to_string(next) +
                            " is missing or there twice"));
      return;
    }
    next = s.last_module + 1;
  }
  if (!plan.stages.empty() && next != plan.module_count)
    r.fail(list.complaint("hold " + std::to_string(next) + " of " + std::to_string(plan.module_count) + " modules"));
}

}  // namespace detail

LINGUALINKED_DECL nlohmann::ordered_json to_json(const plan_document& plan) {
  using json = nlohmann::ordered_json;
  using detail::null_unless_known;
  json stages = json::array();
  for (const auto& s : plan.stages)
    stages.push_back(
        {{"device", s.device},
         {"endpoint", null_unless_known(s.endpoint)},
         {"first_module", s.first_module},
         {"last_module", s.last_module},
         {"seconds", s.seconds},
         {"memory_bytes", s.memory_bytes},
         {"reserve_bytes", null_unless_known(s.reserve_bytes)},
         {"threads", null_unless_known(s.threads)},
         {"overlap", s.overlap ? json{{"first_module", s.overlap->first}, {"last_module", s.overlap->second}} : json(nullptr)}});
  json transmissions = json::array();
  for (const auto& t : plan.transmissions)
    transmissions.push_back(
        {{"tensor", t.name}, {"from", t.from}, {"to", t.to}, {"bytes_per_token", t.bytes_per_token}, {"kind", t.kind}});
  json unused = json::array();
  for (const auto& u : plan.unused) unused.push_back({{"device", u.device}, {"reason", u.reason}});
  const auto& p = plan.predicted;
  json document = {{"objective", plan.objective},
                   {"sequences", plan.sequences},
                   {"micro_batch_sequences", null_unless_known(plan.micro_batch_sequences)},
                   {"context_tokens", plan.context_tokens},
                   {"module_count", plan.module_count},
                   {"model_sha256", null_unless_known(plan.model_sha256)},
                   {"fleet_sha256", null_unless_known(plan.fleet_sha256)},
                   {"kv_dtype", null_unless_known(plan.kv_dtype)},
                   {"contract", plan.contract},
                   {"solver", plan.solver},
                   {"status", plan.status},
                   {"objective_value", null_unless_known(plan.objective_value)},
                   {"objective_unit", plan.objective_unit},
                   {"objective_seconds", null_unless_known(plan.objective_seconds)},
                   {"bound", null_unless_known(plan.bound)},
                   {"gap", null_unless_known(plan.gap)},
                   {"solve_seconds", plan.solve_seconds},
                   {"reason", null_unless_known(plan.reason)},
                   {"predicted",
                    {{"token_seconds", null_unless_known(p.token_seconds)},
                     {"lap_seconds", null_unless_known(p.lap_seconds)},
                     {"bottleneck_seconds", null_unless_known(p.bottleneck_seconds)},
                     {"prefill_seconds", null_unless_known(p.prefill_seconds)},
                     {"prefill_chunk_tokens", null_unless_known(p.prefill_chunk_tokens)},
                     {"completion_seconds", null_unless_known(p.completion_seconds)},
                     {"energy_joules_per_token", null_unless_known(p.energy_joules_per_token)},
                     {"gap_median_seconds", null_unless_known(p.gap_median_seconds)},
                     {"gap_p95_seconds", null_unless_known(p.gap_p95_seconds)},
                     {"tokens_per_second", null_unless_known(p.tokens_per_second)}}},
                   {"baselines", detail::baselines_json(plan.baselines)},
                   {"windows", plan.overlaps ? detail::windows_json(*plan.overlaps) : json(nullptr)},
                   {"stages", stages},
                   {"transmissions", transmissions},
                   {"unused", unused}};
  if (plan.explained) document["explanation"] = detail::explanation_json(*plan.explained);
  return document;
}

LINGUALINKED_DECL result<plan_document> read_plan(std::string_view text) {
  auto document = parse_json(text);
  if (!document) return document.error();
  const json_field root(*document);
  detail::field_reader r;
  plan_document plan;
  plan.objective = r.text(root.member("objective"));
  plan.sequences = r.number<std::uint32_t>(root.member("sequences"), 1);
  plan.micro_batch_sequences = r.number_if<std::uint32_t>(root.member("micro_batch_sequences"), 1);
  plan.context_tokens = r.number<std::uint32_t>(root.member("context_tokens"));
  plan.module_count = r.number<std::size_t>(root.member("module_count"), 1, detail::max_plan_entries);
  plan.model_sha256 = detail::read_digest(r, root.member("model_sha256"));
  plan.fleet_sha256 = detail::read_digest(r, root.member("fleet_sha256"));
  plan.kv_dtype = r.text_if(root.member("kv_dtype"));
  if (plan.kv_dtype && *plan.kv_dtype != "f32" && *plan.kv_dtype != "f16" && r.ok())
    r.fail(root.member("kv_dtype").complaint("must be f32 or f16"));
  plan.contract = r.number<std::uint32_t>(root.member("contract"), 1);
  plan.solver = r.text(root.member("solver"));
  plan.status = r.text(root.member("status"));
  plan.objective_value = r.real_if(root.member("objective_value"), 0);
  plan.objective_unit = r.text(root.member("objective_unit"));
  plan.objective_seconds = r.real_if(root.member("objective_seconds"), 0);
  plan.bound = r.real_if(root.member("bound"), 0);
  plan.gap = r.real_if(root.member("gap"), 0);
  plan.solve_seconds = r.real(root.member("solve_seconds"), 0);
  plan.reason = r.text_if(root.member("reason"));
  const json_field predicted = root.member("predicted");
  plan.predicted = {r.real_if(predicted.member("token_seconds"), 0),
                    r.real_if(predicted.member("lap_seconds"), 0),
                    r.real_if(predicted.member("bottleneck_seconds"), 0),
                    r.real_if(predicted.member("prefill_seconds"), 0),
                    r.number_if<std::uint32_t>(predicted.member("prefill_chunk_tokens"), 1, 65536),
                    r.real_if(predicted.member("completion_seconds"), 0),
                    r.real_if(predicted.member("energy_joules_per_token"), 0),
                    r.real_if(predicted.member("gap_median_seconds"), 0),
                    r.real_if(predicted.member("gap_p95_seconds"), 0),
                    r.real_if(predicted.member("tokens_per_second"), 0)};
  plan.baselines = detail::read_baselines(r, root.member("baselines"));
  plan.overlaps = detail::read_windows(r, root.member("windows"));
  const json_field stages = root.member("stages");
  std::set<std::string> devices;
  for (const json_field& f : r.items(stages, detail::max_plan_entries)) {
    plan_document::stage s;
    s.device = r.text(f.member("device"));
    if (r.ok() && !devices.insert(s.device).second) r.fail(f.member("device").complaint("is there twice"));
    s.endpoint = r.text_if(f.member("endpoint"));
    s.first_module = r.number<std::size_t>(f.member("first_module"), 0, detail::max_plan_entries);
    s.last_module = r.number<std::size_t>(f.member("last_module"), 0, detail::max_plan_entries);
    s.seconds = r.real(f.member("seconds"), 0);
    s.memory_bytes = r.number<std::uint64_t>(f.member("memory_bytes"));
    s.reserve_bytes = r.number_if<std::uint64_t>(f.member("reserve_bytes"));
    s.threads = r.number_if<unsigned>(f.member("threads"), 1, max_device_threads);
    if (const json_field o = f.member("overlap"); o.present())
      s.overlap = {r.number<std::size_t>(o.member("first_module"), 0, detail::max_plan_entries),
                   r.number<std::size_t>(o.member("last_module"), 0, detail::max_plan_entries)};
    plan.stages.push_back(std::move(s));
  }
  if (r.ok()) detail::check_stages(r, stages, plan);
  for (const json_field& f : r.items(root.member("transmissions"), detail::max_plan_entries)) {
    plan.transmissions.push_back({r.text(f.member("tensor")), r.text(f.member("from")), r.text(f.member("to")),
                                  r.number<std::uint64_t>(f.member("bytes_per_token")), r.text(f.member("kind"))});
    for (const char* end : {"from", "to"})
      if (r.ok() && !devices.contains(r.text(f.member(end)))) r.fail(f.member(end).complaint("must be the device of a stage"));
  }
  for (const json_field& f : r.items(root.member("unused"), detail::max_plan_entries))
    plan.unused.push_back({r.text(f.member("device")), r.text(f.member("reason"))});
  return r.verdict(std::move(plan));
}

}  // namespace lingualinked::inline v0

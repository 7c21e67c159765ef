// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/documents/field_reader.hpp>
#include <lingualinked/documents/fleet.ipp>
#include <lingualinked/documents/instance.hpp>
#include <lingualinked/partition/validate.hpp>

#include <string>
#include <utility>

namespace lingualinked::inline v0 {

namespace detail {

/// An objective by its name; without one, tau by the name that suits the sequences.
[[nodiscard]] inline objective read_objective(field_reader& r, const json_field& f, std::uint32_t sequences) {
  if (!f.present()) return sequences == 1 ? objective::latency : objective::throughput;
  const std::string name = r.text(f);
  for (std::size_t i = 0; i < objective_names.size(); ++i)
    if (objective_names[i] == name) return static_cast<objective>(i);
  if (r.ok()) r.fail(f.complaint("is '" + name + "'; it is latency, throughput, energy or completion"));
  return objective::latency;
}

}  // namespace detail

LINGUALINKED_DECL nlohmann::ordered_json to_json(const placement_instance& instance) {
  using json = nlohmann::ordered_json;
  json modules = json::array();
  for (const auto& m : instance.modules)
    modules.push_back({{"name", m.name},
                       {"weight_bytes", m.weight_bytes},
                       {"kv_bytes_per_token", m.kv_bytes_per_token},
                       {"cut_bytes", m.cut_bytes}});
  json edges = json::array();
  for (const auto& e : instance.edges)
    edges.push_back({{"from_module", e.from_module}, {"to_module", e.to_module}, {"bytes", e.bytes}});
  json devices = json::array();
  for (const auto& d : instance.devices) {
    devices.push_back({{"name", d.name},
                       {"memory_bytes", d.memory_bytes},
                       {"module_seconds", d.module_seconds},
                       {"forbidden_modules", d.forbidden_modules},
                       {"contract", d.contract},
                       {"power_active_watts", detail::null_unless_known(d.power_active_watts)},
                       {"power_idle_watts", detail::null_unless_known(d.power_idle_watts)},
                       {"battery_joules", detail::null_unless_known(d.battery_joules)},
                       {"prefill_seconds", d.prefill_seconds}});
    if (d.stage_seconds != 0) devices.back()["stage_seconds"] = d.stage_seconds;
  }
  json links = json::array();
  for (const link& l : instance.links) {
    json entry = {{"from", instance.devices[l.from].name},
                  {"to", instance.devices[l.to].name},
                  {"latency_seconds", l.quality.latency_seconds},
                  {"bandwidth_bytes_per_second", l.quality.bandwidth_bytes_per_second}};
    if (l.quality.joules_per_byte) entry["joules_per_byte"] = *l.quality.joules_per_byte;
    if (!l.residuals.empty()) entry["residuals"] = l.residuals;
    links.push_back(std::move(entry));
  }
  json document = {{"modules", modules},
                   {"edges", edges},
                   {"devices", devices},
                   {"links", links},
                   {"sequences", instance.sequences},
                   {"context_tokens", instance.context_tokens},
                   {"token_bytes", instance.token_bytes},
                   {"tied_bytes", instance.tied_bytes},
                   {"max_stages", detail::null_unless_known(instance.max_stages)},
                   {"objective", name_of(instance.goal)},
                   {"prompt_tokens", instance.prompt_tokens},
                   {"generate_tokens", instance.generate_tokens},
                   {"chunk_tokens", instance.chunk_tokens},
                   {"header", instance.header ? json(instance.devices[*instance.header].name) : json(nullptr)}};
  if (instance.micro_batch_sequences != 1) document["micro_batch_sequences"] = instance.micro_batch_sequences;
  return document;
}

LINGUALINKED_DECL result<placement_instance> read_instance(std::string_view text) {
  auto document = parse_json(text, detail::fleet_limits());
  if (!document) return document.error();
  const json_field root(*document);
  detail::field_reader r;
  placement_instance instance;
  for (const json_field& f : r.items(root.member("modules"), placement_limits::modules)) {
    placement_instance::module m;
    m.name = r.text_if(f.member("name")).value_or("module " + std::to_string(instance.modules.size()));
    m.weight_bytes = r.number<std::uint64_t>(f.member("weight_bytes"));
    m.kv_bytes_per_token = r.number_if<std::uint64_t>(f.member("kv_bytes_per_token")).value_or(0);
    m.cut_bytes = r.number_if<std::uint64_t>(f.member("cut_bytes")).value_or(0);
    instance.modules.push_back(std::move(m));
  }
  detail::device_names names;
  for (const json_field& f : r.items(root.member("devices"), placement_limits::devices)) {
    placement_instance::device d;
    d.name = r.text(f.member("name"));
    detail::learn_name(r, f.member("name"), d.name, instance.devices.size(), names);
    d.memory_bytes = r.number<std::uint64_t>(f.member("memory_bytes"));
    const json_field seconds = f.member("module_seconds");
    for (const json_field& s : r.items(seconds, placement_limits::modules)) d.module_seconds.push_back(r.real(s, 0));
    if (r.ok() && d.module_seconds.size() != instance.modules.size())
      r.fail(seconds.complaint("has " + std::to_string(d.module_seconds.size()) + " entries for " +
                               std::to_string(instance.modules.size()) + " modules"));
    d.stage_seconds = r.real_if(f.member("stage_seconds"), 0).value_or(0);
    if (const json_field list = f.member("forbidden_modules"); list.present())
      for (const json_field& m : r.items(list, placement_limits::modules))
        d.forbidden_modules.push_back(r.number<std::size_t>(m));
    d.contract = r.number_if<std::uint32_t>(f.member("contract"), 1).value_or(1);
    d.power_active_watts = r.real_if(f.member("power_active_watts"), 0);
    d.power_idle_watts = r.real_if(f.member("power_idle_watts"), 0);
    d.battery_joules = r.real_if(f.member("battery_joules"), 0);
    if (const json_field lists = f.member("prefill_seconds"); lists.present())
      for (const json_field& list : r.items(lists, placement_limits::chunks)) {
        auto& prefill = d.prefill_seconds.emplace_back();
        for (const json_field& s : r.items(list, placement_limits::modules)) prefill.push_back(r.real(s, 0));
      }
    if (!r.ok()) break;
    instance.devices.push_back(std::move(d));
  }
  instance.links = detail::read_links(r, root.member("links"), names);
  if (const json_field list = root.member("edges"); list.present()) {
    for (const json_field& f : r.items(list, placement_limits::edges)) {
      placement_instance::edge e{r.number<std::size_t>(f.member("from_module")), r.number<std::size_t>(f.member("to_module")),
                                 r.number<std::uint64_t>(f.member("bytes"))};
      if (r.ok() && (e.to_module >= instance.modules.size() || e.from_module >= e.to_module))
        r.fail(f.complaint("must lead forward between two of the " + std::to_string(instance.modules.size()) + " modules"));
      instance.edges.push_back(e);
    }
  }
  instance.sequences = r.number_if<std::uint32_t>(root.member("sequences"), 1).value_or(1);
  instance.context_tokens = r.number_if<std::uint32_t>(root.member("context_tokens")).value_or(0);
  instance.token_bytes = r.number_if<std::uint64_t>(root.member("token_bytes")).value_or(4);
  instance.tied_bytes = r.number_if<std::uint64_t>(root.member("tied_bytes")).value_or(0);
  instance.micro_batch_sequences = r.number_if<std::uint32_t>(root.member("micro_batch_sequences"), 1).value_or(1);
  instance.goal = detail::read_objective(r, root.member("objective"), instance.sequences);
  instance.prompt_tokens = r.number_if<std::uint32_t>(root.member("prompt_tokens")).value_or(0);
  instance.generate_tokens = r.number_if<std::uint32_t>(root.member("generate_tokens")).value_or(0);
  if (const json_field list = root.member("chunk_tokens"); list.present())
    for (const json_field& c : r.items(list, placement_limits::chunks))
      instance.chunk_tokens.push_back(r.number<std::uint32_t>(c, 1, placement_limits::chunk_tokens));
  instance.max_stages = r.number_if<std::uint32_t>(root.member("max_stages"), 1);
  if (const json_field f = root.member("header"); f.present()) instance.header = detail::device_at(r, f, names);
  if (!r.ok()) return r.mistake();
  if (auto valid = validate_instance(instance); !valid) return valid.error();
  return instance;
}

}  // namespace lingualinked::inline v0

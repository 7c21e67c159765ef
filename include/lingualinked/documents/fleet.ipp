// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/documents/field_reader.hpp>
#include <lingualinked/documents/fleet.hpp>
#include <lingualinked/documents/profile.ipp>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

namespace detail {

[[nodiscard]] inline json_limits fleet_limits() {
  return {.max_bytes = max_fleet_bytes, .max_depth = 16, .max_values = std::size_t{1} << 22};
}

/// A positive figure, or nothing. A device that states a speed of zero states nothing that a plan could use.
[[nodiscard]] inline std::optional<double> read_speed(field_reader& r, const json_field& f) {
  auto value = r.real_if(f, 0);
  if (value && *value == 0 && r.ok()) r.fail(f.complaint("must be above 0; leave it out when it is not known"));
  return value;
}

[[nodiscard]] inline device read_device(field_reader& r, const json_field& f) {
  device d;
  d.name = r.text(f.member("name"));
  if (d.name.empty() && r.ok()) r.fail(f.member("name").complaint("must not be empty"));
  d.endpoint = r.text_if(f.member("endpoint")).value_or("local");
  d.compute_flops_per_second = read_speed(r, f.member("compute_flops_per_second"));
  d.memory_bandwidth_bytes_per_second = read_speed(r, f.member("memory_bandwidth_bytes_per_second"));
  d.memory_bytes = r.number_if<std::uint64_t>(f.member("memory_bytes"));
  d.power_active_watts = r.real_if(f.member("power_active_watts"), 0);
  d.power_idle_watts = r.real_if(f.member("power_idle_watts"), 0);
  d.battery_joules = r.real_if(f.member("battery_joules"), 0);
  d.threads = r.number_if<unsigned>(f.member("threads"), 1, max_device_threads);
  if (const json_field trusted = f.member("trusted"); trusted.present()) d.trusted = r.truth(trusted);
  d.contract = r.number_if<std::uint32_t>(f.member("contract"), 1).value_or(1);
  d.profiles = read_profiles(r, f.member("profiles"));
  return d;
}

[[nodiscard]] inline link_quality read_quality(field_reader& r, const json_field& f) {
  return {r.real(f.member("latency_seconds"), 0), r.real(f.member("bandwidth_bytes_per_second"), 0),
          r.real_if(f.member("joules_per_byte"), 0)};
}

using device_names = std::map<std::string, std::size_t, std::less<>>;

/// The index of the device that a field names.
[[nodiscard]] inline std::size_t device_at(field_reader& r, const json_field& f, const device_names& names) {
  const std::string name = r.text(f);
  const auto found = names.find(name);
  if (found != names.end()) return found->second;
  if (r.ok()) r.fail(f.complaint("names the device '" + name + "', which is not in the list of devices"));
  return 0;
}

/// Adds a name to those known; a complaint when it is there already.
inline void learn_name(field_reader& r, const json_field& f, const std::string& name, std::size_t index, device_names& names) {
  if (!names.emplace(name, index).second && r.ok()) r.fail(f.complaint("the name '" + name + "' is taken by another device"));
}

[[nodiscard]] inline std::vector<link> read_links(field_reader& r, const json_field& list, const device_names& names) {
  std::vector<link> links;
  if (!list.present()) return links;
  std::set<std::pair<std::size_t, std::size_t>> seen;
  for (const json_field& f : r.items(list, std::size_t{1} << 20)) {
    link l{device_at(r, f.member("from"), names), device_at(r, f.member("to"), names), read_quality(r, f),
           read_residuals(r, f.member("residuals"))};
    if (!r.ok()) break;
    if (l.from == l.to) r.fail(f.complaint("leads from a device to itself"));
    else if (!seen.emplace(l.from, l.to).second) r.fail(f.complaint("is there twice"));
    links.push_back(std::move(l));
  }
  return links;
}

}  // namespace detail

LINGUALINKED_DECL nlohmann::ordered_json to_json(const fleet& machines) {
  const auto quality = [](const link_quality& q) {
    return nlohmann::ordered_json{{"latency_seconds", q.latency_seconds},
                                  {"bandwidth_bytes_per_second", q.bandwidth_bytes_per_second},
                                  {"joules_per_byte", detail::null_unless_known(q.joules_per_byte)}};
  };
  nlohmann::ordered_json devices = nlohmann::ordered_json::array();
  for (const device& d : machines.devices) {
    nlohmann::ordered_json profiles = nlohmann::ordered_json::array();
    for (const device_profile& p : d.profiles) profiles.push_back(to_json(p));
    devices.push_back({{"name", d.name},
                       {"endpoint", d.endpoint},
                       {"compute_flops_per_second", detail::null_unless_known(d.compute_flops_per_second)},
                       {"memory_bandwidth_bytes_per_second", detail::null_unless_known(d.memory_bandwidth_bytes_per_second)},
                       {"memory_bytes", detail::null_unless_known(d.memory_bytes)},
                       {"power_active_watts", detail::null_unless_known(d.power_active_watts)},
                       {"power_idle_watts", detail::null_unless_known(d.power_idle_watts)},
                       {"battery_joules", detail::null_unless_known(d.battery_joules)},
                       {"threads", detail::null_unless_known(d.threads)},
                       {"trusted", d.trusted},
                       {"contract", d.contract},
                       {"profiles", std::move(profiles)}});
  }
  nlohmann::ordered_json links = nlohmann::ordered_json::array();
  for (const link& l : machines.links) {
    nlohmann::ordered_json entry = {{"from", machines.devices[l.from].name}, {"to", machines.devices[l.to].name}};
    entry.update(quality(l.quality));
    if (!l.residuals.empty()) entry["residuals"] = l.residuals;
    links.push_back(std::move(entry));
  }
  return {{"devices", devices},
          {"default_link", machines.default_link ? quality(*machines.default_link) : nlohmann::ordered_json(nullptr)},
          {"links", links},
          {"header",
           machines.header ? nlohmann::ordered_json(machines.devices[*machines.header].name) : nlohmann::ordered_json(nullptr)}};
}

LINGUALINKED_DECL result<fleet> read_fleet(std::string_view text) {
  auto document = parse_json(text, detail::fleet_limits());
  if (!document) return document.error();
  const json_field root(*document);
  detail::field_reader r;
  fleet machines;
  detail::device_names names;
  for (const json_field& f : r.items(root.member("devices"), max_fleet_devices)) {
    device d = detail::read_device(r, f);
    detail::learn_name(r, f.member("name"), d.name, machines.devices.size(), names);
    if (!r.ok()) break;
    machines.devices.push_back(std::move(d));
  }
  if (r.ok() && machines.devices.empty()) r.fail(root.member("devices").complaint("must list at least one device"));
  if (const json_field f = root.member("default_link"); f.present()) machines.default_link = detail::read_quality(r, f);
  machines.links = detail::read_links(r, root.member("links"), names);
  if (const json_field f = root.member("header"); f.present()) machines.header = detail::device_at(r, f, names);
  return r.verdict(std::move(machines));
}

}  // namespace lingualinked::inline v0

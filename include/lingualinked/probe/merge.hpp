// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/device.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Puts a measured device into a fleet, in the place of one with its name. What nobody measures stays as it was there: watts,
/// battery, trust, and profiles of other models.
inline std::size_t put_device(fleet& machines, device d) {
  const auto found = std::ranges::find(machines.devices, d.name, &device::name);
  if (found == machines.devices.end()) {
    machines.devices.push_back(std::move(d));
    return machines.devices.size() - 1;
  }
  if (!d.power_active_watts) d.power_active_watts = found->power_active_watts;
  if (!d.power_idle_watts) d.power_idle_watts = found->power_idle_watts;
  if (!d.battery_joules) d.battery_joules = found->battery_joules;
  d.trusted = d.trusted || found->trusted;
  for (device_profile& old : found->profiles) {
    const bool newer = std::ranges::any_of(d.profiles, [&](const device_profile& p) {
      return p.model_sha256 == old.model_sha256 && p.kv_dtype == old.kv_dtype && p.threads == old.threads;
    });
    if (!newer && d.profiles.size() < profile_limits::profiles) d.profiles.push_back(std::move(old));
  }
  *found = std::move(d);
  return static_cast<std::size_t>(found - machines.devices.begin());
}

/// Puts a link into a fleet, in the place of one between the same devices. What nobody measures stays as it was there.
inline void put_link(fleet& machines, link l) {
  const auto found = std::ranges::find_if(machines.links, [&](const link& old) { return old.from == l.from && old.to == l.to; });
  if (found == machines.links.end()) {
    machines.links.push_back(std::move(l));
    return;
  }
  if (!l.quality.joules_per_byte) l.quality.joules_per_byte = found->quality.joules_per_byte;
  *found = std::move(l);
}

/// Adds what another fleet knows: its devices and links take the place of those with the same names; header and default_link
/// only where there is none yet.
inline void merge_fleet(fleet& into, const fleet& other) {
  std::vector<std::size_t> place;
  for (const device& d : other.devices) place.push_back(put_device(into, d));
  for (const link& l : other.links) put_link(into, {place[l.from], place[l.to], l.quality, l.residuals});
  if (!into.default_link) into.default_link = other.default_link;
  if (!into.header && other.header) into.header = place[*other.header];
}

}  // namespace lingualinked::inline v0

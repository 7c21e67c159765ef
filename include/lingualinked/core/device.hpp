// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/profile.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

/// Threads that a device may be said to have.
inline constexpr unsigned max_device_threads = 1024;

/// One thing that can run modules: a phone, an old laptop, a small board. Unknown figures stay empty.
struct device {
  std::string name;
  std::string endpoint = "local";  // "local": a process on this machine; else where its worker listens, tcp://host:port
  std::optional<double> compute_flops_per_second;
  std::optional<double> memory_bandwidth_bytes_per_second;
  std::optional<std::uint64_t> memory_bytes;  // empty: no limit known
  std::optional<double> power_active_watts;
  std::optional<double> power_idle_watts;
  std::optional<double> battery_joules;       // empty: as much as is needed
  std::optional<unsigned> threads;            // empty: the device's own default
  bool trusted = false;                       // may see text and logits; the header always may
  std::uint32_t contract = 1;                 // version of the bit contract that it computes by
  std::vector<device_profile> profiles = {};  // what was measured there; none: the figures above have to do

  friend bool operator==(const device&, const device&) = default;
};

/// How one device reaches another, one way.
struct link_quality {
  double latency_seconds = 0;
  double bandwidth_bytes_per_second = 0;       // 0: cannot talk
  std::optional<double> joules_per_byte = {};  // of both ends together

  friend bool operator==(const link_quality&, const link_quality&) = default;
};

/// A measured one-way link between two devices of a fleet, by index.
struct link {
  std::size_t from = 0;
  std::size_t to = 0;
  link_quality quality;
  std::vector<double> residuals = {};  // ascending quantiles of measured / (latency + bytes / bandwidth), around 1

  friend bool operator==(const link&, const link&) = default;
};

/// All devices and how they reach each other. Sparse: a pair without an entry uses default_link, and without that cannot talk.
struct fleet {
  std::vector<device> devices;
  std::vector<link> links;
  std::optional<link_quality> default_link;
  std::optional<std::size_t> header;  // where prompts enter and text leaves

  friend bool operator==(const fleet&, const fleet&) = default;
};

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/tables.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace lingualinked::inline v0::detail {

/// How fast a lap could still be if a device might be used twice: for plans whose stages and links are at most busiest_seconds
/// long, never below the truth. The walk over (device, cut) that it minimises is a shortest path, so it costs D * L^2 + D^2 * L
/// instead of 2^D times that, and it is close enough to the truth to let exact searches skip nearly everything.
/// Edges are left out of it, which keeps it a lower bound.
struct lap_bounds {
  double busiest_seconds = never;
  std::vector<double> hop;         // [(from * D + to) * (L + 1) + b]: seconds to send cut b; never: no link, or too busy
  std::vector<std::size_t> end;    // [d * L + a]: the largest b for which [a, b) fits and is not too busy
  std::vector<double> enter;       // [d]: header to first stage
  std::vector<double> leave;       // [d]: last stage to header
  std::vector<double> rest_at;     // [d * (L + 1) + a]: from the start of module a on d to the end of the lap
  std::vector<double> rest_after;  // [d * (L + 1) + b]: from the end of module b - 1 on d to the end of the lap
  double lap_seconds = never;      // of plans of two stages or more
};

/// first: the device of the first stage where the header is nameless; then the lap ends there.
[[nodiscard]] inline lap_bounds bound_laps(const placement_tables& t, double busiest_seconds, std::optional<std::size_t> first) {
  const std::size_t count = t.modules;
  const std::size_t width = count + 1;
  lap_bounds r;
  r.busiest_seconds = busiest_seconds;
  r.hop.assign(t.devices * t.devices * width, never);
  for (std::size_t from = 0; from < t.devices; ++from) {
    for (std::size_t to = 0; to < t.devices; ++to) {
      if (from == to || to == first || !(t.between(from, to).bandwidth_bytes_per_second > 0)) continue;
      double* hop = &r.hop[(from * t.devices + to) * width];
      for (std::size_t b = 1; b < count; ++b) {
        const std::uint64_t bytes = t.instance->modules[b - 1].cut_bytes;
        if (t.load_seconds(from, to, static_cast<double>(bytes)) <= busiest_seconds) hop[b] = t.message_seconds(from, to, bytes);
      }
    }
  }
  r.end.resize(t.devices * count);
  for (std::size_t d = 0; d < t.devices; ++d) {
    for (std::size_t a = 0; a < count; ++a) {
      const double* times = &t.times[t.row[d * count + a]];
      const std::size_t most = t.fits_to[d * count + a] - a;
      r.end[d * count + a] = a + static_cast<std::size_t>(std::upper_bound(times, times + most + 1, busiest_seconds) - times) - 1;
    }
  }
  const std::uint64_t token_bytes = t.instance->token_bytes;
  const auto token_hop = [&](std::size_t from, std::size_t to) {
    return t.load_seconds(from, to, static_cast<double>(token_bytes)) <= busiest_seconds
               ? t.message_seconds(from, to, token_bytes)
               : never;
  };
  for (std::size_t d = 0; d < t.devices; ++d) {
    const std::size_t header = first ? *first : t.instance->header.value_or(d);
    r.enter.push_back(first && d != *first ? never : token_hop(header, d));
    r.leave.push_back(token_hop(d, header));
  }

  r.rest_at.assign(t.devices * width, never);
  r.rest_after.assign(t.devices * width, never);
  for (std::size_t d = 0; d < t.devices; ++d) r.rest_after[d * width + count] = r.leave[d];
  for (std::size_t cut = count; cut-- > 0;) {
    for (std::size_t d = 0; d < t.devices; ++d) {
      const double* times = &t.times[t.row[d * count + cut]];
      double best = never;
      for (std::size_t b = cut + 1; b <= r.end[d * count + cut]; ++b)
        best = std::min(best, times[b - cut] + r.rest_after[d * width + b]);
      r.rest_at[d * width + cut] = best;
    }
    for (std::size_t from = 0; from < t.devices; ++from) {
      double best = never;
      for (std::size_t to = 0; to < t.devices; ++to)
        best = std::min(best, r.hop[(from * t.devices + to) * width + cut] + r.rest_at[to * width + cut]);
      r.rest_after[from * width + cut] = best;
    }
  }
  for (std::size_t d = 0; d < t.devices; ++d) r.lap_seconds = std::min(r.lap_seconds, r.enter[d] + r.rest_at[d * width]);
  return r;
}

/// The devices that a first stage must be tried on: with a named header the bounds know, so one run does for all.
[[nodiscard]] inline std::vector<std::optional<std::size_t>> first_devices(const placement_tables& t) {
  if (t.instance->header) return {std::nullopt};
  std::vector<std::optional<std::size_t>> firsts;
  for (std::size_t d = 0; d < t.devices; ++d)
    if (t.twin[d] == no_device) firsts.emplace_back(d);
  return firsts;
}

/// No plan of two or more stages has a smaller tau; never when there is none.
///   the smallest t for which a lap bound with busiest stage t / sequences is at most t, by bisection
[[nodiscard]] inline double bound_tau(const placement_tables& t) {
  const auto firsts = first_devices(t);
  const auto lap = [&](double busiest) {
    double best = never;
    for (const auto& first : firsts) best = std::min(best, bound_laps(t, busiest, first).lap_seconds);
    return best;
  };
  const double unlimited = lap(never);
  if (t.sequences == 1 || unlimited == never || unlimited == 0) return unlimited;
  constexpr double precision = 1e-4;  // of the bound; finer steps cost more than they save
  double low = unlimited;             // never above the bound
  double high = low;
  while (lap(high / t.sequences) > high) {
    low = high;
    high *= 1.5;
  }
  while (high > low * (1 + precision)) {
    const double middle = low + (high - low) / 2;
    (lap(middle / t.sequences) > middle ? low : high) = middle;
  }
  return low;
}

}  // namespace lingualinked::inline v0::detail

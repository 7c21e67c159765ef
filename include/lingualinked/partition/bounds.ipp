// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/bounds.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

/// The least x[i] + y[i]. Four minima at a time, since each comparison waits for the one before.
inline double least_sum(const double* x, const double* y, std::size_t count) {
  double least[4] = {never, never, never, never};
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (std::size_t k = 0; k < 4; ++k) least[k] = std::min(least[k], x[i + k] + y[i + k]);
  for (; i < count; ++i) least[0] = std::min(least[0], x[i] + y[i]);
  return std::min(std::min(least[0], least[1]), std::min(least[2], least[3]));
}

/// Computes rest_at, rest_after and lap_seconds from the prices.
inline void price_rests(const placement_tables& t, lap_bounds& r) {
  const std::size_t count = t.modules;
  const std::size_t width = count + 1;
  r.price_sum = 0;
  for (const double price : r.price) r.price_sum += price;
  std::vector<double> at(t.devices);
  for (std::size_t cut = count; cut-- > 0;) {
    for (std::size_t d = 0; d < t.devices; ++d) {
      if (d == r.first && cut > 0) {  // has its stage already
        at[d] = never;
        continue;
      }
      const std::size_t end = r.reach->end[d * count + cut];
      at[d] = r.price[d] + least_sum(&t.walk_times[t.row[d * count + cut]] + 1, &r.rest_after[d * width + cut] + 1, end - cut);
      r.rest_at[d * width + cut] = at[d];
    }
    for (std::size_t from = 0; from < t.devices && cut > 0; ++from)
      r.rest_after[from * width + cut] =
          least_sum(&r.reach->hop_by_cut[(cut * t.devices + from) * t.devices], at.data(), t.devices);
  }
  r.lap_seconds = never;
  for (std::size_t d = 0; d < t.devices; ++d) r.lap_seconds = std::min(r.lap_seconds, r.enter[d] + r.rest_at[d * width]);
  r.lap_seconds -= r.price_sum;
}

inline std::shared_ptr<const lap_reach> make_reach(const placement_tables& t, double busiest_seconds) {
  const std::size_t count = t.modules;
  const std::size_t width = count + 1;
  auto r = std::make_shared<lap_reach>();
  r->busiest_seconds = busiest_seconds;
  r->hop.assign(t.devices * t.devices * width, never);
  r->hop_by_cut.assign(t.devices * t.devices * width, never);
  for (std::size_t from = 0; from < t.devices; ++from) {
    for (std::size_t to = 0; to < t.devices; ++to) {
      if (!t.joined(from, to)) continue;
      double* hop = &r->hop[(from * t.devices + to) * width];
      for (std::size_t b = 1; b < count; ++b) {
        const std::uint64_t bytes = t.instance->modules[b - 1].cut_bytes;
        if (t.load_seconds(from, to, static_cast<double>(bytes)) > busiest_seconds) continue;
        hop[b] = t.message_seconds(from, to, bytes);
        r->hop_by_cut[(b * t.devices + from) * t.devices + to] = hop[b];
      }
    }
  }
  r->end.resize(t.devices * count);
  for (std::size_t d = 0; d < t.devices; ++d) {
    for (std::size_t a = 0; a < count; ++a) {
      const double* times = &t.times[t.row[d * count + a]];
      const std::size_t most = t.fits_to[d * count + a] - a;
      r->end[d * count + a] =
          a + static_cast<std::size_t>(std::upper_bound(times, times + most + 1, busiest_seconds) - times) - 1;
    }
  }
  return r;
}

/// Bounds without prices.
inline lap_bounds bound_laps(const placement_tables& t, std::shared_ptr<const lap_reach> reach,
                             std::optional<std::size_t> first) {
  const std::size_t count = t.modules;
  const std::size_t width = count + 1;
  const double busiest_seconds = reach->busiest_seconds;
  lap_bounds r;
  r.reach = std::move(reach);
  r.first = first;
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
  r.price.assign(t.devices, 0.0);
  r.rest_at.assign(t.devices * width, never);
  r.rest_after.assign(t.devices * width, never);
  for (std::size_t d = 0; d < t.devices; ++d) r.rest_after[d * width + count] = r.leave[d];
  price_rests(t, r);
  return r;
}

/// How often the shortest walk uses each device.
/// Requires  r.lap_seconds < never
inline std::vector<int> uses_of_shortest_walk(const placement_tables& t, const lap_bounds& r) {
  const std::size_t width = t.modules + 1;
  std::vector<int> uses(t.devices, 0);
  std::size_t d = 0;
  for (std::size_t e = 1; e < t.devices; ++e)
    if (r.enter[e] + r.rest_at[e * width] < r.enter[d] + r.rest_at[d * width]) d = e;
  for (std::size_t cut = 0;;) {
    ++uses[d];
    const double* times = &t.walk_times[t.row[d * t.modules + cut]] - cut;
    std::size_t best = cut + 1;
    for (std::size_t b = cut + 2; b <= r.reach->end[d * t.modules + cut]; ++b)
      if (times[b] + r.rest_after[d * width + b] < times[best] + r.rest_after[d * width + best]) best = b;
    if (best == t.modules) return uses;
    cut = best;
    const double* hop = &r.reach->hop_by_cut[(cut * t.devices + d) * t.devices];
    std::size_t next = 0;
    for (std::size_t e = 1; e < t.devices; ++e)
      if (hop[e] + r.rest_at[e * width + cut] < hop[next] + r.rest_at[next * width + cut]) next = e;
    d = next;
  }
}

LINGUALINKED_CORE_DECL void raise_prices(const placement_tables& t, lap_bounds& r, double enough_seconds,
                                         const std::vector<double>& start, std::chrono::steady_clock::time_point deadline) {
  constexpr int most_steps = 150;
  constexpr int patience = 6;      // steps without gain before they get shorter
  constexpr double finest = 0.01;  // share of the gap below which a step is not worth its time
  if (r.lap_seconds == never || t.devices < 2) return;
  std::vector<double> best = r.price;
  double best_seconds = r.lap_seconds;
  const auto try_prices = [&](const std::vector<double>& price) {
    r.price = price;
    price_rests(t, r);
    if (r.lap_seconds <= best_seconds) return false;
    best = price;
    best_seconds = r.lap_seconds;
    return true;
  };
  if (!start.empty()) try_prices(start);
  double share = 1;
  int misses = 0;
  std::vector<double> price = best;
  for (int step = 0; step < most_steps && share > finest && best_seconds <= enough_seconds; ++step) {
    if (std::chrono::steady_clock::now() >= deadline) break;
    const std::vector<int> uses = uses_of_shortest_walk(t, r);
    double norm = 0;
    for (std::size_t d = 0; d < t.devices; ++d)
      if (uses[d] > 1 || (uses[d] == 0 && r.price[d] > 0)) norm += (uses[d] - 1) * (uses[d] - 1);
    if (norm == 0) break;  // a plan, and every device that costs is in it: the bound is exact
    const double aim = std::min(enough_seconds * 1.001, best_seconds * 1.05);
    const double length = share * std::max(aim - r.lap_seconds, 0.002 * best_seconds) / norm;
    for (std::size_t d = 0; d < t.devices; ++d) price[d] = std::max(0.0, r.price[d] + length * (uses[d] - 1));
    if (try_prices(price)) {
      misses = 0;
    } else if (++misses == patience) {
      misses = 0;
      share /= 2;
      try_prices(best);
    }
  }
  r.price = best;
  price_rests(t, r);
}

LINGUALINKED_CORE_DECL lap_starts start_laps(const placement_tables& t, const lap_bounds& bounds) {
  const std::size_t width = t.modules + 1;
  lap_starts r{std::vector<double>(t.devices * width, never), std::vector<double>(t.devices * width, never)};
  for (std::size_t d = 0; d < t.devices; ++d) r.at[d * width] = bounds.enter[d];
  for (std::size_t cut = 0; cut < t.modules; ++cut) {
    for (std::size_t d = 0; d < t.devices; ++d) {
      if (d == bounds.first && cut > 0) continue;
      double& at = r.at[d * width + cut];
      for (std::size_t from = 0; from < t.devices && cut > 0; ++from)
        at = std::min(at, r.after[from * width + cut] + bounds.reach->hop[(from * t.devices + d) * width + cut]);
      if (at == never) continue;
      for (std::size_t b = cut + 1; b <= bounds.reach->end[d * t.modules + cut]; ++b)
        r.after[d * width + b] = std::min(r.after[d * width + b], at + bounds.price[d] + t.walk_seconds(d, cut, b));
    }
  }
  return r;
}

LINGUALINKED_CORE_DECL std::vector<std::optional<std::size_t>> first_devices(const placement_tables& t) {
  if (t.instance->header || t.devices >= many_devices) return {std::nullopt};
  std::vector<std::optional<std::size_t>> firsts;
  for (std::size_t d = 0; d < t.devices; ++d)
    if (t.twin[d] == no_device) firsts.emplace_back(d);
  return firsts;
}

LINGUALINKED_CORE_DECL std::vector<lap_bounds> tau_bounds::within(double tau_seconds) {
  std::vector<lap_bounds> kept;
  const double most = std::min(tau_seconds, t_.ceiling_seconds);
  const auto reach = make_reach(t_, tau_seconds / t_.sequences);
  least_ = never;
  for (std::size_t i = 0; i < firsts_.size(); ++i) {
    lap_bounds bounds = bound_laps(t_, reach, firsts_[i]);
    if (bounds.lap_seconds <= most) {
      // The least of all bounds counts, so the others leave each its share of the time.
      const auto now = std::chrono::steady_clock::now();
      raise_prices(t_, bounds, most, prices_[i], now + (deadline_ - now) / static_cast<std::int64_t>(firsts_.size() - i));
      prices_[i] = bounds.price;
    }
    least_ = std::min(least_, bounds.lap_seconds);
    if (bounds.lap_seconds <= most) kept.push_back(std::move(bounds));
  }
  std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.lap_seconds < b.lap_seconds; });
  return kept;
}

LINGUALINKED_CORE_DECL double tau_bounds::least_tau() {
  if (within(never).empty()) return never;
  double low = std::max(least_, 0.0);  // never above the bound
  if (t_.sequences == 1 || low == 0) return low;
  low = std::max(low, t_.sequences * busiest_bound(t_).seconds(deadline_));
  if (low == never) return never;
  double high = low;
  while (within(high).empty()) {
    if (high > t_.ceiling_seconds) return never;
    if (std::chrono::steady_clock::now() >= deadline_) return low;
    low = high;
    high *= 1.2;
  }
  constexpr double precision = 1e-3;  // of the bound; finer steps cost more than they save
  while (high > low * (1 + precision) && std::chrono::steady_clock::now() < deadline_) {
    const double middle = low + (high - low) / 2;
    (within(middle).empty() ? low : high) = middle;
  }
  return low;
}

}  // namespace lingualinked::inline v0::detail

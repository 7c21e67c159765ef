// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/partition/busiest_bound.hpp>
#include <lingualinked/partition/tables.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace lingualinked::inline v0::detail {

/// Which hops and stages take at most busiest_seconds; the same for every first device, and large.
struct lap_reach {
  double busiest_seconds = never;
  std::vector<double> hop;         // [(from * D + to) * (L + 1) + b]: seconds to send cut b; never: no link, or too busy
  std::vector<double> hop_by_cut;  // [(b * D + from) * D + to]: the same for walks, which go cut by cut
  std::vector<std::size_t> end;    // [d * L + a]: the largest b for which [a, b) fits and is not too busy
};

/// How fast a lap could still be if devices might be used more than once, at a price: for plans whose stages and links are
/// at most busiest_seconds long, never below the truth. The walk over (device, cut) that it minimises is a shortest path,
/// so it costs D * L^2 + D^2 * L instead of 2^D times that.
///   bound = min over walks of (lap + sum over its stages of price[device]) - sum of all prices,  prices >= 0
/// A plan uses each device at most once, so it pays at most the sum and the bound holds for any prices; raise_prices looks for
/// good ones. Then the bound is mostly within a percent of the truth, and exact searches skip nearly everything.
/// Of an edge it knows the receiver only, and takes the best way to it.
/// Source    Held and Karp 1971, The traveling-salesman problem and minimum spanning trees: part II (the same idea for tours)
struct lap_bounds {
  std::shared_ptr<const lap_reach> reach;
  std::optional<std::size_t> first;  // the device of the first stage, where the header is nameless; then the lap ends there
  std::vector<double> enter;         // [d]: header to first stage
  std::vector<double> leave;         // [d]: last stage to header
  std::vector<double> price;         // [d]
  double price_sum = 0;
  std::vector<double> rest_at;     // [d * (L + 1) + a]: from the start of module a on d to the end of the lap, with prices
  std::vector<double> rest_after;  // [d * (L + 1) + b]: from the end of module b - 1 on d to the end of the lap, with prices
  double lap_seconds = never;      // the bound, for plans of two stages or more; never when there is none
};

/// Looks for prices that raise the bound, starting from `start` if that is given: devices that the shortest walk uses again
/// become dearer, unused ones cheaper (subgradient steps, as long as they help). Stops when the bound exceeds
/// enough_seconds, since then nothing is left to search for, and when time is up.
void raise_prices(const placement_tables& t, lap_bounds& r, double enough_seconds, const std::vector<double>& start,
                  std::chrono::steady_clock::time_point deadline);

/// The other half of the walk: how soon a lap can be where, at the earliest, with prices.
struct lap_starts {
  std::vector<double> at;     // [d * (L + 1) + a]: from the start of the lap to the start of module a on d
  std::vector<double> after;  // [d * (L + 1) + b]: to the end of module b - 1 on d
};

[[nodiscard]] lap_starts start_laps(const placement_tables& t, const lap_bounds& bounds);

/// From here on bounds for each first device would take longer than they save.
inline constexpr std::size_t many_devices = 65;

/// The devices that a first stage must be tried on: with a named header the bounds know, so one run does for all. For many
/// devices one run must do too; it takes the way of the tokens back for free.
[[nodiscard]] std::vector<std::optional<std::size_t>> first_devices(const placement_tables& t);

/// Bounds for every first device that is worth trying, with prices. Keeps what it learned about prices from one limit to the
/// next.
class tau_bounds {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// After the deadline bounds are weaker, and still bounds.
  tau_bounds(const placement_tables& tables, time_point deadline)
      : t_(tables), firsts_(first_devices(tables)), prices_(firsts_.size()), deadline_(deadline) {}

  /// For plans with tau <= tau_seconds: those first devices whose bound does not rule them out, the most promising first.
  [[nodiscard]] std::vector<lap_bounds> within(double tau_seconds);
  /// The least bound of the last call, over all first devices.
  [[nodiscard]] double least() const noexcept { return least_; }

  /// No plan of two or more stages has a smaller tau; never when there is none.
  ///   the smallest t for which the bound with stages and links of at most t / sequences is at most t, by bisection
  [[nodiscard]] double least_tau();

 private:
  const placement_tables& t_;
  std::vector<std::optional<std::size_t>> firsts_;
  std::vector<std::vector<double>> prices_;
  time_point deadline_;
  double least_ = never;
};

}  // namespace lingualinked::inline v0::detail

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/bounds.ipp>
#endif

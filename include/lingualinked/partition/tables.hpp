// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/partition/evaluate.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

/// What exact solvers look up all the time. "Cut b" lies before module b, so [a, b) is an interval between two cuts, and cuts run
/// from 0 to L = modules. Plans of one stage are a handful and are tried one by one (single_stage), so tables hold proper
/// parts only; that is also what keeps tied_bytes out of them.
namespace lingualinked::inline v0::detail {

inline constexpr double never = std::numeric_limits<double>::infinity();
inline constexpr std::size_t no_device = std::numeric_limits<std::size_t>::max();

/// Limit of stored times of intervals, and of hops: 256 MiB each.
inline constexpr std::size_t table_limit = std::size_t{1} << 25;

struct placement_tables {
  const placement_instance* instance = nullptr;
  std::size_t modules = 0;
  std::size_t devices = 0;
  double sequences = 1;
  std::vector<std::size_t> fits_to;  // [d * L + a]: the largest b for which [a, b) fits on d; a when none does
  std::vector<std::size_t> row;      // [d * L + a]: where the times of [a, a), [a, a + 1), ... stand in times
  std::vector<double> times;         // seconds
  std::vector<double> walk_times;    // the same, each with the least that its edges from before can cost
  std::vector<link_quality> links;   // [from * D + to]; bandwidth 0: none
  std::vector<double> bytes_left;    // [b]: memory of the modules from cut b on
  double ceiling_seconds = 0;        // no plan has a larger tau
  std::vector<std::size_t> twin;     // [d]: the previous device that is the same in every respect, or no_device

  [[nodiscard]] double seconds(std::size_t d, std::size_t a, std::size_t b) const { return times[row[d * modules + a] + b - a]; }
  [[nodiscard]] double walk_seconds(std::size_t d, std::size_t a, std::size_t b) const {
    return walk_times[row[d * modules + a] + b - a];
  }
  /// Whether a cut can cross from one to the other: there is a link, and they compute by the same contract.
  [[nodiscard]] bool joined(std::size_t from, std::size_t to) const {
    return from != to && between(from, to).bandwidth_bytes_per_second > 0 &&
           instance->devices[from].contract == instance->devices[to].contract;
  }
  [[nodiscard]] const link_quality& between(std::size_t from, std::size_t to) const { return links[from * devices + to]; }
  /// Seconds of a message, never when the two cannot talk, 0 from a device to itself.
  [[nodiscard]] double message_seconds(std::size_t from, std::size_t to, std::uint64_t bytes) const;
  /// Seconds for which a message keeps its link busy.
  [[nodiscard]] double load_seconds(std::size_t from, std::size_t to, double bytes) const {
    if (from == to) return 0;
    const double bandwidth = between(from, to).bandwidth_bytes_per_second;
    return bandwidth > 0 ? bytes / bandwidth : never;
  }
};

/// More than any plan's tau: every module where it is slowest, and every message over the slowest link.
double tau_ceiling(const placement_instance& instance);

/// Interval times, each with what its incoming edges cost at least: the device that reaches it best sends them. Without that
/// share where there are so many edges and devices that finding it would take seconds.
/// Cost      linear in the intervals, and in edges times devices squared
std::vector<double> times_with_edges(const placement_tables& t);

/// Requires  a validated instance that outlives the tables
/// Errors    limit when the intervals would not fit into memory
/// Cost      D * L^2 time and memory for intervals that fit, D^2 for links, D^3 for twins at worst; times_with_edges
[[nodiscard]] result<placement_tables> make_tables(const placement_instance& instance);

/// A time limit that is no positive number leaves no time at all.
[[nodiscard]] std::chrono::steady_clock::time_point deadline_after(std::chrono::steady_clock::time_point start,
                                                                   double time_limit_seconds);

/// A plan with what it costs, as solvers add it up.
struct priced_plan {
  std::vector<stage_interval> stages;
  double lap_seconds = never;
  double bottleneck_seconds = never;
  double tau_seconds = never;
};

/// The plan that runs everything on device d; nothing when it does not fit or the header cannot reach it.
[[nodiscard]] std::optional<priced_plan> single_stage(const placement_tables& t, std::size_t d);

}  // namespace lingualinked::inline v0::detail

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/tables.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/partition/bounds.hpp>
#include <lingualinked/partition/edge_slots.hpp>
#include <lingualinked/partition/tables.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace lingualinked::inline v0::detail {

/// Why a search ended before it was through.
enum class search_end : unsigned char { complete, out_of_time, out_of_memory };

/// Limit of stored states: 256 MiB of times.
inline constexpr std::size_t state_limit = std::size_t{1} << 25;

/// The shortest lap among plans of two stages or more, with no stage or link busier than the bounds allow.
///   done(U, d, b) = least seconds until d, the last of the used devices U, has finished module b - 1
///                 = min over a < b and e in U without d of  done(U - d, e, a) + hop(e, d, a) + seconds(d, a, b)
/// With edges, a state also holds the devices of the producers that are still open. Subsets are visited by size, and a
/// state is dropped when what it has spent and the bound on what it still needs exceed the limit, so that mostly a small
/// part of the 2^D * D * L states is ever touched.
/// Source    Held and Karp 1962 for the recursion over subsets; intervals, threshold and bounds as in README.md, "Planning"
class subset_search {
 public:
  struct limits {
    double lap_seconds = never;  // longer laps are of no interest
    bool fewest_stages = false;  // stop at the first number of stages that has a plan
    std::size_t most_stages = no_device;
    std::size_t beam = no_device;  // subsets of one size that are kept, the most promising; no proof unless it is all
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  };

  subset_search(const placement_tables& tables, const edge_slots& slots, const lap_bounds& bounds)
      : t_(tables), slots_(slots), bounds_(bounds), width_(tables.modules + 1), with_edges_(!tables.instance->edges.empty()) {}

  /// The plan, or nothing when there is none within the limits (or the search ended early: see end()).
  std::optional<priced_plan> run(const limits& l);
  [[nodiscard]] search_end end() const noexcept { return end_; }

 private:
  using key = std::uint64_t;  // device + 1 of each slot's producer, 7 bits each; 0: closed
  static constexpr unsigned key_bits = 7;

  struct state_row {  // done(U, device, b) for b in [low, high]
    std::uint32_t device = 0;
    key open = 0;
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    std::size_t offset = 0;
  };
  struct subset {
    std::uint64_t used = 0;
    std::size_t first_row = 0;
    std::size_t end_row = 0;
  };
  struct goal {
    double lap_seconds = never;
    std::uint64_t used = 0;
    std::size_t device = 0;
    key open = 0;
  };
  /// Where a state came from.
  struct origin {
    double seconds = never;
    std::size_t device = no_device;
    key open = 0;
    std::size_t cut = 0;
  };
  /// The states of one device in one subset while they are collected, one line of L + 1 times for each key.
  struct draft {
    std::vector<key> keys;
    std::vector<std::vector<double>> lines;
    std::unordered_map<key, std::size_t> index;
    std::size_t last = 0;  // the next key is mostly that of the time before
    std::vector<double>& line(key k, std::size_t width);
    void clear() {
      keys.clear();
      index.clear();
    }
  };

  [[nodiscard]] static std::uint64_t bit(std::size_t d) { return std::uint64_t{1} << d; }
  [[nodiscard]] bool worthwhile(double lap_seconds) const { return lap_seconds <= limit_ && lap_seconds < never; }
  /// What the rest of a lap can pay at most: the prices of the devices that are left.
  [[nodiscard]] double unpaid_prices(std::uint64_t used) const;
  [[nodiscard]] static std::size_t device_in(key k, std::size_t slot) {
    return ((k >> (key_bits * slot)) & ((key{1} << key_bits) - 1)) - 1;
  }
  /// The key at cut b of a stage [a, b) on d that started with `before`.
  [[nodiscard]] key key_at(key before, std::size_t d, std::size_t a, std::size_t b) const;

  /// Calls visit(b, seconds) for every stage [a, b) on d that may follow a stage on e: seconds until it is done, with its edges.
  /// A link that is missing or too busy for [a, b) is so for every longer stage.
  template <class Visit>
  void each_stage(std::size_t e, std::size_t d, std::size_t a, key open, double start, const Visit& visit) const {
    double sent_seconds = 0;
    std::array<double, most_open_producers> sent_bytes{};
    for (std::size_t b = a + 1; b <= bounds_.reach->end[d * t_.modules + a]; ++b) {
      for (const auto& in : slots_.inputs[b - 1]) {
        if (in.producer >= a) continue;
        const std::size_t from = device_in(open, in.slot);
        sent_seconds += t_.message_seconds(from, d, in.bytes);
        sent_bytes[in.slot] += static_cast<double>(in.bytes);
        double load = from == e ? static_cast<double>(t_.instance->modules[a - 1].cut_bytes) : 0;
        for (std::size_t s = 0; s < most_open_producers; ++s)
          if (device_in(open, s) == from) load += sent_bytes[s];
        if (sent_seconds == never || t_.load_seconds(from, d, load) > bounds_.reach->busiest_seconds) return;
      }
      visit(b, start + sent_seconds + t_.seconds(d, a, b));
    }
  }

  void add_first_stages();

  /// Visits every subset with one device more. Returns false when time or memory ran out.
  bool add_level(std::chrono::steady_clock::time_point deadline);

  /// Keeps the subsets with the least bounds.
  void narrow(std::vector<subset>& level) const;

  [[nodiscard]] static const subset* find(const std::vector<subset>& level, std::uint64_t used) {
    const auto it =
        std::lower_bound(level.begin(), level.end(), used, [](const subset& s, std::uint64_t wanted) { return s.used < wanted; });
    return it != level.end() && it->used == used ? &*it : nullptr;
  }

  /// All stages on d after the states of s. Without edges, which device came before matters only for its hop, so the best start
  /// of each cut is found first.
  void extend(const subset& s, std::size_t d);

  void extend_with_edges(const subset& s, std::size_t d);

  /// Moves what is worth keeping of the draft into rows, and looks for complete laps.
  void keep(std::uint64_t used, std::size_t d);

  /// The best way into [.., b) on d with the given key, recomputed from the level before.
  [[nodiscard]] origin origin_of(const subset& s, std::size_t d, std::size_t b, key open) const;

  [[nodiscard]] priced_plan trace_back() const;

  const placement_tables& t_;
  const edge_slots& slots_;
  const lap_bounds& bounds_;
  const std::size_t width_;
  const bool with_edges_;
  double limit_ = never;
  std::size_t beam_ = no_device;
  std::vector<std::vector<subset>> levels_;  // [stages - 1], by rising used
  std::vector<state_row> rows_;
  std::vector<double> values_;
  std::vector<double> starts_;
  draft draft_;
  std::optional<goal> goal_;
  search_end end_ = search_end::complete;
};

}  // namespace lingualinked::inline v0::detail

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/subset_search.ipp>
#endif

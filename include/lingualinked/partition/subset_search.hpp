// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/bounds.hpp>
#include <lingualinked/partition/edge_slots.hpp>
#include <lingualinked/partition/tables.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
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
  std::optional<priced_plan> run(const limits& l) {
    limit_ = l.lap_seconds;
    levels_.assign(1, {});
    rows_.clear();
    values_.clear();
    goal_.reset();
    end_ = search_end::complete;
    add_first_stages();
    beam_ = l.beam;
    const std::size_t allowed = t_.instance->max_stages.value_or(no_device);
    const std::size_t most = std::min({l.most_stages, t_.devices, t_.modules, allowed});
    for (std::size_t stages = 2; stages <= most && !levels_.back().empty(); ++stages) {
      if (!add_level(l.deadline)) return std::nullopt;
      if (l.fewest_stages && goal_) break;
    }
    if (!goal_) return std::nullopt;
    return trace_back();
  }
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
    std::vector<double>& line(key k, std::size_t width) {
      if (last < keys.size() && keys[last] == k) return lines[last];
      const auto [found, fresh] = index.emplace(k, keys.size());
      last = found->second;
      if (fresh) {
        keys.push_back(k);
        if (lines.size() < keys.size()) lines.emplace_back();
        lines[last].assign(width, never);
      }
      return lines[last];
    }
    void clear() {
      keys.clear();
      index.clear();
    }
  };

  [[nodiscard]] static std::uint64_t bit(std::size_t d) { return std::uint64_t{1} << d; }
  [[nodiscard]] bool worthwhile(double lap_seconds) const { return lap_seconds <= limit_ && lap_seconds < never; }
  /// What the rest of a lap can pay at most: the prices of the devices that are left.
  [[nodiscard]] double unpaid_prices(std::uint64_t used) const {
    double sum = 0;
    for (std::size_t d = 0; d < t_.devices; ++d)
      if ((used & bit(d)) == 0) sum += bounds_.price[d];
    return sum;
  }
  [[nodiscard]] static std::size_t device_in(key k, std::size_t slot) {
    return ((k >> (key_bits * slot)) & ((key{1} << key_bits) - 1)) - 1;
  }
  /// The key at cut b of a stage [a, b) on d that started with `before`.
  [[nodiscard]] key key_at(key before, std::size_t d, std::size_t a, std::size_t b) const {
    if (!with_edges_) return 0;
    key k = 0;
    for (std::size_t s = 0; s < most_open_producers; ++s) {
      const std::size_t p = slots_.producers[b][s];
      if (p == edge_slots::closed) continue;
      const auto device = static_cast<key>(p >= a ? d : device_in(before, s));
      k |= (device + 1) << (key_bits * s);
    }
    return k;
  }

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

  void add_first_stages() {
    for (std::size_t d = 0; d < t_.devices; ++d) {
      if (bounds_.enter[d] == never || t_.twin[d] != no_device) continue;
      draft_.clear();
      for (std::size_t b = 1; b <= bounds_.reach->end[d * t_.modules]; ++b)
        draft_.line(key_at(0, d, 0, b), width_)[b] = bounds_.enter[d] + t_.seconds(d, 0, b);
      const std::size_t first_row = rows_.size();
      keep(bit(d), d);
      if (rows_.size() > first_row) levels_[0].push_back({bit(d), first_row, rows_.size()});
    }
  }

  /// Visits every subset with one device more. Returns false when time or memory ran out.
  bool add_level(std::chrono::steady_clock::time_point deadline) {
    const std::vector<subset>& previous = levels_.back();
    std::vector<std::uint64_t> wanted;
    for (const subset& s : previous)
      for (std::size_t d = 0; d < t_.devices; ++d)
        if ((s.used & bit(d)) == 0 && (t_.twin[d] == no_device || (s.used & bit(t_.twin[d])) != 0))
          wanted.push_back(s.used | bit(d));
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());

    std::vector<subset> level;
    std::size_t until_clock = 0;
    for (const std::uint64_t used : wanted) {
      if (until_clock-- == 0) {
        until_clock = with_edges_ ? 0 : 64;
        if (std::chrono::steady_clock::now() >= deadline) end_ = search_end::out_of_time;
      }
      if (values_.size() + draft_.lines.size() * width_ > state_limit) end_ = search_end::out_of_memory;
      if (end_ != search_end::complete) return false;
      const std::size_t first_row = rows_.size();
      for (std::uint64_t left = used; left != 0; left &= left - 1) {
        const auto d = static_cast<std::size_t>(std::countr_zero(left));
        const subset* s = find(previous, used & ~bit(d));
        if (s == nullptr) continue;
        draft_.clear();
        if (with_edges_) extend_with_edges(*s, d);
        else extend(*s, d);
        keep(used, d);
      }
      if (rows_.size() > first_row) level.push_back({used, first_row, rows_.size()});
    }
    if (end_ != search_end::complete) return false;
    if (level.size() > beam_) narrow(level);
    levels_.push_back(std::move(level));
    return true;
  }

  /// Keeps the subsets with the least bounds.
  void narrow(std::vector<subset>& level) const {
    std::vector<std::pair<double, subset>> ranked;
    for (const subset& s : level) {
      double least = never;
      for (std::size_t i = s.first_row; i < s.end_row; ++i) {
        const state_row& r = rows_[i];
        for (std::size_t b = r.low; b <= r.high; ++b)
          least = std::min(least, values_[r.offset + b - r.low] + bounds_.rest_after[r.device * width_ + b]);
      }
      ranked.emplace_back(least - unpaid_prices(s.used), s);
    }
    std::sort(ranked.begin(), ranked.end(), [](const auto& x, const auto& y) {
      return x.first != y.first ? x.first < y.first : x.second.used < y.second.used;
    });
    level.clear();
    for (std::size_t i = 0; i < beam_; ++i) level.push_back(ranked[i].second);
    std::sort(level.begin(), level.end(), [](const subset& x, const subset& y) { return x.used < y.used; });
  }

  [[nodiscard]] static const subset* find(const std::vector<subset>& level, std::uint64_t used) {
    const auto it =
        std::lower_bound(level.begin(), level.end(), used, [](const subset& s, std::uint64_t wanted) { return s.used < wanted; });
    return it != level.end() && it->used == used ? &*it : nullptr;
  }

  /// All stages on d after the states of s. Without edges, which device came before matters only for its hop, so the best start
  /// of each cut is found first.
  void extend(const subset& s, std::size_t d) {
    const double unpaid = unpaid_prices(s.used);
    starts_.assign(width_, never);
    for (std::size_t i = s.first_row; i < s.end_row; ++i) {
      const state_row& r = rows_[i];
      const double* hop = &bounds_.reach->hop[(r.device * t_.devices + d) * width_];
      const double* done = &values_[r.offset];
      for (std::size_t a = r.low; a <= r.high; ++a) starts_[a] = std::min(starts_[a], done[a - r.low] + hop[a]);
    }
    double* line = nullptr;
    for (std::size_t a = 1; a < t_.modules; ++a) {
      const double start = starts_[a];
      if (!worthwhile(start + bounds_.rest_at[d * width_ + a] - unpaid)) continue;
      if (line == nullptr) line = draft_.line(0, width_).data();
      const double* times = &t_.times[t_.row[d * t_.modules + a]] - a;
      const std::size_t end = bounds_.reach->end[d * t_.modules + a];
      for (std::size_t b = a + 1; b <= end; ++b) line[b] = std::min(line[b], start + times[b]);
    }
  }

  void extend_with_edges(const subset& s, std::size_t d) {
    const double unpaid = unpaid_prices(s.used);
    for (std::size_t i = s.first_row; i < s.end_row; ++i) {
      const state_row r = rows_[i];
      for (std::size_t a = r.low; a <= r.high && a < t_.modules; ++a) {
        const double start = values_[r.offset + a - r.low] + bounds_.reach->hop[(r.device * t_.devices + d) * width_ + a];
        if (!worthwhile(start + bounds_.rest_at[d * width_ + a] - unpaid)) continue;
        if (draft_.keys.size() * width_ > state_limit) {
          end_ = search_end::out_of_memory;
          return;
        }
        each_stage(r.device, d, a, r.open, start, [&](std::size_t b, double seconds) {
          double& best = draft_.line(key_at(r.open, d, a, b), width_)[b];
          best = std::min(best, seconds);
        });
      }
    }
  }

  /// Moves what is worth keeping of the draft into rows, and looks for complete laps.
  void keep(std::uint64_t used, std::size_t d) {
    const double unpaid = unpaid_prices(used);
    double free_bytes = 0;
    for (std::size_t i = 0; i < t_.devices; ++i)
      if ((used & bit(i)) == 0) free_bytes += static_cast<double>(t_.instance->devices[i].memory_bytes);
    for (std::size_t k = 0; k < draft_.keys.size(); ++k) {
      std::vector<double>& line = draft_.lines[k];
      const double lap = line[t_.modules] + bounds_.leave[d];
      if (worthwhile(lap) && (!goal_ || lap < goal_->lap_seconds)) {
        goal_ = goal{lap, used, d, draft_.keys[k]};
        limit_ = lap;
      }
      std::size_t low = width_;
      std::size_t high = 0;
      for (std::size_t b = 1; b < t_.modules; ++b) {
        if (!worthwhile(line[b] + bounds_.rest_after[d * width_ + b] - unpaid) || t_.bytes_left[b] > free_bytes) line[b] = never;
        if (line[b] == never) continue;
        low = std::min(low, b);
        high = b;
      }
      if (low > high) continue;
      rows_.push_back({static_cast<std::uint32_t>(d), draft_.keys[k], static_cast<std::uint32_t>(low),
                       static_cast<std::uint32_t>(high), values_.size()});
      values_.insert(values_.end(), line.begin() + static_cast<std::ptrdiff_t>(low),
                     line.begin() + static_cast<std::ptrdiff_t>(high) + 1);
    }
  }

  /// The best way into [.., b) on d with the given key, recomputed from the level before.
  [[nodiscard]] origin origin_of(const subset& s, std::size_t d, std::size_t b, key open) const {
    origin best;
    for (std::size_t i = s.first_row; i < s.end_row; ++i) {
      const state_row& r = rows_[i];
      for (std::size_t a = r.low; a <= r.high && a < b; ++a) {
        const double start = values_[r.offset + a - r.low] + bounds_.reach->hop[(r.device * t_.devices + d) * width_ + a];
        if (start == never || key_at(r.open, d, a, b) != open) continue;
        each_stage(r.device, d, a, r.open, start, [&](std::size_t cut, double seconds) {
          if (cut == b && seconds < best.seconds) best = {seconds, r.device, r.open, a};
        });
      }
    }
    return best;
  }

  [[nodiscard]] priced_plan trace_back() const {
    priced_plan plan;
    plan.lap_seconds = goal_->lap_seconds;
    std::uint64_t used = goal_->used;
    std::size_t d = goal_->device;
    std::size_t b = t_.modules;
    key open = goal_->open;
    for (std::size_t level = static_cast<std::size_t>(std::popcount(used)) - 1; level > 0; --level) {
      used &= ~bit(d);
      const origin from = origin_of(*find(levels_[level - 1], used), d, b, open);
      plan.stages.push_back({d, from.cut, b - 1});
      d = from.device;
      b = from.cut;
      open = from.open;
    }
    plan.stages.push_back({d, 0, b - 1});
    std::reverse(plan.stages.begin(), plan.stages.end());
    return plan;
  }

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

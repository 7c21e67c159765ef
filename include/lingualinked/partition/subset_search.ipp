// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/subset_search.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL std::optional<priced_plan> subset_search::run(const limits& l) {
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

LINGUALINKED_CORE_DECL std::vector<double>& subset_search::draft::line(key k, std::size_t width) {
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

LINGUALINKED_CORE_DECL double subset_search::unpaid_prices(std::uint64_t used) const {
  double sum = 0;
  for (std::size_t d = 0; d < t_.devices; ++d)
    if ((used & bit(d)) == 0) sum += bounds_.price[d];
  return sum;
}

LINGUALINKED_CORE_DECL subset_search::key subset_search::key_at(key before, std::size_t d, std::size_t a, std::size_t b) const {
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

LINGUALINKED_CORE_DECL void subset_search::add_first_stages() {
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

LINGUALINKED_CORE_DECL bool subset_search::add_level(std::chrono::steady_clock::time_point deadline) {
  const std::vector<subset>& previous = levels_.back();
  std::vector<std::uint64_t> wanted;
  for (const subset& s : previous)
    for (std::size_t d = 0; d < t_.devices; ++d)
      if ((s.used & bit(d)) == 0 && (t_.twin[d] == no_device || (s.used & bit(t_.twin[d])) != 0))
        wanted.push_back(s.used | bit(d));
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());

  constexpr std::size_t many_modules = 256;
  std::vector<subset> level;
  std::size_t until_clock = 0;
  for (const std::uint64_t used : wanted) {
    if (until_clock-- == 0) {
      until_clock = with_edges_ || t_.modules > many_modules ? 0 : 64;
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

LINGUALINKED_CORE_DECL void subset_search::narrow(std::vector<subset>& level) const {
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
  std::sort(ranked.begin(), ranked.end(),
            [](const auto& x, const auto& y) { return x.first != y.first ? x.first < y.first : x.second.used < y.second.used; });
  level.clear();
  for (std::size_t i = 0; i < beam_; ++i) level.push_back(ranked[i].second);
  std::sort(level.begin(), level.end(), [](const subset& x, const subset& y) { return x.used < y.used; });
}

LINGUALINKED_CORE_DECL void subset_search::extend(const subset& s, std::size_t d) {
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

LINGUALINKED_CORE_DECL void subset_search::extend_with_edges(const subset& s, std::size_t d) {
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

LINGUALINKED_CORE_DECL void subset_search::keep(std::uint64_t used, std::size_t d) {
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

LINGUALINKED_CORE_DECL subset_search::origin subset_search::origin_of(const subset& s, std::size_t d, std::size_t b,
                                                                      key open) const {
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

LINGUALINKED_CORE_DECL priced_plan subset_search::trace_back() const {
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

}  // namespace lingualinked::inline v0::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/partition/label_search.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL label_search::label_search(const label_costs& costs, std::optional<std::size_t> first, double least_tau)
    : t_(costs.tables()),
      p_(*t_.instance),
      costs_(costs),
      first_(first),
      width_(t_.modules + 1),
      least_tau_(least_tau),
      lap_rest_(make_label_rest(costs, 1, 0, first, least_tau)) {
  double idle = 0;
  for (std::size_t d = 0; d < t_.devices; ++d) idle += costs.idle_watts(d);
  const double heaviest = costs.lap_weight(idle);
  const int mixes = p_.goal == objective::energy ? 8 : 1;
  for (int i = 0; i <= mixes; ++i) {
    if (i > 0 && (heaviest == 0 || costs.other_weight() == 0)) break;
    rests_.push_back(make_label_rest(costs, heaviest * i / mixes, costs.other_weight(), first, least_tau));
  }
}

LINGUALINKED_CORE_DECL search_end label_search::run(valued_plan& best, time_point deadline) {
  best_ = &best;
  buckets_.clear();
  labels_ = 0;
  std::vector<std::size_t> level = first_stages();
  const std::size_t most = std::min({t_.devices, t_.modules, static_cast<std::size_t>(p_.max_stages.value_or(UINT32_MAX))});
  for (std::size_t stages = 2; stages <= most && !level.empty(); ++stages) {
    std::vector<std::size_t> next;
    for (const std::size_t from : level) {  // all buckets of one subset stand together; the first of them leads
      if (from != buckets_[from].leader) continue;
      for (std::size_t d = 0; d < t_.devices; ++d) {
        if (!may_join(buckets_[from].used, d)) continue;
        if (std::chrono::steady_clock::now() >= deadline) return search_end::out_of_time;
        if (labels_ > label_limit) return search_end::out_of_memory;
        if (!extend(from, d, deadline)) return search_end::out_of_time;
        if (!fresh_.empty()) fresh(next, buckets_[from].used | bit(d), d);
      }
    }
    gather(next);
    level = std::move(next);
  }
  return search_end::complete;
}

LINGUALINKED_CORE_DECL double label_search::bound() const {
  double least = never;
  for (std::size_t d = 0; d < t_.devices; ++d) {
    if (first_ && d != *first_) continue;
    const label_cost c = enter(d);
    if (c.lap_seconds < never) least = std::min(least, bound_from(c, 0, true, d * width_));
  }
  return least;
}

LINGUALINKED_CORE_DECL double label_search::bound_from(const label_cost& c, double idle_watts, bool next, std::size_t i) const {
  const auto rest = [&](const label_rest& r) { return next ? r.at[i] : r.after[i]; };
  if (rest(lap_rest_) == never) return never;
  label_cost least = c;
  least.lap_seconds = std::max(c.lap_seconds + rest(lap_rest_), least_tau_);
  const double tau = costs_.tau(least);
  if (!(tau <= c.lasts_seconds)) return never;
  const double weight = costs_.lap_weight(idle_watts);
  label_cost maxima = c;
  maxima.lap_seconds = maxima.busiest_seconds = maxima.other = 0;
  const double peaks = costs_.value(maxima, 0);
  double bound = 0;
  for (const label_rest& r : rests_) {
    if (r.lap_weight > weight) break;
    bound = std::max(
        bound, costs_.other_weight() * c.other + r.lap_weight * c.lap_seconds + rest(r) + (weight - r.lap_weight) * tau + peaks);
  }
  return bound;
}

LINGUALINKED_CORE_DECL void label_search::insert(std::vector<label>& list, const label& l) {
  for (const label& other : list)
    if (other.cost.no_worse_than(l.cost)) return;
  const auto kept = std::remove_if(list.begin(), list.end(), [&](const label& x) { return l.cost.no_worse_than(x.cost); });
  labels_ -= static_cast<std::size_t>(list.end() - kept);
  list.erase(kept, list.end());
  list.push_back(l);
  ++labels_;
}

LINGUALINKED_CORE_DECL std::vector<std::size_t> label_search::first_stages() {
  std::vector<std::size_t> level;
  for (std::size_t d = 0; d < t_.devices; ++d) {
    const label_cost in = enter(d);
    if ((first_ ? d != *first_ : t_.twin[d] != no_device) || in.lap_seconds == never) continue;
    fresh_.assign(width_, {});
    for (std::size_t b = 1; b <= t_.fits_to[d * t_.modules]; ++b) {
      label l{in, 0, 0, 0};
      l.cost.add(costs_.stage(d, 0, b, t_.seconds(d, 0, b)));
      if (worthwhile(bound_from(l.cost, costs_.idle_watts(d), false, d * width_ + b))) insert(fresh_[b], l);
    }
    fresh(level, bit(d), d);
  }
  gather(level);
  return level;
}

LINGUALINKED_CORE_DECL void label_search::fresh(std::vector<std::size_t>& level, std::uint64_t used, std::size_t d) {
  if (std::all_of(fresh_.begin(), fresh_.end(), [](const auto& list) { return list.empty(); })) return;
  bucket b;
  b.used = used;
  b.device = d;
  for (std::size_t i = 0; i < t_.devices; ++i)
    if ((used & bit(i)) != 0) b.idle_watts += costs_.idle_watts(i);
  b.at = std::move(fresh_);
  labels_ += width_ / 2;  // what the lists themselves take
  level.push_back(buckets_.size());
  buckets_.push_back(std::move(b));
}

LINGUALINKED_CORE_DECL void label_search::gather(std::vector<std::size_t>& level) {
  if (level.empty()) return;
  const std::size_t begin = level.front();  // the buckets of a level are the last ones
  std::sort(buckets_.begin() + static_cast<std::ptrdiff_t>(begin), buckets_.end(),
            [](const bucket& x, const bucket& y) { return x.used != y.used ? x.used < y.used : x.device < y.device; });
  for (std::size_t i = begin; i < buckets_.size();) {
    std::size_t end = i;
    while (end < buckets_.size() && buckets_[end].used == buckets_[i].used) ++end;
    for (std::size_t k = i; k < end; ++k) {
      buckets_[k].leader = i;
      buckets_[k].end = end;
    }
    i = end;
  }
}

LINGUALINKED_CORE_DECL bool label_search::extend(std::size_t leader, std::size_t d, time_point deadline) {
  constexpr std::size_t between_clocks = 32;
  fresh_.clear();
  const double idle = buckets_[leader].idle_watts + costs_.idle_watts(d);
  const std::size_t header = first_ ? *first_ : p_.header.value_or(d);
  const label_cost back = costs_.message(d, header, p_.token_bytes, false);
  for (std::size_t a = 1; a < t_.modules; ++a) {
    if (a % between_clocks == 0 && std::chrono::steady_clock::now() >= deadline) return false;
    starts_.clear();
    for (std::size_t i = leader; i < buckets_[leader].end; ++i) {
      const bucket& from = buckets_[i];
      if (from.at[a].empty() || !t_.joined(from.device, d)) continue;
      const label_cost hop = costs_.message(from.device, d, p_.modules[a - 1].cut_bytes);
      for (std::size_t k = 0; k < from.at[a].size(); ++k) {
        label l{from.at[a][k].cost, static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(k)};
        l.cost.add(hop);
        if (!worthwhile(bound_from(l.cost, buckets_[leader].idle_watts, true, d * width_ + a))) continue;
        insert(starts_, l);
      }
    }
    labels_ -= starts_.size();  // counted when they are stored
    if (starts_.empty()) continue;
    for (std::size_t b = a + 1; b <= t_.fits_to[d * t_.modules + a]; ++b) {
      const label_cost work = costs_.stage(d, a, b, t_.seconds(d, a, b));
      for (label l : starts_) {
        l.cost.add(work);
        if (b == t_.modules) {
          finish(l, back, idle, d);
        } else if (worthwhile(bound_from(l.cost, idle, false, d * width_ + b))) {
          if (fresh_.empty()) fresh_.assign(width_, {});
          insert(fresh_[b], l);
        }
      }
    }
  }
  return true;
}

LINGUALINKED_CORE_DECL void label_search::finish(const label& last, const label_cost& back, double idle_watts, std::size_t d) {
  if (back.lap_seconds == never) return;
  label_cost whole = last.cost;
  whole.add(back);
  const double value = costs_.value(whole, idle_watts);
  if (!worthwhile(value)) return;
  best_->value = value;
  best_->stages = {{d, last.first_module, t_.modules - 1}};
  for (label l = last; l.first_module > 0;) {
    const std::size_t cut = l.first_module;
    const bucket& b = buckets_[l.from_bucket];
    l = b.at[cut][l.from_label];
    best_->stages.push_back({b.device, l.first_module, cut - 1});
  }
  std::reverse(best_->stages.begin(), best_->stages.end());
}

}  // namespace lingualinked::inline v0::detail

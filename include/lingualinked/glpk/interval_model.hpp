// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// GLPK is licensed under GPL-3.0-or-later: a program that includes this header and links GLPK is conveyed under that licence.
#pragma once

#include <lingualinked/glpk/solver_thread.hpp>
#include <lingualinked/partition/bounds.hpp>
#include <lingualinked/partition/label_costs.hpp>
#include <lingualinked/partition/tables.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace lingualinked::inline v0::detail {

/// Limit of columns of each kind; beyond it the program would take GLPK minutes to load.
inline constexpr std::size_t column_limit = 500'000;
/// Limit of matrix entries for all edges. GLPK keeps 56 bytes for each: no more than the memory that it gets.
inline constexpr std::size_t entry_limit = std::size_t{1} << 25;

/// Times are scaled to tau near this. GLPK's tolerances are absolute, 1e-7 and more: near 1 they would be as coarse as the gap
/// that is to be proved.
inline constexpr double scaled_tau = 1e4;
/// Costs below this are left out: all those of a plan together are less than the gap to prove, a bound without them is still a
/// bound, and GLPK loses its way among numbers of too many sizes.
inline constexpr double negligible_cost = 1e-12 * scaled_tau;

/// The placement problem as a flow through intervals, a mixed-integer program that is nearly integral by itself:
///   z[d, a, b] = 1       device d runs the modules [a, b); only intervals that fit have a column, so memory needs no row
///   y[b, d, e]           cut b goes from d to e        u[edge, d, e]  the edge goes from d to e, another device
///   r[d, e]              e returns tokens to d, the first stage, when no header is named
///   one interval starts at 0, one ends at L, at most one is on each device; at each cut, intervals that end on d = sum of y
///   from d, intervals that start on e = sum of y to e; tau >= lap; tau >= sequences * (each stage, each link)
/// y, u and r are continuous: once z is integral they have no choice. For other objectives than tau the first column is
///   value >= what z, y, u and r cost + weight * tau + (pieces - 1) * peak + sum of idle watts * v[d] / sequences
///   peak >= what each stage and link takes for one piece of the prompt; v[d] = tau where d has an interval, else 0:
///   v[d] >= tau - most * (1 - sum of z on d), v[d] >= least * sum of z on d
/// and a battery is a row: rounds * (active beyond idle watts * sequences * stage + idle watts * v[d]) <= its joules.
/// Columns that no plan better than `most` can use are left out: those whose shortest lap, stage or link alone exceeds it.
class interval_model {
 public:
  struct interval {
    std::size_t device = 0;
    std::size_t first = 0;
    std::size_t end = 0;
    double lap_seconds = 0;   // with what the header adds at either end
    double busy_seconds = 0;  // of the stage, or of its link to the header
    int column = 0;
    label_cost cost;           // what other objectives make of it, with what the header adds
    double stage_seconds = 0;  // without
  };

  /// least, most: tau is known to lie between; most may be never. most_value: no other plan is wanted; likewise.
  interval_model(const placement_tables& tables, tau_bounds& bounds, const label_costs& costs, double least, double most,
                 double most_value)
      : t_(tables),
        bounds_(bounds),
        costs_(costs),
        width_(tables.modules + 1),
        most_(most),
        scale_((most < never && most > 0 ? most : (least > 0 ? least : 1.0)) / scaled_tau),
        least_(least),
        value_scale_((most_value < never && most_value > 0 ? most_value : 1.0) / scaled_tau) {
    const bool tau_alone = minimises_tau(tables.instance->goal);
    const double value_limit = most_value < never ? most_value / value_scale_ : never;
    if (!tau_alone) value_ = program_.add_column({false, 0, value_limit, true});
    tau_ = program_.add_column({false, tau_alone ? 0 : least / scale_, most < never ? most / scale_ : never, true});
    lap_ = program_.add_row({GLP_UP, 0});
    if (!tau_alone) {
      value_row_ = program_.add_row({GLP_UP, 0});
      program_.add(value_row_, value_, -1);
      if (tables.instance->goal == objective::completion && tables.instance->generate_tokens > 0)
        program_.add(value_row_, tau_, tables.instance->generate_tokens * scale_ / value_scale_);
      if (costs.pieces() > 1) {
        peak_ = program_.add_column({false, 0, never, true});
        program_.add(value_row_, peak_, (costs.pieces() - 1) * scale_ / value_scale_);
      }
    }
    program_.add(lap_, tau_, -1);
    choose_columns();
    if (too_large_) return;
    add_intervals();
    add_cuts();
    if (!t_.instance->header) add_returns();
    for (const auto& e : t_.instance->edges) add_edge(e);
    add_link_loads();
    add_idling();
  }

  [[nodiscard]] bool too_large() const noexcept { return too_large_; }
  [[nodiscard]] const mip& program() const noexcept { return program_; }
  /// What one unit of the first column means.
  [[nodiscard]] double scale() const noexcept { return value_ != 0 ? value_scale_ : scale_; }
  /// The stages of a solution, in order.
  [[nodiscard]] std::vector<stage_interval> stages(const std::vector<double>& values) const {
    std::vector<stage_interval> plan;
    for (const interval& z : intervals_)
      if (values[static_cast<std::size_t>(z.column) - 1] > 0.5) plan.push_back({z.device, z.first, z.end - 1});
    std::sort(plan.begin(), plan.end(), [](const auto& a, const auto& b) { return a.first_module < b.first_module; });
    return plan;
  }

 private:
  struct hop {
    std::size_t cut = 0;
    std::size_t from = 0;
    std::size_t to = 0;
  };

  [[nodiscard]] bool possible(double lap) const { return lap <= most_ && lap < never; }
  void add_cost(int row, int column, double cost) {
    if (cost > negligible_cost) program_.add(row, column, cost);
  }
  /// Adds what one unit of a column costs: seconds of the lap, and of the objective.
  void charge(int column, double lap_seconds, double other) {
    add_cost(lap_, column, lap_seconds / scale_);
    if (value_row_ != 0) add_cost(value_row_, column, other / value_scale_);
  }
  /// A column for a message of so many bytes a token.
  int add_message(std::size_t from, std::size_t to, std::uint64_t bytes, bool rows) {
    const int column = program_.add_column({false});
    const label_cost cost = costs_.message(from, to, bytes, rows);
    charge(column, cost.lap_seconds, cost.other);
    if (from == to || bytes == 0) return column;
    const double busy = t_.sequences > 1 ? t_.load_seconds(from, to, static_cast<double>(bytes)) : 0;
    if (busy > 0 || cost.other_busiest > 0) loads_.push_back({from * t_.devices + to, column, busy, cost.other_busiest});
    return column;
  }
  [[nodiscard]] bool lasts(const interval& z) const { return z.cost.lasts_seconds >= least_; }

  void choose_columns() {
    std::vector<bool> z(t_.times.size(), false);
    std::vector<bool> y(t_.devices * t_.devices * width_, false);
    for (const lap_bounds& bounds : bounds_.within(most_)) {
      const lap_starts starts = start_laps(t_, bounds);
      for (std::size_t d = 0; d < t_.devices; ++d) {
        for (std::size_t a = 0; a < t_.modules; ++a) {
          const double at = starts.at[d * width_ + a];
          for (std::size_t b = a + 1; at < never && b <= bounds.reach->end[d * t_.modules + a]; ++b)
            if (possible(at + bounds.price[d] + t_.walk_seconds(d, a, b) + bounds.rest_after[d * width_ + b] - bounds.price_sum))
              z[t_.row[d * t_.modules + a] + b - a] = true;
        }
        for (std::size_t e = 0; e < t_.devices; ++e)
          for (std::size_t b = 1; b < t_.modules; ++b)
            if (possible(starts.after[d * width_ + b] + bounds.reach->hop[(d * t_.devices + e) * width_ + b] +
                         bounds.rest_at[e * width_ + b] - bounds.price_sum))
              y[(d * t_.devices + e) * width_ + b] = true;
      }
    }
    for (std::size_t d = 0; d < t_.devices; ++d)
      for (std::size_t a = 0; a < t_.modules; ++a)
        for (std::size_t b = a + 1; b <= t_.fits_to[d * t_.modules + a]; ++b)
          if (z[t_.row[d * t_.modules + a] + b - a]) {
            keep(priced(d, a, b));
            too_large_ = intervals_.size() > column_limit;
            if (too_large_) return;
          }
    for (std::size_t d = 0; d < t_.devices; ++d) {
      const auto alone = single_stage(t_, d);
      if (alone && possible(alone->tau_seconds)) keep(priced(d, 0, t_.modules));
    }
    for (std::size_t b = 1; b < t_.modules; ++b)
      for (std::size_t d = 0; d < t_.devices; ++d)
        for (std::size_t e = 0; e < t_.devices; ++e)
          if (y[(d * t_.devices + e) * width_ + b]) hops_.push_back({b, d, e});
    const std::size_t entries_of_edge = intervals_.size() + t_.devices * t_.devices;
    too_large_ = intervals_.size() > column_limit || hops_.size() > column_limit ||
                 t_.instance->edges.size() > entry_limit / entries_of_edge;
  }

  void keep(const interval& z) {
    if (lasts(z)) intervals_.push_back(z);
  }

  [[nodiscard]] interval priced(std::size_t d, std::size_t a, std::size_t b) const {
    double seconds = t_.instance->devices[d].stage_seconds;
    if (b - a < t_.modules) seconds = t_.seconds(d, a, b);
    else
      for (const double s : t_.instance->devices[d].module_seconds) seconds += s;
    interval z{d, a, b, seconds, seconds, 0, costs_.stage(d, a, b, seconds), seconds};
    const auto& header = t_.instance->header;
    const std::uint64_t bytes = t_.instance->token_bytes;
    const auto join = [&](std::size_t from, std::size_t to, bool rows) {
      z.cost.add(costs_.message(from, to, bytes, rows));
      z.lap_seconds += t_.message_seconds(from, to, bytes);
      z.busy_seconds = std::max(z.busy_seconds, t_.load_seconds(from, to, static_cast<double>(bytes)));
    };
    if (header && a == 0) join(*header, d, true);
    if (header && b == t_.modules) join(d, *header, false);
    return z;
  }

  void add_intervals() {
    const int starts = program_.add_row({GLP_FX, 1});
    const int ends = program_.add_row({GLP_FX, 1});
    const auto& most_stages = t_.instance->max_stages;
    const int stages = most_stages ? program_.add_row({GLP_UP, static_cast<double>(*most_stages)}) : 0;
    std::vector<int> once(t_.devices);
    std::vector<int> busy(t_.devices, 0);
    std::vector<double> busiest(t_.devices, 0.0);
    for (const interval& z : intervals_) busiest[z.device] = std::max(busiest[z.device], z.busy_seconds);
    for (std::size_t d = 0; d < t_.devices; ++d) {
      once[d] = program_.add_row({GLP_UP, 1});
      if (t_.sequences > 1 && t_.sequences * busiest[d] > least_) {
        busy[d] = program_.add_row({GLP_UP, 0});
        program_.add(busy[d], tau_, -1);
      }
    }
    for (interval& z : intervals_) {
      z.column = program_.add_column({true});
      charge(z.column, z.lap_seconds, z.cost.other);
      if (z.first == 0) program_.add(starts, z.column, 1);
      if (z.end == t_.modules) program_.add(ends, z.column, 1);
      program_.add(once[z.device], z.column, 1);
      if (stages != 0) program_.add(stages, z.column, 1);
      if (busy[z.device] != 0) add_cost(busy[z.device], z.column, t_.sequences * z.busy_seconds / scale_);
    }
  }

  void add_cuts() {
    std::vector<int> leaves(t_.devices * width_, 0);   // intervals that end at b on d
    std::vector<int> arrives(t_.devices * width_, 0);  // intervals that start at b on d
    const auto balance = [&](int& row, int column) {
      if (row == 0) row = program_.add_row({GLP_FX, 0});
      program_.add(row, column, 1);
    };
    for (const interval& z : intervals_) {
      if (z.end < t_.modules) balance(leaves[z.device * width_ + z.end], z.column);
      if (z.first > 0) balance(arrives[z.device * width_ + z.first], z.column);
    }
    for (const hop& h : hops_) {
      int& from = leaves[h.from * width_ + h.cut];
      int& to = arrives[h.to * width_ + h.cut];
      if (from == 0 || to == 0) continue;
      const int column = add_message(h.from, h.to, t_.instance->modules[h.cut - 1].cut_bytes, true);
      program_.add(from, column, -1);
      program_.add(to, column, -1);
    }
  }

  void add_returns() {
    std::vector<int> first(t_.devices, 0);
    std::vector<int> last(t_.devices, 0);
    for (const interval& z : intervals_) {
      if (z.end - z.first == t_.modules) continue;
      int* row = z.first == 0 ? &first[z.device] : z.end == t_.modules ? &last[z.device] : nullptr;
      if (row == nullptr) continue;
      if (*row == 0) *row = program_.add_row({GLP_FX, 0});
      program_.add(*row, z.column, -1);
    }
    const std::uint64_t bytes = t_.instance->token_bytes;
    for (std::size_t d = 0; d < t_.devices; ++d) {
      for (std::size_t e = 0; e < t_.devices; ++e) {
        const double seconds = t_.message_seconds(e, d, bytes);
        const double busy = t_.load_seconds(e, d, static_cast<double>(bytes));
        if (d == e || first[d] == 0 || last[e] == 0 || !possible(seconds) || t_.sequences * busy > most_) continue;
        const int column = add_message(e, d, bytes, false);
        program_.add(first[d], column, 1);
        program_.add(last[e], column, 1);
      }
    }
  }

  /// An interval that holds both ends of the edge keeps it at home; u is for those that hold one of them.
  void add_edge(const placement_instance::edge& e) {
    std::vector<int> producer(t_.devices, 0);
    std::vector<int> consumer(t_.devices, 0);
    for (const interval& z : intervals_) {
      const bool produces = z.first <= e.from_module && e.from_module < z.end;
      const bool consumes = z.first <= e.to_module && e.to_module < z.end;
      if (produces == consumes) continue;
      int& row = (produces ? producer : consumer)[z.device];
      if (row == 0) row = program_.add_row({GLP_FX, 0});
      program_.add(row, z.column, -1);
    }
    for (std::size_t d = 0; d < t_.devices; ++d) {
      for (std::size_t c = 0; c < t_.devices; ++c) {
        const double seconds = t_.message_seconds(d, c, e.bytes);
        const double busy = t_.load_seconds(d, c, static_cast<double>(e.bytes));
        if (d == c || producer[d] == 0 || consumer[c] == 0 || !possible(seconds) || t_.sequences * busy > most_) continue;
        const int column = add_message(d, c, e.bytes, true);
        program_.add(producer[d], column, 1);
        program_.add(consumer[c], column, 1);
      }
    }
  }

  /// Rows only for links that could be busy for longer than tau is known to be.
  void add_link_loads() {
    std::vector<double> total(t_.devices * t_.devices, 0.0);
    std::vector<double> largest(total);
    std::vector<int> row(total.size(), 0);
    for (const load_share& l : loads_) {
      total[l.link] += l.seconds;
      largest[l.link] = std::max(largest[l.link], l.seconds);
    }
    for (const load_share& l : loads_) {
      // Of the cuts and the return at most one uses a link; only edges add to it.
      const double most = t_.instance->edges.empty() ? largest[l.link] : total[l.link];
      if (l.seconds == 0 || t_.sequences * most <= least_) continue;
      if (row[l.link] == 0) {
        row[l.link] = program_.add_row({GLP_UP, 0});
        program_.add(row[l.link], tau_, -1);
      }
      add_cost(row[l.link], l.column, t_.sequences * l.seconds / scale_);
    }
    if (peak_ == 0) return;
    std::vector<int> peak(total.size(), 0);
    for (const load_share& l : loads_) add_peak(peak[l.link], l.column, l.piece_seconds);
    std::vector<int> stage(t_.devices, 0);
    for (const interval& z : intervals_) add_peak(stage[z.device], z.column, z.cost.other_busiest);
  }
  void add_peak(int& row, int column, double seconds) {
    if (row == 0) {
      row = program_.add_row({GLP_UP, 0});
      program_.add(row, peak_, -1);
    }
    add_cost(row, column, seconds / scale_);
  }

  /// v[d], and what batteries allow.
  void add_idling() {
    const auto& p = *t_.instance;
    const double most = std::min(most_, t_.ceiling_seconds) / scale_;
    const double rounds = p.generate_tokens;
    for (std::size_t d = 0; d < t_.devices; ++d) {
      const auto& device = p.devices[d];
      const bool limited = device.battery_joules && p.generate_tokens > 0;
      const double idle = limited || p.goal == objective::energy ? device.power_idle_watts.value_or(0) : 0;
      if (!limited && idle == 0) continue;
      std::vector<const interval*> mine;
      for (const interval& z : intervals_)
        if (z.device == d) mine.push_back(&z);
      if (mine.empty()) continue;
      int v = 0;
      if (idle > 0) {
        v = program_.add_column({false, 0, never, true});
        const int whole = program_.add_row({GLP_UP, most});
        const int some = program_.add_row({GLP_UP, 0});
        program_.add(whole, tau_, 1);
        program_.add(whole, v, -1);
        program_.add(some, v, -1);
        for (const interval* z : mine) {
          program_.add(whole, z->column, most);
          if (least_ > 0) program_.add(some, z->column, least_ / scale_);
        }
        if (p.goal == objective::energy) program_.add(value_row_, v, idle / t_.sequences * scale_ / value_scale_);
      }
      if (!limited) continue;
      // In units of about a thousandth of the battery.
      const double unit = std::max({*device.battery_joules, rounds * idle * least_, 1e-300}) / 1e3;
      const int row = program_.add_row({GLP_UP, *device.battery_joules * battery_slack / unit});
      const double extra = *device.power_active_watts - *device.power_idle_watts;
      for (const interval* z : mine)
        if (extra > 0) program_.add(row, z->column, rounds * extra * t_.sequences * z->stage_seconds / unit);
      if (v != 0) program_.add(row, v, rounds * idle * scale_ / unit);
    }
  }

  struct load_share {
    std::size_t link = 0;
    int column = 0;
    double seconds = 0;
    double piece_seconds = 0;  // of one piece of the prompt
  };

  const placement_tables& t_;
  tau_bounds& bounds_;
  const label_costs& costs_;
  const std::size_t width_;
  const double most_;
  const double scale_;
  const double least_;
  const double value_scale_;
  mip program_;
  int value_ = 0;      // 0: tau is the objective
  int value_row_ = 0;  // likewise
  int peak_ = 0;       // 0: the prompt is one piece, or does not count
  int tau_ = 0;
  int lap_ = 0;
  bool too_large_ = false;
  std::vector<interval> intervals_;
  std::vector<hop> hops_;
  std::vector<load_share> loads_;
};

}  // namespace lingualinked::inline v0::detail

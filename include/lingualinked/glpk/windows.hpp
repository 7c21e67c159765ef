// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// GLPK is licensed under GPL-3.0-or-later: a program that includes this header and links GLPK is conveyed under that licence.
#pragma once

#include <lingualinked/glpk/solver_thread.hpp>
#include <lingualinked/partition/windows.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

namespace detail {

/// Times are scaled to expectations near this; GLPK's tolerances are absolute.
inline constexpr double scaled_expectation = 1e4;

/// The choice of windows as a mixed-integer program:
///   a[s, c] = 1     stage s holds from cut c on, before its own modules        b[s, c] = 1   it holds up to cut c
///   p[w, i, c] = 1  in scenario w the i-th boundary lies at cut c               v[w] = 1      the plan goes on
///   one a and one b for each stage, within memory; one p for each boundary, inside what the stages beside it hold, boundaries in
///   order; tau[w] >= the lap; tau[w] >= sequences * (each stage, each link); tau[w] >= stopped * (1 - v[w]);
///   least sum of weight[w] * tau[w]
/// What a stage takes is the difference of two prefix sums at its boundaries, so it is linear in p for modules of any size.
class window_model {
 public:
  explicit window_model(const window_tables& tables, double scale_seconds) : t_(tables), scale_(scale_seconds) {
    expectation_ = program_.add_column({});
    const int sum = program_.add_row({GLP_UP, 0});
    program_.add(sum, expectation_, -1);
    add_windows();
    for (const window_scenario& w : t_.scenarios) {
      const int tau = program_.add_column({});
      program_.add(sum, tau, w.weight / t_.total_weight);
      add_scenario(w, tau);
    }
  }

  [[nodiscard]] const mip& program() const noexcept { return program_; }
  [[nodiscard]] held_windows windows(const std::vector<double>& values) const {
    held_windows held = own_modules(t_);
    const auto chosen = [&](const place& at, std::size_t otherwise) {
      for (const auto& [cut, column] : at)
        if (values[static_cast<std::size_t>(column) - 1] > 0.5) return cut;
      return otherwise;
    };
    for (std::size_t s = 0; s < t_.stages; ++s) held[s] = {chosen(first_[s], held[s].first), chosen(end_[s], held[s].end)};
    return held;
  }

 private:
  using place = std::map<std::size_t, int>;  // cut -> the column that is 1 when something lies there

  /// A row of the form sum <= limit. Terms of one column add up, which GLPK leaves to others.
  class row {
   public:
    row(mip& program, double limit) : program_(program), index_(program.add_row({GLP_UP, limit})) {}
    row(const row&) = delete;
    row& operator=(const row&) = delete;
    ~row() {
      for (const auto& [column, factor] : terms_)
        if (factor != 0) program_.add(index_, column, factor);
    }
    void add(int column, double factor) { terms_[column] += factor; }
    /// factor * value(cut) for the cut that the place says.
    template <class Value>
    void add(const place& at, double factor, const Value& value) {
      for (const auto& [cut, column] : at) add(column, factor * value(cut));
    }

   private:
    mip& program_;
    int index_;
    std::map<int, double> terms_;
  };

  [[nodiscard]] static double megabytes(std::uint64_t bytes) { return static_cast<double>(bytes) * 1e-6; }

  [[nodiscard]] place add_place(std::size_t low, std::size_t high) {
    place made;
    for (std::size_t cut = low; cut <= high; ++cut) made[cut] = program_.add_column({true});
    return made;
  }

  void add_windows() {
    for (std::size_t s = 0; s < t_.stages; ++s) {
      const held_modules own = t_.own(s);
      const held_modules widest = t_.widest(s);
      first_.push_back(add_place(widest.first, own.first));
      end_.push_back(add_place(own.end, widest.end));
      for (const place* one : {&first_[s], &end_[s]}) {
        const int exactly = program_.add_row({GLP_FX, 1});
        for (const auto& [cut, column] : *one) program_.add(exactly, column, 1);
      }
      if (t_.tier == window_tier::cold) continue;
      const bool mirrors = t_.tier == window_tier::hot;
      const std::uint64_t running = mirrors ? 0 : t_.kv(own.first, own.end);
      row memory(program_, megabytes(t_.room_bytes[s] - running));
      hold(memory, s, mirrors);
    }
  }

  /// What stage s holds, in a row of megabytes.
  void hold(row& memory, std::size_t s, bool with_mirrors) {
    const auto bytes = [&](std::size_t cut) { return megabytes(t_.weight_bytes[cut] + (with_mirrors ? t_.kv_bytes[cut] : 0)); };
    memory.add(end_[s], 1, bytes);
    memory.add(first_[s], -1, bytes);
  }

  void add_scenario(const window_scenario& w, int tau) {
    using kind = window_scenario::kind;
    std::vector<std::size_t> alive;
    for (std::size_t s = 0; s < t_.stages; ++s)
      if (w.what != kind::device_leaves || w.stage != s) alive.push_back(s);
    // A plan that stops needs a column that says so; one that cannot is certain to go on.
    const int on = program_.add_column({true});
    if (w.what == kind::device_leaves) {
      const double stopped = t_.stopped_seconds / scale_;
      row stop(program_, -stopped);
      stop.add(tau, -1);
      stop.add(on, -stopped);
      if (alive.empty()) {
        program_.add(program_.add_row({GLP_FX, 0}), on, 1);
        return;
      }
      need(on, first_[alive.front()], 0);
      need(on, end_[alive.back()], t_.modules);
    } else {
      program_.add(program_.add_row({GLP_FX, 1}), on, 1);
    }

    const std::size_t header = t_.instance->header ? t_.stages : alive.front();
    const double tokens = static_cast<double>(t_.instance->token_bytes);
    row lap(program_, 0);
    lap.add(tau, -1);
    for (const auto& [from, to] : {std::pair(header, alive.front()), std::pair(alive.back(), header)}) {
      const auto m = price_message(t_, from, to, tokens, 1);
      if (!(m.seconds < window_tables::never)) {
        program_.add(program_.add_row({GLP_FX, 0}), on, 1);
        return;
      }
      lap.add(on, m.seconds / scale_);
      at_most(tau, on, m.busy);
    }
    place before{{0, on}};
    for (std::size_t i = 0; i < alive.size(); ++i) {
      const std::size_t s = alive[i];
      const bool last = i + 1 == alive.size();
      const place after = last ? place{{t_.modules, on}} : add_boundary(s, alive[i + 1], before, on);
      const double factor = w.what == kind::device_slows && w.stage == s ? w.factor : 1;
      const auto seconds = [&](std::size_t cut) { return t_.seconds[s][cut] * factor / scale_; };
      lap.add(after, 1, seconds);
      lap.add(before, -1, seconds);
      lap.add(on, t_.stage_seconds[s] / scale_);
      if (t_.sequences > 1) {
        row busy(program_, 0);
        busy.add(tau, -1);
        busy.add(after, t_.sequences, seconds);
        busy.add(before, -t_.sequences, seconds);
        busy.add(on, t_.sequences * t_.stage_seconds[s] / scale_);
      }
      if (!last) {
        const double slow = w.what == kind::link_slows && w.stage == s ? w.factor : 1;
        row link(program_, 0);
        link.add(tau, -1);
        for (const auto& [cut, column] : after) {
          const auto m = price_message(t_, s, alive[i + 1], static_cast<double>(t_.instance->modules[cut - 1].cut_bytes), slow);
          lap.add(column, m.seconds / scale_);
          link.add(column, t_.sequences * m.busy / scale_);
        }
      }
      if (t_.tier != window_tier::hot) run_in_memory(s, before, after);
      before = after;
    }
  }

  /// One boundary of a scenario: inside what the stages on both sides hold, after the boundary before.
  [[nodiscard]] place add_boundary(std::size_t s, std::size_t next, const place& before, int on) {
    const bool reachable = price_message(t_, s, next, 0, 1).seconds < window_tables::never;
    const std::size_t low = std::max<std::size_t>(t_.widest(next).first, 1);
    const std::size_t high = std::min(t_.widest(s).end, t_.modules - 1);
    place here;
    if (reachable && low <= high) here = add_place(low, high);
    const int exactly = program_.add_row({GLP_FX, 0});
    program_.add(exactly, on, -1);
    for (const auto& [cut, column] : here) program_.add(exactly, column, 1);
    for (const auto& [cut, column] : here) {
      if (cut > t_.cuts[s + 1]) {  // at or after this cut only where s holds as far
        row within(program_, 0);
        for (const auto& [c, p] : here)
          if (c >= cut) within.add(p, 1);
        for (const auto& [c, b] : end_[s])
          if (c >= cut) within.add(b, -1);
      }
      if (cut < t_.cuts[next]) {
        row within(program_, 0);
        for (const auto& [c, p] : here)
          if (c <= cut) within.add(p, 1);
        for (const auto& [c, a] : first_[next])
          if (c <= cut) within.add(a, -1);
      }
      if (!before.empty() &&
          cut <= before.rbegin()->first) {  // at or before this cut only where the boundary before lies before it
        row ordered(program_, 0);
        for (const auto& [c, p] : here)
          if (c <= cut) ordered.add(p, 1);
        for (const auto& [c, p] : before)
          if (c < cut) ordered.add(p, -1);
      }
    }
    return here;
  }

  /// What the stage runs fits beside what it holds.
  void run_in_memory(std::size_t s, const place& before, const place& after) {
    const bool cold = t_.tier == window_tier::cold;
    if (!cold && t_.kv_bytes.back() == 0) return;
    row memory(program_, megabytes(t_.room_bytes[s]));
    if (!cold) hold(memory, s, false);
    const auto bytes = [&](std::size_t cut) { return megabytes(t_.kv_bytes[cut] + (cold ? t_.weight_bytes[cut] : 0)); };
    memory.add(after, 1, bytes);
    memory.add(before, -1, bytes);
  }

  /// on = 1 only where the place says `cut`.
  void need(int on, const place& at, std::size_t cut) {
    row needed(program_, 0);
    needed.add(on, 1);
    if (const auto found = at.find(cut); found != at.end()) needed.add(found->second, -1);
  }
  /// tau >= sequences * seconds where the column is 1.
  void at_most(int tau, int column, double seconds) {
    row busy(program_, 0);
    busy.add(tau, -1);
    busy.add(column, t_.sequences * seconds / scale_);
  }

  const window_tables& t_;
  const double scale_;
  mip program_;
  int expectation_ = 0;
  std::vector<place> first_;  // [stage]
  std::vector<place> end_;
};

}  // namespace detail

/// Chooses the windows with the least expected round, as expected_windows does, by a mixed-integer program that GLPK solves and
/// proves; there is no limit to the combinations, but one to the time.
/// Requires  stages that are a plan of the instance
/// Errors    as expected_windows but for the limit; timeout when nothing was found in time, internal when GLPK fails
[[nodiscard]] inline result<overlap_windows> glpk_expected_windows(const placement_instance& instance,
                                                                   std::span<const stage_interval> stages,
                                                                   std::span<const window_scenario> scenarios,
                                                                   const window_options& options, double time_limit_seconds) {
  const auto t = detail::make_window_tables(instance, stages, scenarios, options);
  if (!t) return t.error();
  detail::window_shift shift(*t);
  const double without = detail::expected_seconds(*t, shift, detail::own_modules(*t));
  using outcome = detail::mip_answer::outcome;
  detail::mip_answer answer;
  std::optional<detail::window_model> model;
  double scale = 0;
  // A stage's own modules are always windows, so "infeasible" can only be GLPK's rounding: other units are another chance.
  for (const double coarser : {1.0, 10.0, 100.0}) {
    scale = (without > 0 ? without : 1) / detail::scaled_expectation * coarser;
    model.emplace(*t, scale);
    answer = detail::solve_mip(model->program(), time_limit_seconds);
    if (answer.what != outcome::infeasible) break;
  }
  if (answer.what == outcome::nothing)
    return error{errc::timeout, "GLPK found no windows within " + detail::number_text(time_limit_seconds) + " s"};
  if (answer.what != outcome::optimal && answer.what != outcome::feasible)
    return error{errc::internal, "GLPK gave up on the program of windows"};
  const double bound = (answer.what == outcome::optimal ? answer.objective : answer.bound) * (1 - 2 * detail::glpk_gap) * scale;
  return detail::report_windows(*t, detail::trimmed(*t, shift, model->windows(answer.values), options.most_steps), bound);
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/glpk/solver_thread.hpp>

#include <doctest/doctest.h>

#include <lingualinked/glpk/partitioner.hpp>

#include "../partition/brute_force.hpp"
#include "../partition/random_instances.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

namespace ll = lingualinked;
namespace ref = planning_reference;

namespace {

/// The placement problem module by module, as a mixed-integer program that knows nothing of intervals: x[j, d] says that module j
/// is on device d, s[j, d] that an interval starts there, and each tensor has a column for each pair of devices that it could
/// join, which is 1 when both its ends are there.
class node_model {
 public:
  node_model(const ll::placement_instance& p, double scale) : p_(p), scale_(scale) {
    tau_ = program_.add_column({false, 0, std::numeric_limits<double>::infinity(), true});
    lap_ = at_most(0);
    program_.add(lap_, tau_, -1);
    for (std::size_t j = 0; j < p.modules.size() * p.devices.size(); ++j) x_.push_back(program_.add_column({true}));
    place();
    for (std::size_t j = 0; j + 1 < p.modules.size(); ++j) send(j, j + 1, p.modules[j].cut_bytes);
    for (const auto& e : p.edges) send(e.from_module, e.to_module, e.bytes);
    const std::size_t last = p.modules.size() - 1;
    if (!p.header) send(last, 0, p.token_bytes);
    for (std::size_t d = 0; d < p.devices.size() && p.header; ++d) {
      message(at_least(x(0, d)), *p.header, d, p.token_bytes);
      message(at_least(x(last, d)), d, *p.header, p.token_bytes);
    }
    for (const auto& [pair, columns] : loads_) {
      const int row = at_most(0);
      program_.add(row, tau_, -1);
      for (const auto& [column, seconds] : columns) program_.add(row, column, p.sequences * seconds / scale_);
    }
  }
  [[nodiscard]] ll::detail::mip_answer solve() const { return ll::detail::solve_mip(program_, 600); }

 private:
  [[nodiscard]] int x(std::size_t j, std::size_t d) const { return x_[j * p_.devices.size() + d]; }
  int at_most(double right) { return program_.add_row({GLP_UP, right}); }

  /// A column that is 1 where that one is.
  int at_least(int column) {
    const int other = program_.add_column({true});
    const int row = at_most(0);
    program_.add(row, column, 1);
    program_.add(row, other, -1);
    return other;
  }

  void place() {
    for (std::size_t j = 0; j < p_.modules.size(); ++j) {
      const int once = program_.add_row({GLP_FX, 1});
      for (std::size_t d = 0; d < p_.devices.size(); ++d) program_.add(once, x(j, d), 1);
    }
    const int all_starts = p_.max_stages ? at_most(*p_.max_stages) : 0;
    for (std::size_t d = 0; d < p_.devices.size(); ++d) {
      const auto& device = p_.devices[d];
      const int starts = at_most(1);
      const int memory = at_most(static_cast<double>(device.memory_bytes));
      const int busy = at_most(0);
      program_.add(busy, tau_, -1);
      for (std::size_t j = 0; j < p_.modules.size(); ++j) {
        const int start = program_.add_column({true});
        const int begins = at_most(0);
        program_.add(begins, x(j, d), 1);
        if (j > 0) program_.add(begins, x(j - 1, d), -1);
        program_.add(begins, start, -1);
        program_.add(starts, start, 1);
        program_.add(busy, start, p_.sequences * device.stage_seconds / scale_);
        program_.add(lap_, start, device.stage_seconds / scale_);
        if (all_starts != 0) program_.add(all_starts, start, 1);
        const auto& m = p_.modules[j];
        program_.add(memory, x(j, d),
                     static_cast<double>(m.weight_bytes + m.kv_bytes_per_token * p_.context_tokens * p_.sequences));
        program_.add(busy, x(j, d), p_.sequences * device.module_seconds[j] / scale_);
        program_.add(lap_, x(j, d), device.module_seconds[j] / scale_);
      }
      for (const std::size_t j : device.forbidden_modules) program_.add(at_most(0), x(j, d), 1);
      if (p_.tied_bytes == 0) continue;
      const int tied = program_.add_column({true});  // both ends are here
      for (const std::size_t end : {std::size_t{0}, p_.modules.size() - 1}) {
        const int row = at_most(0);
        program_.add(row, tied, 1);
        program_.add(row, x(end, d), -1);
      }
      program_.add(memory, tied, -static_cast<double>(p_.tied_bytes));
    }
    for (std::size_t d = 0; d < p_.devices.size(); ++d)
      for (std::size_t e = 0; e < d; ++e)
        if (p_.devices[e].contract != p_.devices[d].contract) apart(d, e);
  }

  /// Not both devices are used.
  void apart(std::size_t d, std::size_t e) {
    for (std::size_t i = 0; i < p_.modules.size(); ++i)
      for (std::size_t j = 0; j < p_.modules.size(); ++j) {
        const int row = at_most(1);
        program_.add(row, x(i, d), 1);
        program_.add(row, x(j, e), 1);
      }
  }

  void send(std::size_t from, std::size_t to, std::uint64_t bytes) {
    for (std::size_t d = 0; d < p_.devices.size(); ++d)
      for (std::size_t e = 0; e < p_.devices.size(); ++e) {
        if (d == e) continue;
        const int row = at_most(1);  // both ends -> the column
        program_.add(row, x(from, d), 1);
        program_.add(row, x(to, e), 1);
        if (!ref::find_link(p_, d, e)) continue;
        const int joins = program_.add_column({true});
        program_.add(row, joins, -1);
        message(joins, d, e, bytes);
      }
  }

  /// What one unit of a column sends; where there is no link, the column is out.
  void message(int column, std::size_t from, std::size_t to, std::uint64_t bytes) {
    if (from == to) return;
    const auto link = ref::find_link(p_, from, to);
    if (!link) {
      program_.add(at_most(0), column, 1);
      return;
    }
    const double seconds = static_cast<double>(bytes) / link->bandwidth_bytes_per_second;
    program_.add(lap_, column, (link->latency_seconds + seconds) / scale_);
    loads_[{from, to}].emplace_back(column, seconds);
  }

  const ll::placement_instance& p_;
  double scale_;
  ll::detail::mip program_;
  int tau_ = 0;
  int lap_ = 0;
  std::vector<int> x_;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<std::pair<int, double>>> loads_;
};

}  // namespace

TEST_SUITE("glpk/node_model") {
  TEST_CASE("with residual edges of any shape the interval model has the optimum of the module-by-module model") {
    std::size_t edges = 0, feasible = 0;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
      CAPTURE(seed);
      auto p = ref::make_random_instance(seed).problem;
      if (p.devices.size() > 3 || p.modules.size() > 5) continue;
      ref::add_edges(p, seed, 1 + seed % 4);
      edges += p.edges.size();
      const auto plan = ll::glpk_partitioner{}.solve(p, 600);
      REQUIRE(plan.has_value());
      const bool exists = plan->status == ll::solve_status::optimal;
      const double scale = exists ? plan->objective_seconds / 1e4 : 1;
      const auto answer = node_model(p, scale).solve();
      if (!exists) {
        CHECK(answer.what == ll::detail::mip_answer::outcome::infeasible);
        continue;
      }
      ++feasible;
      REQUIRE(answer.what == ll::detail::mip_answer::outcome::optimal);
      CHECK(answer.objective * scale == doctest::Approx(plan->objective_seconds).epsilon(4e-6));
    }
    CHECK(edges > 20);
    CHECK(feasible > 5);
    MESSAGE(edges << " edges, " << feasible << " feasible");
  }
}

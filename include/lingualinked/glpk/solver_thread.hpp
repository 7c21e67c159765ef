// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// GLPK is licensed under GPL-3.0-or-later: a program that includes this header and links GLPK is conveyed under that licence.
#pragma once

#include <glpk.h>

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace lingualinked::inline v0::detail {

/// A mixed-integer program in GLPK's terms: minimise the first column. Rows and columns count from 1, as GLPK does.
struct mip {
  struct column {
    bool integer = false;
    double low = 0;
    double high = std::numeric_limits<double>::infinity();
    bool amount = false;  // any number, while others are 0 or 1 in the end
  };
  struct row {
    int type = GLP_FX;  // GLP_FX: = right, GLP_UP: <= right
    double right = 0;
  };
  std::vector<column> columns;
  std::vector<row> rows;
  std::vector<int> at_row{0};  // entry 0 of all three is unused
  std::vector<int> at_column{0};
  std::vector<double> value{0};

  int add_column(column c) {
    columns.push_back(c);
    return static_cast<int>(columns.size());
  }
  int add_row(row r) {
    rows.push_back(r);
    return static_cast<int>(rows.size());
  }
  void add(int row, int column, double coefficient) {
    at_row.push_back(row);
    at_column.push_back(column);
    value.push_back(coefficient);
  }
};

struct mip_answer {
  enum class outcome : unsigned char { optimal, feasible, infeasible, nothing, failed } what = outcome::failed;
  double bound = -std::numeric_limits<double>::infinity();
  double objective = std::numeric_limits<double>::infinity();
  std::vector<double> values;  // [column - 1], when there is a solution
};

/// Memory that one solve may take; beyond it GLPK gives up, and with it this solve.
inline constexpr int glpk_memory_mebibytes = 2048;
/// Gap at which branch and bound stops.
inline constexpr double glpk_gap = 2e-7;

inline void note_bound(glp_tree* tree, void* bound) {
  const int best = glp_ios_best_node(tree);
  if (best != 0) *static_cast<double*>(bound) = glp_ios_node_bound(tree, best);
}

inline void leave_glpk(void* way_out) { std::longjmp(*static_cast<std::jmp_buf*>(way_out), 1); }

/// Fixes the columns at 0 whose reduced cost says that no solution below the limit of the first column can use them: a plan uses
/// a column wholly or not at all, and pays at least that much more than the relaxation.
/// Requires  an optimal basis
inline void drop_dear_columns(glp_prob* problem, const mip& model) {
  const double room = model.columns[0].high - glp_get_obj_val(problem);
  const double margin = 1e-6 * std::max(1.0, model.columns[0].high);
  for (int j = 2; j <= glp_get_num_cols(problem); ++j)
    if (!model.columns[static_cast<std::size_t>(j) - 1].amount && glp_get_col_stat(problem, j) == GLP_NL &&
        glp_get_col_dual(problem, j) > room + margin)
      glp_set_col_bnds(problem, j, GLP_FX, 0, 0);
}

/// Runs GLPK. A fatal error inside GLPK comes back here instead of ending the process: nothing between setjmp and the end of this
/// function has a destructor. Integer columns are all 0 or 1.
inline void run_glpk(const mip& model, int time_limit_milliseconds, mip_answer& answer) {
  std::jmp_buf way_out;
  glp_term_out(GLP_OFF);  // msg_lev alone does not silence all of GLPK, nor does this what it says before it gives up
  glp_term_hook([](void*, const char*) { return 1; }, nullptr);
  if (setjmp(way_out) != 0) {
    answer.what = mip_answer::outcome::failed;
    glp_error_hook(nullptr, nullptr);
    return;
  }
  glp_error_hook(leave_glpk, &way_out);
  glp_mem_limit(glpk_memory_mebibytes);
  const double start = glp_time();
  glp_prob* problem = glp_create_prob();
  glp_set_obj_dir(problem, GLP_MIN);
  glp_add_rows(problem, static_cast<int>(model.rows.size()));
  glp_add_cols(problem, static_cast<int>(model.columns.size()));
  for (std::size_t i = 0; i < model.rows.size(); ++i)
    glp_set_row_bnds(problem, static_cast<int>(i) + 1, model.rows[i].type, model.rows[i].right, model.rows[i].right);
  for (std::size_t j = 0; j < model.columns.size(); ++j) {
    const auto& c = model.columns[j];
    const int column = static_cast<int>(j) + 1;
    if (c.integer) glp_set_col_kind(problem, column, GLP_BV);
    else if (c.high == std::numeric_limits<double>::infinity()) glp_set_col_bnds(problem, column, GLP_LO, c.low, 0);
    else glp_set_col_bnds(problem, column, c.low < c.high ? GLP_DB : GLP_FX, c.low, c.high);
  }
  glp_set_obj_coef(problem, 1, 1);
  glp_load_matrix(problem, static_cast<int>(model.value.size()) - 1, model.at_row.data(), model.at_column.data(),
                  model.value.data());
  // Not GLPK's presolver: it is deaf to the time limit, takes minutes for large programs, and drops rows that are violated
  // by up to 1e-3, which is more than the gap to prove.
  // Loading, scaling and the first basis are deaf to it too: large programs stop in between, and the others begin only where
  // there is time for them. They take about eight times as long as loading.
  constexpr int most_loadings = 10;
  const auto taken = [&] { return static_cast<int>(1000 * glp_difftime(glp_time(), start)); };
  const auto left = [&] { return time_limit_milliseconds - taken(); };
  const bool worthwhile = left() > most_loadings * taken();
  if (worthwhile) {
    glp_scale_prob(problem, GLP_SF_AUTO);
    glp_adv_basis(problem, 0);
  }
  glp_smcp relaxation;
  glp_init_smcp(&relaxation);
  relaxation.msg_lev = GLP_MSG_OFF;
  relaxation.meth = GLP_DUALP;
  relaxation.tm_lim = std::max(1, left());
  int code = worthwhile && left() > 0 ? glp_simplex(problem, &relaxation) : GLP_ETMLIM;
  int status = GLP_UNDEF;
  if (code == 0 && glp_get_status(problem) == GLP_OPT) {
    answer.bound = glp_get_obj_val(problem);
    drop_dear_columns(problem, model);
    glp_iocp options;
    glp_init_iocp(&options);
    options.msg_lev = GLP_MSG_OFF;
    options.br_tech = GLP_BR_DTH;
    options.bt_tech = GLP_BT_BLB;
    options.tm_lim = std::max(1, left());
    options.mip_gap = glpk_gap;
    options.tol_int = 1e-9;  // the default, 1e-5, lets tau come out that much too small
    options.cb_func = note_bound;
    options.cb_info = &answer.bound;
    code = glp_intopt(problem, &options);
    status = glp_mip_status(problem);
  } else if (code == 0 && glp_get_status(problem) == GLP_NOFEAS) {
    status = GLP_NOFEAS;
  }
  const bool solved = status == GLP_OPT || status == GLP_FEAS;
  if (status == GLP_NOFEAS) answer.what = mip_answer::outcome::infeasible;
  else if ((code == 0 && status == GLP_OPT) || (code == GLP_EMIPGAP && solved)) answer.what = mip_answer::outcome::optimal;
  else if (solved) answer.what = mip_answer::outcome::feasible;
  else answer.what = code == GLP_ETMLIM ? mip_answer::outcome::nothing : mip_answer::outcome::failed;
  if (solved) {
    answer.objective = glp_mip_obj_val(problem);
    for (std::size_t j = 0; j < answer.values.size(); ++j) answer.values[j] = glp_mip_col_val(problem, static_cast<int>(j) + 1);
  }
  glp_delete_prob(problem);
  glp_error_hook(nullptr, nullptr);
}

/// Solves on a thread of its own, so that GLPK's environment (one for each thread in builds that have that) begins and ends with
/// the solve and the caller's own use of GLPK is left alone. One solve at a time, for builds where all threads share one.
[[nodiscard]] inline mip_answer solve_mip(const mip& model, double time_limit_seconds) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  mip_answer answer;
  answer.values.resize(model.columns.size());
  const int milliseconds = static_cast<int>(std::clamp(time_limit_seconds * 1e3, 1.0, 1e9));
  try {
    std::thread([&] {
      run_glpk(model, milliseconds, answer);
      glp_free_env();
    }).join();
  } catch (const std::system_error&) {
    answer.what = mip_answer::outcome::failed;
  }
  return answer;
}

}  // namespace lingualinked::inline v0::detail

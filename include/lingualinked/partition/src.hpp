// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Everything of this folder that is compiled once where lingualinked::models is linked.
#include <lingualinked/partition/balanced.ipp>
#include <lingualinked/partition/bounds.ipp>
#include <lingualinked/partition/busiest_bound.ipp>
#include <lingualinked/partition/chain.ipp>
#include <lingualinked/partition/cost_model.ipp>
#include <lingualinked/partition/counts.ipp>
#include <lingualinked/partition/evaluate.ipp>
#include <lingualinked/partition/explanation.ipp>
#include <lingualinked/partition/fixed_cuts.ipp>
#include <lingualinked/partition/infeasible.ipp>
#include <lingualinked/partition/label_costs.ipp>
#include <lingualinked/partition/label_search.ipp>
#include <lingualinked/partition/lingualinked.ipp>
#include <lingualinked/partition/micro_batches.ipp>
#include <lingualinked/partition/proportional.ipp>
#include <lingualinked/partition/quick_plan.ipp>
#include <lingualinked/partition/subset_search.ipp>
#include <lingualinked/partition/tables.ipp>
#include <lingualinked/partition/validate.ipp>
#include <lingualinked/partition/window_problem.ipp>
#include <lingualinked/partition/window_shift.ipp>
#include <lingualinked/partition/windows.ipp>

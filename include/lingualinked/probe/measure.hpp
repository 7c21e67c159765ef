// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/profile.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/kernels/table.hpp>
#include <lingualinked/model/language_model.hpp>
#include <lingualinked/tensor/dtype.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace lingualinked::inline v0 {

/// How a model is to be measured on this machine.
struct measure_options {
  dtype kv_type = dtype::f16;
  unsigned threads = 1;
  const kernels::table* kernels = nullptr;  // null: the best this machine has
  std::string build;                        // goes into the profile as it is
  std::string isa;                          // likewise
  std::uint64_t memory_bytes = UINT64_MAX;  // that may be used meanwhile; a larger model is measured part by part
  double budget_seconds = 40;               // aimed at by measuring less: shorter contexts, fewer repeats; loading comes on top
  unsigned decode_repeats = 48;             // at each of three contexts
  double slowdown = 1;                      // measures the slower machine that slowed_executor plays with this factor
};

struct measured_model {
  device_profile profile;
  double compute_flops_per_second = 0;  // of the largest piece of a prompt, over all modules that were measured
  double other_cores = 0;               // cores that other programs used meanwhile
};

/// Called with the share that is done, 0 to 1; false stops the measurement.
using measure_progress = std::function<bool(double share)>;

/// Times every kind of module of a model by running whole stages of it with the kernels that will run them: one token behind
/// three contexts and pieces of prompts of several sizes behind two. The stages hold as many layers as there is memory for, so
/// that weights come from where they come from in use, and each module is timed by itself (cpu_executor::time_modules).
///   c0 + c1 * context goes through the medians (fit_line); the spread around it is kept as quantiles. stage_overhead_seconds is
///   what a batch takes beside its modules when another thread hands it to an idle executor.
/// Errors    cancelled; else as cpu_executor::create and language_model::sha256
/// Cost      about budget_seconds and the time to load the weights; their memory
[[nodiscard]] result<measured_model> measure_model(const language_model& model, const measure_options& options,
                                                   const measure_progress& progress = {});

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/probe/measure.ipp>
#endif

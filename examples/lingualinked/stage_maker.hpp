// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "command.hpp"

#include <lingualinked/core/control.hpp>
#include <lingualinked/execution/cpu_executor.hpp>
#include <lingualinked/kernels/table.hpp>
#include <lingualinked/model/language_model.hpp>
#include <lingualinked/pipeline/executor_factory.hpp>

#include <cstdint>

namespace tool {

/// Builds the executor of one stage from a model file on this machine. Models ExecutorFactory.
class stage_maker {
 public:
  stage_maker(const ll::language_model& model, ll::kernels::isa instruction_set, unsigned threads)
      : model_(&model), instruction_set_(instruction_set), threads_(threads) {}

  [[nodiscard]] ll::result<ll::made_executor<ll::cpu_executor>> operator()(const ll::control::deploy& plan,
                                                                           const ll::load_progress& progress) const;

 private:
  const ll::language_model* model_;
  ll::kernels::isa instruction_set_;
  unsigned threads_;
};

/// What the executor of such a stage is asked for.
[[nodiscard]] ll::executor_options executor_options_for(const ll::control::deploy& plan, unsigned threads);

/// Weights, KV cache and buffers of such a stage, before anything is loaded.
[[nodiscard]] std::uint64_t stage_memory_bytes(const ll::language_model& model, const ll::executor_options& options);

}  // namespace tool

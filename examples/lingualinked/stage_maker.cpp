// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "stage_maker.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace tool {

ll::executor_options executor_options_for(const ll::control::deploy& plan, unsigned threads) {
  ll::executor_options o;
  o.first_module = plan.stages[plan.stage].first_module;
  o.last_module = plan.stages[plan.stage].last_module;
  o.context_tokens = plan.context_tokens;
  o.sequences = plan.sequences;
  o.rows = std::size_t{plan.chunk_tokens} + plan.sequences;  // one piece of a prompt and a token of every sequence
  o.kv_type = ll::dtype_of_code(plan.kv_dtype).value_or(ll::dtype::f16);
  o.threads = plan.threads != 0 ? plan.threads : threads;
  return o;
}

std::uint64_t stage_memory_bytes(const ll::language_model& model, const ll::executor_options& options) {
  const ll::module_graph modules = model.modules(options.kv_type);
  std::uint64_t weights = 0;
  std::uint64_t cache = 0;
  const std::vector<std::uint64_t> kv = ll::kv_bytes_of_modules(model.graph(), modules, options);
  for (std::size_t u = options.first_module; u <= options.last_module && u < modules.node_count(); ++u) {
    weights += modules.cost(static_cast<std::uint32_t>(u)).weight_bytes;
    cache += kv[u];
  }
  if (options.first_module == 0 && options.last_module + 1 == modules.node_count()) weights -= model.tied_bytes();
  return weights + cache * options.sequences + ll::buffer_bytes_estimate(model.graph(), options);
}

ll::result<ll::made_executor<ll::cpu_executor>> stage_maker::operator()(const ll::control::deploy& plan,
                                                                        const ll::load_progress& progress) const {
  const auto start = std::chrono::steady_clock::now();
  const ll::module_graph modules = model_->modules(ll::dtype_of_code(plan.kv_dtype).value_or(ll::dtype::f16));
  if (plan.module_count != modules.node_count())
    return ll::error{ll::errc::invalid_argument, "the plan has " + std::to_string(plan.module_count) + " modules and the model " +
                                                     std::to_string(modules.node_count())};
  auto table = ll::kernels::table_for(instruction_set_);
  if (!table) return table.error();
  ll::executor_options options = executor_options_for(plan, threads_);
  options.kernels = *table;
  auto made = ll::cpu_executor::create(model_->graph(), modules, model_->weights(), options,
                                       [&](std::uint64_t bytes, std::uint64_t) { return progress(bytes); });
  if (!made) return made.error();
  const std::uint64_t memory = made->memory_bytes();
  const std::size_t width = made->vocabulary();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return ll::made_executor<ll::cpu_executor>{*std::move(made), memory, width, took.count()};
}

}  // namespace tool

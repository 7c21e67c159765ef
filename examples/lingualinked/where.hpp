// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "command.hpp"

#include <lingualinked/core/device.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/kernels/table.hpp>
#include <lingualinked/model/language_model.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tool {

/// Where and how a model runs: the options that run, chat, eval and bench share.
struct where_options {
  std::string fleet;
  std::uint32_t devices = 0;  // 0: not asked for
  std::string cut;
  std::string plan;
  std::string isa;
  std::string kv;
  std::uint32_t threads = 0;  // 0: physical cores
  bool insecure = false;
  std::uint32_t context = 0;  // 0: min(the model's, 4096)
  std::optional<std::uint32_t> private_layers;
  std::optional<std::uint32_t> max_stages;

  void add_to(CLI::App& app, bool with_context = true);
  /// Those of the options that limit a plan over a fleet.
  void add_limits_to(CLI::App& app);

  [[nodiscard]] bool distributed() const noexcept { return !fleet.empty() || devices != 0 || !plan.empty(); }
  [[nodiscard]] ll::result<std::uint32_t> context_for(const ll::language_model& model) const;
  /// Writes the limits into what a planner is told.
  void limit(ll::planning_options& options) const;
  [[nodiscard]] ll::result<ll::dtype> kv_for(const ll::language_model& model) const;
  [[nodiscard]] ll::result<ll::kernels::isa> instruction_set() const;
  [[nodiscard]] unsigned thread_count() const;
};

}  // namespace tool

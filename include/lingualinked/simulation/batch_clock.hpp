// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/core/cost.hpp>
#include <lingualinked/core/device.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/partition/cost_model.hpp>
#include <lingualinked/runtime/stage_job.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Seconds of a batch on one device. The last module of a model, its head, sees only rows that a token follows: the last of
/// every segment that reaches the end of its prompt.
using batch_clock = std::function<double(const stage_job&)>;

namespace detail {

struct batch_rows {
  std::uint32_t all = 0;
  std::uint32_t answered = 0;
};
[[nodiscard]] inline batch_rows rows_of(const stage_job& job, std::uint32_t prompt_tokens) noexcept {
  batch_rows rows;
  for (const segment& s : job.segments) {
    rows.all += s.tokens;
    if (s.position + s.tokens >= prompt_tokens) ++rows.answered;
  }
  return rows;
}

/// What a batch asks of one module, as if it were one token: weights are read once, a cache for each segment.
[[nodiscard]] inline node_cost batch_cost(const node_cost& one, const stage_job& job, std::uint32_t rows) noexcept {
  double context_of_rows = 0;
  double context_of_segments = 0;
  for (const segment& s : job.segments) {
    double mean = s.position + (s.tokens - 1) / 2.0;
    if (one.window_tokens != 0) mean = std::min(mean, static_cast<double>(one.window_tokens));
    context_of_rows += mean * s.tokens;
    context_of_segments += mean;
  }
  node_cost all;
  all.flops_per_token = one.flops_per_token * rows + one.flops_per_token_and_context_token * context_of_rows;
  all.read_bytes_per_token =
      std::min(std::max(one.weight_bytes, one.read_bytes_per_token), one.read_bytes_per_token * rows) +
      static_cast<std::uint64_t>(static_cast<double>(one.kv_bytes_per_context_token) * context_of_segments);
  return all;
}

}  // namespace detail

/// The clock of a stage on a device of which only flops and bandwidth are known.
/// Errors    as roofline_seconds
template <Graph G>
[[nodiscard]] result<batch_clock> roofline_clock(const G& graph, const device& where, const stage_interval& stage,
                                                 std::uint32_t prompt_tokens) {
  std::vector<node_cost> costs;
  for (std::size_t m = stage.first_module; m <= stage.last_module; ++m) {
    costs.push_back(graph.cost(static_cast<node_id_t<G>>(m)));
    if (auto fine = roofline_seconds(costs.back(), where, 0); !fine) return std::move(fine).error();
  }
  device machine;
  machine.compute_flops_per_second = where.compute_flops_per_second;
  machine.memory_bandwidth_bytes_per_second = where.memory_bandwidth_bytes_per_second;
  const bool tail = stage.last_module + 1 == graph.node_count();
  return batch_clock([costs = std::move(costs), machine = std::move(machine), tail, prompt_tokens](const stage_job& job) {
    const detail::batch_rows rows = detail::rows_of(job, prompt_tokens);
    double seconds = 0;
    for (std::size_t m = 0; m < costs.size(); ++m) {
      const std::uint32_t through = tail && m + 1 == costs.size() ? rows.answered : rows.all;
      if (through > 0) seconds += *roofline_seconds(detail::batch_cost(costs[m], job, through), machine, 0);
    }
    return seconds;
  });
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/device.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

enum class objective : unsigned char { latency, throughput };

/// What the user wants of a plan, beside the graph and the fleet.
struct planning_options {
  objective goal = objective::latency;
  std::uint32_t sequences = 1;          // K: sequences in flight
  std::uint32_t context_tokens = 4096;  // the KV cache is paid for up to here
  std::uint32_t prompt_tokens = 128;    // with generate_tokens: the mean context at which times are taken
  std::uint32_t generate_tokens = 128;
  double time_limit_seconds = 60;

  friend bool operator==(const planning_options&, const planning_options&) = default;
};

/// What a partitioner is told: a graph, the machines, and what is wanted.
template <class G>
struct problem {
  const G& graph;
  const fleet& devices;
  planning_options options;
};

/// A planning problem in plain numbers: what solvers solve, files carry and brute force checks. The definition of every term
/// is in README.md, "Planning"; in short, with K = sequences, T the time of one lap and P the busiest stage or link,
/// a solver minimises tau = max(T, K * P) seconds.
struct placement_instance {
  struct module {
    std::string name;
    std::uint64_t weight_bytes = 0;
    std::uint64_t kv_bytes_per_token = 0;
    std::uint64_t cut_bytes = 0;  // cross the cut right after this module; unused for the last
    friend bool operator==(const module&, const module&) = default;
  };
  struct edge {  // an additional tensor, always sent device to device
    std::size_t from_module = 0;
    std::size_t to_module = 0;
    std::uint64_t bytes = 0;
    friend bool operator==(const edge&, const edge&) = default;
  };
  struct device {
    std::string name;
    std::uint64_t memory_bytes = 0;      // what modules may use; buffers, scratch and process already taken off
    std::vector<double> module_seconds;  // one for each module
    double stage_seconds = 0;            // once for a stage, beside its modules
    friend bool operator==(const device&, const device&) = default;
  };

  std::vector<module> modules;
  std::vector<edge> edges;
  std::vector<device> devices;
  std::vector<link> links;  // a pair without a link cannot talk
  std::uint32_t sequences = 1;
  std::uint32_t context_tokens = 0;
  std::uint64_t token_bytes = 4;
  std::uint64_t tied_bytes = 0;       // saved by a stage that holds the first and the last module
  std::optional<std::size_t> header;  // empty: the header is the first stage's device

  friend bool operator==(const placement_instance&, const placement_instance&) = default;
};

}  // namespace lingualinked::inline v0

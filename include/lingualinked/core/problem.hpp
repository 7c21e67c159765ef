// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/device.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

/// What a plan is to be best at.
enum class objective : unsigned char {
  latency,     // least tau; the name says that one sequence is meant
  throughput,  // least tau, for several sequences
  energy,      // least joules for one token
  completion,  // least seconds for one request: its prompt, and then every token of its answer
};

inline constexpr std::array<std::string_view, 4> objective_names = {"latency", "throughput", "energy", "completion"};

[[nodiscard]] constexpr std::string_view name_of(objective goal) noexcept {
  return objective_names[static_cast<std::size_t>(goal)];
}

/// Both of them minimise tau.
[[nodiscard]] constexpr bool minimises_tau(objective goal) noexcept {
  return goal == objective::latency || goal == objective::throughput;
}

/// What the user wants of a plan, beside the graph and the fleet.
struct planning_options {
  objective goal = objective::latency;
  std::uint32_t sequences = 1;              // K: sequences in flight
  std::uint32_t micro_batch_sequences = 1;  // b: tokens of so many of them go through the stages together; divides K
  std::uint32_t context_tokens = 4096;      // the KV cache is paid for up to here
  std::uint32_t prompt_tokens = 128;        // with generate_tokens: the mean context at which times are taken
  std::uint32_t generate_tokens = 128;
  std::vector<std::uint32_t> chunk_tokens;  // into which pieces a prompt may be cut, rising; empty: prompts are not looked at
  double time_limit_seconds = 60;
  std::size_t private_modules = 0;          // so many first and so many last modules stay on trusted devices
  std::optional<std::uint32_t> max_stages;  // empty: as many as help

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
/// a solver minimises tau = max(T, K * P) seconds, or what `goal` says.
///   A problem of micro-batches is one as well: what is called a sequence and a token in it then stands for a micro-batch of
///   micro_batch_sequences, and a step of them all. Seconds and bytes are theirs; prompts and their chunks count tokens.
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
    std::uint64_t memory_bytes = 0;                   // what modules may use; buffers, scratch and process already taken off
    std::vector<double> module_seconds;               // one for each module
    double stage_seconds = 0;                         // once for a stage, beside its modules, and for each piece of a prompt
    std::vector<std::size_t> forbidden_modules = {};  // rising; never placed here
    std::uint32_t contract = 1;                       // stages of one plan all have the same
    std::optional<double> power_active_watts = {};
    std::optional<double> power_idle_watts = {};
    std::optional<double> battery_joules = {};              // may be spent in generate_tokens rounds
    std::vector<std::vector<double>> prefill_seconds = {};  // [i][module]: a piece of chunk_tokens[i] prompt tokens
    friend bool operator==(const device&, const device&) = default;
  };

  std::vector<module> modules;
  std::vector<edge> edges;
  std::vector<device> devices;
  std::vector<link> links;  // a pair without a link cannot talk
  std::uint32_t sequences = 1;
  std::uint32_t micro_batch_sequences = 1;
  std::uint32_t context_tokens = 0;
  std::uint64_t token_bytes = 4;
  std::uint64_t tied_bytes = 0;             // saved by a stage that holds the first and the last module
  std::optional<std::size_t> header;        // empty: the header is the first stage's device
  std::optional<std::uint32_t> max_stages;  // empty: as many as help
  objective goal = objective::latency;
  std::uint32_t prompt_tokens = 0;
  std::uint32_t generate_tokens = 0;        // rounds of a request: what completion counts and batteries must last for
  std::vector<std::uint32_t> chunk_tokens;  // the pieces a prompt may be cut into, rising

  /// Sequences in flight, those of all micro-batches.
  [[nodiscard]] std::uint32_t all_sequences() const noexcept { return sequences * micro_batch_sequences; }
  /// How many times the bytes of a step a piece of a prompt sends.
  [[nodiscard]] double micro_batches_in(std::uint32_t chunk) const noexcept {
    return static_cast<double>(chunk) / micro_batch_sequences;
  }
  friend bool operator==(const placement_instance&, const placement_instance&) = default;
};

}  // namespace lingualinked::inline v0

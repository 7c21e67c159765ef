// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/result.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// A plan as `plan --json` prints it and `run --plan` reads it: field for field the document of README.md, "JSON". Seconds,
/// bytes, joules; empty is null.
struct plan_document {
  struct predicted_times {
    std::optional<double> token_seconds;
    std::optional<double> lap_seconds;
    std::optional<double> bottleneck_seconds;
    std::optional<double> prefill_seconds;
    std::optional<std::uint32_t> prefill_chunk_tokens;  // into which the prompt is cut
    std::optional<double> completion_seconds;           // of a request: its prompt and every token of its answer
    std::optional<double> energy_joules_per_token;
    std::optional<double> gap_median_seconds;  // between two tokens of one sequence; these three where the plan was simulated
    std::optional<double> gap_p95_seconds;
    std::optional<double> tokens_per_second;  // of all sequences together, while they decode
    friend bool operator==(const predicted_times&, const predicted_times&) = default;
  };
  struct baseline {
    bool feasible = false;
    std::optional<double> token_seconds;
    std::optional<std::string> reason;
    friend bool operator==(const baseline&, const baseline&) = default;
  };
  struct stage {
    std::string device;
    std::optional<std::string> endpoint;  // empty where only an instance was known, as the next one
    std::size_t first_module = 0;
    std::size_t last_module = 0;  // inclusive
    double seconds = 0;
    std::uint64_t memory_bytes = 0;
    std::optional<std::uint64_t> reserve_bytes;
    std::optional<unsigned> threads;                             // that its times are for, where the fleet says so
    std::optional<std::pair<std::size_t, std::size_t>> overlap;  // first and last module kept, both ends inclusive
    friend bool operator==(const stage&, const stage&) = default;
  };
  struct tensor {
    std::string name;  // "residual@17": the stream that enters module 17; "module 3 -> 9": an edge past a neighbour
    std::string from;
    std::string to;
    std::uint64_t bytes_per_token = 0;
    std::string kind;  // sequential or residual
    friend bool operator==(const tensor&, const tensor&) = default;
  };
  struct unused_device {
    std::string device;
    std::string reason;
    friend bool operator==(const unused_device&, const unused_device&) = default;
  };

  struct windows {
    std::string rule;                             // expected or max_bytes
    std::string tier = "warm";                    // where the modules beyond a stage's own are kept: cold, warm or hot
    double slow_down = 2;                         // a device, any of them, becomes so many times slower
    std::optional<double> token_seconds;          // expected then, when boundaries move inside the windows
    std::optional<double> without_token_seconds;  // and when they cannot
    std::uint64_t extra_bytes = 0;                // held twice
    friend bool operator==(const windows&, const windows&) = default;
  };
  struct change {
    std::string what;                     // "1 GB more on 'phone-a'"
    std::optional<double> token_seconds;  // of the best plan found then
    std::optional<double> objective_value;
    solve_status status = solve_status::optimal;  // of that plan; feasible or unknown: the search was cut short
    friend bool operator==(const change&, const change&) = default;
  };
  struct explanation {
    std::string limit;  // what holds the plan up
    std::vector<change> changes;
    std::vector<windows> window_rules;  // what each rule's windows would be worth
    friend bool operator==(const explanation&, const explanation&) = default;
  };

  std::string objective;
  std::uint32_t sequences = 1;
  std::uint32_t context_tokens = 0;
  std::optional<std::uint32_t> micro_batch_sequences;  // whose tokens share a batch; empty: of all that wait
  std::size_t module_count = 0;
  std::optional<std::string> model_sha256;
  std::optional<std::string> fleet_sha256;
  std::optional<std::string> kv_dtype;
  std::uint32_t contract = 1;
  std::string solver;
  std::string status;
  std::optional<double> objective_value;
  std::string objective_unit = "seconds";
  std::optional<double> objective_seconds;
  std::optional<double> bound;
  std::optional<double> gap;
  double solve_seconds = 0;
  std::optional<std::string> reason;
  predicted_times predicted;
  std::map<std::string, baseline> baselines;  // by the name of the rule
  std::optional<windows> overlaps;            // what the overlaps of the stages are worth; empty: none were chosen
  std::vector<stage> stages;
  std::vector<tensor> transmissions;
  std::vector<unused_device> unused;
  std::optional<explanation> explained;  // where it was asked for; it is written and not read back

  friend bool operator==(const plan_document&, const plan_document&) = default;
};

[[nodiscard]] nlohmann::ordered_json to_json(const plan_document& plan);

/// Reads a plan back. Everything is checked but what only a model and a fleet can tell.
/// Errors    malformed, naming the field; limit
[[nodiscard]] result<plan_document> read_plan(std::string_view text);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/documents/plan.ipp>
#endif

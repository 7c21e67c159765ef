// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/executor.hpp>
#include <lingualinked/core/control.hpp>
#include <lingualinked/core/cost.hpp>
#include <lingualinked/core/plan.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/runtime/session_plan.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

/// A model without arithmetic: every module turns what it reads, at this and all earlier positions, into a 64-bit number. A token
/// is right only if every row went through every module once, in order, with all its inputs.
namespace fake {

namespace ll = lingualinked;

inline constexpr ll::token_id vocabulary = 50;

inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a * 0x9E3779B97F4A7C15U + b + 0x632BE59BD9B4E019U;
  x ^= x >> 31;
  x *= 0xBF58476D1CE4E5B9U;
  x ^= x >> 29;
  return x;
}

/// Modules in a chain, and residual edges over it. Rows of an edge are the producer's number, repeated.
class model {
 public:
  using node_id = std::uint32_t;

  explicit model(std::size_t modules) : successors_(modules), predecessors_(modules) {
    for (node_id m = 0; m + 1 < modules; ++m) add_edge(m, m + 1);
  }
  void add_edge(node_id from, node_id to) {
    auto& s = successors_[from];
    if (std::find(s.begin(), s.end(), to) != s.end()) return;
    s.insert(std::upper_bound(s.begin(), s.end(), to), to);
    auto& p = predecessors_[to];
    p.insert(std::upper_bound(p.begin(), p.end(), from), from);
  }
  static model random(std::size_t modules, std::size_t residual_edges, std::mt19937_64& random) {
    model m(modules);
    for (std::size_t i = 0; i < residual_edges && modules > 2; ++i) {
      const auto from = static_cast<node_id>(random() % (modules - 2));
      m.add_edge(from, from + 2 + static_cast<node_id>(random() % (modules - from - 2)));
    }
    return m;
  }

  [[nodiscard]] std::size_t node_count() const noexcept { return successors_.size(); }
  [[nodiscard]] const std::vector<node_id>& successors(node_id u) const { return successors_[u]; }
  [[nodiscard]] const std::vector<node_id>& predecessors(node_id u) const { return predecessors_[u]; }
  [[nodiscard]] ll::node_cost cost(node_id) const noexcept { return {.flops_per_token = 1, .weight_bytes = 1}; }
  [[nodiscard]] std::uint64_t edge_bytes(node_id u, node_id v) const noexcept {
    const auto& s = successors_[u];
    return std::find(s.begin(), s.end(), v) == s.end() ? 0 : row_numbers(u) * 8;
  }
  [[nodiscard]] static std::size_t row_numbers(node_id u) noexcept { return 1 + u % 3; }

  /// The tensors that cross between these stages, one for each producer and receiving stage.
  [[nodiscard]] std::vector<ll::transmission> transmissions(const std::vector<ll::planned_stage>& stages) const {
    std::vector<ll::transmission> map;
    for (node_id u = 0; u < node_count(); ++u) {
      for (const node_id v : successors_[u]) {
        const std::size_t from = stage_of(stages, u);
        const std::size_t to = stage_of(stages, v);
        const bool known = std::any_of(map.begin(), map.end(),
                                       [&](const ll::transmission& t) { return t.producer_module == u && t.to_stage == to; });
        if (from != to && !known) map.push_back({u, v, from, to, edge_bytes(u, v)});
      }
    }
    return map;
  }

  /// What the whole model does, said in ten lines: the tokens of one request.
  [[nodiscard]] std::vector<ll::token_id> generate(const ll::sequence_options& options) const {
    std::vector<std::uint64_t> memory(node_count(), 1);
    std::vector<std::uint64_t> value(node_count());
    std::vector<ll::token_id> tokens = options.prompt;
    std::vector<ll::token_id> made;
    for (std::size_t at = 0; at < tokens.size(); ++at) {
      for (node_id m = 0; m < node_count(); ++m) {
        if (m == 0) memory[m] = mix(memory[m], static_cast<std::uint64_t>(tokens[at]));
        for (const node_id u : predecessors_[m]) memory[m] = mix(memory[m], value[u]);
        value[m] = mix(m, memory[m]);
      }
      if (at + 1 < options.prompt.size() || made.size() == options.max_tokens) continue;
      const auto token = static_cast<ll::token_id>(value.back() % vocabulary);
      made.push_back(token);
      const auto& ends = options.end_tokens;
      if (made.size() == options.max_tokens || std::find(ends.begin(), ends.end(), token) != ends.end()) break;
      tokens.push_back(token);
    }
    return made;
  }
  [[nodiscard]] static float logit(std::uint64_t value, std::size_t token) {
    return static_cast<float>(mix(value, token) % 1000);
  }

 private:
  static std::size_t stage_of(const std::vector<ll::planned_stage>& stages, node_id module) {
    std::size_t s = 0;
    while (stages[s].last_module < module) ++s;
    return s;
  }
  std::vector<std::vector<node_id>> successors_;
  std::vector<std::vector<node_id>> predecessors_;
};

/// One stage of a fake model. Checks what the runtime promises to an executor, and says so as errc::invalid_argument.
class executor {
 public:
  executor(const model& whole, ll::control::deploy plan) : model_(&whole), plan_(std::move(plan)) {}

  ll::result<void> open(ll::sequence_id sequence, const ll::sequence_options& options) {
    if (sequences_.contains(sequence)) return broken("a sequence was opened twice");
    if (sequences_.size() == plan_.sequences) return broken("too many sequences are open");
    if (!options.prompt.empty() && options.prompt.front() == refused_token)
      return ll::error{ll::errc::limit, "this stage refuses the sequence"};
    sequences_[sequence] = {options, std::vector<std::uint64_t>(model_->node_count(), 1), 0};
    return {};
  }
  void release(ll::sequence_id sequence) noexcept { sequences_.erase(sequence); }

  ll::result<void> run(const ll::stage_batch& batch) {
    const auto& interval = plan_.stages[plan_.stage];
    const bool first = plan_.stage == 0;
    const bool tail = plan_.stage + 1 == plan_.stages.size();
    std::size_t rows = 0;
    for (const ll::segment& s : batch.segments) {
      rows += s.tokens;
      const auto found = sequences_.find(s.sequence);
      if (found == sequences_.end()) return broken("a batch has a sequence that is not open");
      if (found->second.next_position != s.position || s.tokens == 0) return broken("a segment does not continue its sequence");
      if (s.position + s.tokens > plan_.context_tokens) return broken("a segment leaves the context");
    }
    if (rows == 0 || rows > plan_.chunk_tokens) return broken("a batch is empty or too long");
    if (batch.tokens.size() != (first ? rows : 0)) return broken("the tokens are not there");
    if (batch.sampled.size() != (tail ? batch.segments.size() : 0)) return broken("there is no room for samples");
    std::size_t row = 0;
    for (const ll::segment& s : batch.segments)
      for (std::uint32_t i = 0; i < s.tokens; ++i, ++row)
        if (first && batch.tokens[row] == poison_token) return ll::error{ll::errc::numeric, "this stage cannot run the batch"};

    row = 0;
    for (std::size_t k = 0; k < batch.segments.size(); ++k) {
      const ll::segment& s = batch.segments[k];
      state& sequence = sequences_[s.sequence];
      std::uint64_t last = 0;
      for (std::uint32_t i = 0; i < s.tokens; ++i, ++row) {
        std::map<std::uint32_t, std::uint64_t> values;
        std::size_t seen = 0;
        for (const ll::stage_input& input : batch.inputs) {
          const ll::transmission& t = plan_.transmissions[input.tensor];
          if (t.to_stage != plan_.stage || input.rows.size() != rows * t.bytes_per_token) return broken("an input is wrong");
          std::uint64_t value = 0;
          for (std::size_t n = 0; n < t.bytes_per_token / 8; ++n) {
            std::uint64_t number = 0;
            std::memcpy(&number, input.rows.data() + row * t.bytes_per_token + n * 8, 8);
            if (n > 0 && number != value) return broken("the rows of an input are mixed up");
            value = number;
          }
          values[static_cast<std::uint32_t>(t.producer_module)] = value;
          ++seen;
        }
        for (const ll::transmission& t : plan_.transmissions) seen -= t.to_stage == plan_.stage ? 1U : 0U;
        if (seen != 0) return broken("not every input is there");
        for (std::uint32_t m = interval.first_module; m <= interval.last_module; ++m) {
          std::uint64_t& memory = sequence.memory[m];
          if (m == 0) memory = mix(memory, static_cast<std::uint64_t>(batch.tokens[row]));
          for (const std::uint32_t u : model_->predecessors(m)) {
            if (!values.contains(u)) return broken("a module misses an input");
            memory = mix(memory, values[u]);
          }
          values[m] = mix(m, memory);
        }
        for (const ll::stage_output& output : batch.outputs) {
          const ll::transmission& t = plan_.transmissions[output.tensor];
          if (t.from_stage != plan_.stage || output.rows.size() != rows * t.bytes_per_token) return broken("an output is wrong");
          for (std::size_t n = 0; n < t.bytes_per_token / 8; ++n)
            std::memcpy(output.rows.data() + row * t.bytes_per_token + n * 8,
                        &values[static_cast<std::uint32_t>(t.producer_module)], 8);
        }
        last = values[interval.last_module];
        for (ll::token_id v = 0; v < vocabulary && !batch.logits.empty(); ++v)
          batch.logits[row * vocabulary + static_cast<std::size_t>(v)] = model::logit(last, static_cast<std::size_t>(v));
      }
      sequence.next_position += s.tokens;
      if (tail && sequence.options.max_tokens > 0 && sequence.next_position >= sequence.options.prompt.size())
        batch.sampled[k] = static_cast<ll::token_id>(last % vocabulary);
    }
    ++batches;
    return {};
  }

  static constexpr ll::token_id refused_token = 1000;  // a prompt that begins with it cannot be opened
  static constexpr ll::token_id poison_token = 1001;   // a batch with it cannot be run
  std::size_t batches = 0;

 private:
  struct state {
    ll::sequence_options options;
    std::vector<std::uint64_t> memory;
    std::uint32_t next_position = 0;
  };
  static ll::error broken(const char* what) { return {ll::errc::invalid_argument, what}; }

  const model* model_;
  ll::control::deploy plan_;
  std::map<ll::sequence_id, state> sequences_;
};

/// A plan of `cuts.size() + 1` stages; cuts are the first modules of the later ones.
inline ll::session_plan plan_of(const model& m, const std::vector<std::uint32_t>& cuts, std::uint64_t nonce = 7) {
  ll::session_plan plan;
  plan.model_fingerprint = "fake";
  plan.module_count = static_cast<std::uint32_t>(m.node_count());
  std::uint32_t first = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::uint32_t next = i < cuts.size() ? cuts[i] : plan.module_count;
    const std::string name(1, static_cast<char>('a' + i));
    plan.stages.push_back({name, "place-" + name, first, next - 1, 0, 0});
    first = next;
  }
  plan.transmissions = m.transmissions(plan.stages);
  plan.context_tokens = 64;
  plan.sequences = 4;
  plan.chunk_tokens = 8;
  ll::assign_peers(plan, nonce);
  return plan;
}

}  // namespace fake

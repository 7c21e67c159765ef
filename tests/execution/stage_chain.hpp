// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/execution/cpu_executor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace test_support {

namespace ll = lingualinked;

struct chain_options {
  std::vector<std::size_t> cuts{};  // a stage ends after each of these modules
  unsigned threads = 1;
  const ll::kernels::table* kernels = nullptr;
  ll::dtype kv_type = ll::dtype::f32;
  std::size_t context_tokens = 64;
  std::size_t sequences = 5;
  std::size_t rows = 64;
};

/// All stages of a model in this thread, chained by hand. Throws ll::failure where a stage gives an error, unless asked not to.
class stage_chain {
 public:
  stage_chain(const ll::operation_graph& graph, const ll::tensor_source& weights, const chain_options& options) {
    const auto modules = ll::cut_into_modules(graph, ll::facts_of(options.kv_type).block_bytes).value();
    std::size_t first = 0;
    auto ends = options.cuts;
    ends.push_back(modules.node_count() - 1);
    for (const std::size_t last : ends) {
      stages_.push_back(ll::cpu_executor::create(graph, modules, weights,
                                                 {.first_module = first,
                                                  .last_module = last,
                                                  .context_tokens = options.context_tokens,
                                                  .sequences = options.sequences,
                                                  .rows = options.rows,
                                                  .kv_type = options.kv_type,
                                                  .threads = options.threads,
                                                  .kernels = options.kernels})
                            .value());
      first = last + 1;
    }
    vocabulary_ = stages_.back().vocabulary();
  }

  void open(ll::sequence_id id, const ll::sequence_options& options) {
    for (ll::cpu_executor& s : stages_) s.open(id, options).value();
  }
  void release(ll::sequence_id id) noexcept {
    for (ll::cpu_executor& s : stages_) s.release(id);
  }

  /// The logits of every row, or of none.
  std::vector<float> run(std::span<const ll::segment> segments, std::span<const ll::token_id> tokens, bool want_logits = true) {
    std::size_t rows = 0;
    for (const ll::segment& s : segments) rows += s.tokens;
    std::vector<float> logits(want_logits ? rows * vocabulary_ : 0);
    sampled_.assign(segments.size(), -1);
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      const bool tail = i + 1 == stages_.size();
      next_.resize(rows * stages_[i].output_width());
      const ll::stage_input in{0, std::as_bytes(std::span(values_))};
      const ll::stage_output out{0, std::as_writable_bytes(std::span(next_))};
      ll::stage_batch batch;
      batch.segments = segments;
      if (i == 0) batch.tokens = tokens;
      if (i != 0) batch.inputs = {&in, 1};
      if (!tail) batch.outputs = {&out, 1};
      if (tail) batch.sampled = sampled_;
      if (tail) batch.logits = logits;
      stages_[i].run(batch).value();
      std::swap(values_, next_);
    }
    return logits;
  }

  [[nodiscard]] const std::vector<ll::token_id>& sampled() const noexcept { return sampled_; }
  [[nodiscard]] std::size_t vocabulary() const noexcept { return vocabulary_; }
  [[nodiscard]] std::vector<ll::cpu_executor>& stages() noexcept { return stages_; }

 private:
  std::vector<ll::cpu_executor> stages_;
  std::size_t vocabulary_ = 0;
  std::vector<float> values_;
  std::vector<float> next_;
  std::vector<ll::token_id> sampled_;
};

/// Logits of all positions of `prompt`, fed in pieces of `chunk` tokens. `others` are sequences that ride along: each brings as
/// many tokens to every batch as it has left for it, the odd ones in front.
inline std::vector<float> logits_of(stage_chain& chain, std::span<const ll::token_id> prompt, std::size_t chunk,
                                    std::span<const std::vector<ll::token_id>> others = {}) {
  constexpr ll::sequence_id mine = 1000;
  ll::sequence_options options;
  options.prompt.assign(prompt.begin(), prompt.end());
  chain.open(mine, options);
  for (std::size_t i = 0; i < others.size(); ++i) {
    options.prompt = others[i];
    chain.open(i, options);
  }
  std::vector<float> all;
  std::vector<std::size_t> done(others.size(), 0);
  for (std::size_t at = 0; at < prompt.size(); at += chunk) {
    std::vector<ll::segment> segments;
    std::vector<ll::token_id> tokens;
    std::size_t before = 0;
    const auto add = [&](ll::sequence_id id, std::span<const ll::token_id> ids, std::size_t from, std::size_t count) {
      if (count == 0) return;
      segments.push_back({id, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(count)});
      const auto part = ids.subspan(from, count);
      tokens.insert(tokens.end(), part.begin(), part.end());
    };
    const auto add_others = [&](std::size_t parity) {
      for (std::size_t i = parity; i < others.size(); i += 2) {
        const std::size_t count = std::min(others[i].size() - done[i], i + 1);
        add(i, others[i], done[i], count);
        done[i] += count;
      }
    };
    add_others(1);
    before = tokens.size();
    const std::size_t count = std::min(chunk, prompt.size() - at);
    add(mine, prompt, at, count);
    add_others(0);
    const auto logits = chain.run(segments, tokens);
    const auto part = std::span(logits).subspan(before * chain.vocabulary(), count * chain.vocabulary());
    all.insert(all.end(), part.begin(), part.end());
  }
  chain.release(mine);
  for (std::size_t i = 0; i < others.size(); ++i) chain.release(i);
  return all;
}

/// What the model writes after a prompt, token by token as the tail draws it.
inline std::vector<ll::token_id> greedy_after(stage_chain& chain, const std::vector<ll::token_id>& prompt, std::size_t count) {
  ll::sequence_options options;
  options.prompt = prompt;
  options.max_tokens = static_cast<std::uint32_t>(count);
  chain.open(1, options);
  std::vector<ll::token_id> made;
  std::vector<ll::token_id> next = prompt;
  std::uint32_t position = 0;
  while (made.size() < count) {
    const ll::segment part{1, position, static_cast<std::uint32_t>(next.size())};
    chain.run({&part, 1}, next, false);
    position += part.tokens;
    next = {chain.sampled()[0]};
    made.push_back(next[0]);
  }
  chain.release(1);
  return made;
}

}  // namespace test_support

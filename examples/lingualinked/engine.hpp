// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "command.hpp"
#include "planning.hpp"
#include "where.hpp"

#include <lingualinked/model/language_model.hpp>
#include <lingualinked/pipeline/generation.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tool {

/// What a command is going to do with the model.
struct engine_needs {
  std::uint32_t context_tokens = 0;
  std::uint32_t prompt_tokens = 128;
  std::uint32_t generate_tokens = 128;
  std::uint32_t sequences = 1;
  bool logits = false;  // rows of logits for prompts, not only tokens
};

/// A model ready to answer: in this process, or over the devices of a plan. Either way the answers are the same bits.
class engine {
 public:
  using on_token = std::function<bool(ll::token_id)>;
  using on_rows = std::function<void(std::uint32_t first_position, std::uint32_t width, std::span<const float> values)>;

  /// Loads the weights where they are needed and returns when every stage is ready. Requires: the model outlives the engine.
  [[nodiscard]] static ll::result<engine> start(const ll::language_model& model, const where_options& where,
                                                const engine_needs& needs);
  engine(engine&&) noexcept;
  ~engine();

  [[nodiscard]] ll::result<ll::generation> generate(const ll::sequence_options& options, const on_token& tell);
  /// `count` equal requests at a time; returns when all are over. tell: also from other threads, one call at a time.
  [[nodiscard]] ll::result<void> generate_together(const ll::sequence_options& options, std::uint32_t count,
                                                   const std::function<void(std::size_t index)>& tell);
  [[nodiscard]] ll::result<ll::generation> logits(std::vector<ll::token_id> ids, const on_rows& tell);

  [[nodiscard]] std::size_t stages() const noexcept;
  /// Of one sequence; a plan that was given may say otherwise than the needs.
  [[nodiscard]] std::uint32_t context_tokens() const noexcept;
  /// The plan as 'plan --json' prints it; null when everything runs in this process.
  /// Cost  reads the whole model file for its digest: only for documents that are shown
  [[nodiscard]] ll::result<nlohmann::ordered_json> plan() const;
  /// One entry for each stage, with what it did for `last`.
  [[nodiscard]] nlohmann::ordered_json devices(const ll::generation& last) const;
  [[nodiscard]] double load_seconds() const noexcept;
  [[nodiscard]] unsigned threads() const noexcept;
  [[nodiscard]] std::string isa() const;

  struct backend;

 private:
  explicit engine(std::unique_ptr<backend> made);
  std::unique_ptr<backend> backend_;
};

}  // namespace tool

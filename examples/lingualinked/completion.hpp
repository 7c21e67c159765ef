// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "command.hpp"
#include "engine.hpp"
#include "where.hpp"

#include <lingualinked/core/sequence.hpp>
#include <lingualinked/model/language_model.hpp>
#include <lingualinked/text/tokenizer.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tool {

/// How text is written: the options that run and chat share.
struct writing_options {
  std::uint32_t max_tokens = 0;  // 0: until a stop or the context is full
  ll::sampling_parameters sampling;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> stops;
  bool ignore_eos = false;
  bool context_shift = false;
  std::optional<std::uint32_t> keep;    // first tokens that a context shift leaves; bos if not given
  std::vector<std::string> logit_bias;  // "ID=BIAS"
  unsigned mirostat = 0;
  std::optional<std::uint32_t> logprobs;  // how many of the likeliest tokens beside the chosen one
  std::string report;                     // file for the JSON document
  bool json = false;

  void add_to(CLI::App& app, float default_temperature);
  /// The sampling with what the options say in other words.
  [[nodiscard]] ll::result<ll::sampling_parameters> parameters() const;
};

/// What one prompt gave.
struct completion {
  std::string text;
  std::vector<ll::token_id> tokens;
  std::string finish_reason;
  nlohmann::ordered_json document;  // as 'run --json' prints it; without the plan when neither --json nor --report shows it
};

/// Writes on after a prompt. tell gets the text piece by piece, never half a code point.
///   t             null: ids only, no text
///   keep_special  whether control tokens show in the text
[[nodiscard]] ll::result<completion> complete(engine& e, const ll::tokenizer* t, std::vector<ll::token_id> prompt,
                                              const writing_options& o, bool keep_special,
                                              const std::function<void(const std::string&)>& tell);

/// One line on standard error: how fast it went.
void print_speed(const nlohmann::ordered_json& document);

}  // namespace tool

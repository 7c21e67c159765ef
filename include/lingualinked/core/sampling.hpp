// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>
#include <lingualinked/core/token.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

/// What is added to the logit of one token before anything else happens.
struct token_bias {
  token_id id = -1;
  float bias = 0;

  friend bool operator==(const token_bias&, const token_bias&) = default;
};

enum class mirostat_version : std::uint8_t { off = 0, v1 = 1, v2 = 2 };

inline constexpr std::size_t token_biases_max = 1024;

/// How the next token is drawn from the logits. The defaults take the argmax, the lowest id on ties; every penalty off.
struct sampling_parameters {
  float temperature = 0;
  std::uint32_t top_k = 0;  // 0: all
  float top_p = 1;
  float min_p = 0;
  float typical_p = 1;
  float repeat_penalty = 1;
  float frequency_penalty = 0;
  float presence_penalty = 0;
  std::uint32_t repeat_window_tokens = 64;  // how far back the three penalties look
  std::vector<token_bias> logit_bias{};     // a token given twice gets both
  mirostat_version mirostat = mirostat_version::off;
  float mirostat_tau = 5;     // the surprise aimed at, in bits
  float mirostat_eta = 0.1F;  // how fast it is approached
  std::uint64_t seed = 0;

  friend bool operator==(const sampling_parameters&, const sampling_parameters&) = default;
};

/// What one sequence carries from token to token: nothing, except under mirostat.
struct sampler_state {
  std::optional<double> mirostat_mu;  // largest surprise allowed, in bits; 2 tau before the first token

  friend bool operator==(const sampler_state&, const sampler_state&) = default;
};

/// Whether the token is the argmax of the logits as the model gave them.
[[nodiscard]] inline bool takes_argmax(const sampling_parameters& p) noexcept {
  return p.temperature == 0 && p.repeat_penalty == 1 && p.frequency_penalty == 0 && p.presence_penalty == 0 &&
         p.logit_bias.empty();
}

/// vocabulary  rows of the head where known, so that every biased token exists; 0: unknown
/// Errors    errc::invalid_argument naming the parameter that makes no sense; errc::limit for too many biases
[[nodiscard]] inline result<void> check_sampling(const sampling_parameters& p, std::size_t vocabulary = 0) {
  struct range {
    const char* name;
    float value;
    bool fits;
    const char* wanted;
  };
  constexpr auto share = [](float x) { return x >= 0 && x <= 1; };
  const range ranges[] = {
      {"temperature", p.temperature, p.temperature >= 0, "a finite number, 0 or more"},
      {"top_p", p.top_p, share(p.top_p), "between 0 and 1"},
      {"min_p", p.min_p, share(p.min_p), "between 0 and 1"},
      {"typical_p", p.typical_p, share(p.typical_p), "between 0 and 1"},
      {"repeat_penalty", p.repeat_penalty, p.repeat_penalty > 0, "a finite number above 0"},
      {"frequency_penalty", p.frequency_penalty, true, "a finite number"},
      {"presence_penalty", p.presence_penalty, true, "a finite number"},
      {"mirostat_tau", p.mirostat_tau, p.mirostat_tau >= 0, "a finite number, 0 or more"},
      {"mirostat_eta", p.mirostat_eta, share(p.mirostat_eta), "between 0 and 1"},
  };
  for (const range& r : ranges) {
    if (r.fits && std::isfinite(r.value)) continue;
    return error{errc::invalid_argument, std::string(r.name) + " is " + std::to_string(r.value) + "; it must be " + r.wanted};
  }
  if (p.mirostat > mirostat_version::v2)
    return error{errc::invalid_argument,
                 "mirostat is " + std::to_string(static_cast<unsigned>(p.mirostat)) + "; 0 (off), 1 and 2 are known"};
  if (p.logit_bias.size() > token_biases_max)
    return error{errc::limit, std::to_string(p.logit_bias.size()) + " logit biases; at most " + std::to_string(token_biases_max)};
  for (const token_bias& b : p.logit_bias) {
    if (b.id < 0 || (vocabulary != 0 && static_cast<std::size_t>(b.id) >= vocabulary))
      return error{errc::invalid_argument, "logit_bias names token " + std::to_string(b.id) + ", which the model does not have"};
    if (!std::isfinite(b.bias))
      return error{errc::invalid_argument, "the logit_bias of token " + std::to_string(b.id) + " is not a finite number"};
  }
  return {};
}

}  // namespace lingualinked::inline v0

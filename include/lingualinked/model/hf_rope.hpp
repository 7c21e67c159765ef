// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/elementary.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/formats/hf_config.hpp>
#include <lingualinked/formats/printable.hpp>
#include <lingualinked/model/rope_scaling.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

LINGUALINKED_STRICT_FLOAT_BEGIN

/// What a config's rope scaling divides each frequency by: [rotary/2], or empty for ones.
///   linear   factor
///   llama3   1 for wavelengths below original/high_freq_factor, factor above original/low_freq_factor, in between
///            1 / ((1 - s)/factor + s) with s = (original/wavelength - low) / (high - low)
///   yarn     as yarn_divisors; the original context is context_length where the config does not say
///   longrope the short factors, which hold within the original context
///   dynamic  1, which holds within context_length
/// Errors    unsupported (another scaling, by name), malformed (a parameter that the scaling needs is missing or out of order)
/// Source    Llama 3 herd of models, arXiv 2407.21783 (3.4.2); Chen et al. 2023, arXiv 2306.15595 (linear)
[[nodiscard]] inline result<std::vector<double>> hf_rope_divisors(const rope_parameters& rope, std::size_t rotary,
                                                                  std::size_t context_length) {
  if (rope.type == "default" || rope.type == "dynamic") return std::vector<double>{};
  if (rope.type == "longrope") {
    if (rope.short_factor.size() != rotary / 2 || std::ranges::any_of(rope.short_factor, [](double f) { return !(f > 0); }))
      return error{errc::malformed, "rope scaling 'longrope' needs " + std::to_string(rotary / 2) + " positive short factors"};
    return rope.short_factor;
  }
  if (rope.type != "linear" && rope.type != "llama3" && rope.type != "yarn")
    return error{errc::unsupported, "rope scaling " + printable(rope.type) +
                                        " is not supported; there are default, dynamic, linear, llama3, longrope and yarn"};
  const double factor = rope.factor.value_or(0);
  if (!(factor >= 1)) return error{errc::malformed, "rope scaling '" + rope.type + "' needs a factor of at least 1"};
  if (rope.type == "linear") return std::vector<double>(rotary / 2, factor);
  const double low = rope.low_freq_factor.value_or(0);
  const double high = rope.high_freq_factor.value_or(0);
  const auto original =
      static_cast<double>(rope.original_max_position_embeddings.value_or(rope.type == "yarn" ? context_length : 0));
  if (rope.type == "yarn") {
    const yarn_scaling how{factor, original, rope.beta_fast.value_or(32), rope.beta_slow.value_or(1),
                           rope.truncate.value_or(true)};
    if (!(how.beta_slow > 0 && how.beta_fast >= how.beta_slow && rope.theta > 1))
      return error{errc::malformed, "rope scaling 'yarn' needs 0 < beta_slow <= beta_fast and a rope_theta above 1"};
    return yarn_divisors(how, rotary, rope.theta);
  }
  if (!(original >= 1 && low > 0 && high > low))
    return error{errc::malformed,
                 "rope scaling 'llama3' needs original_max_position_embeddings and 0 < low_freq_factor < high_freq_factor"};
  constexpr double two_pi = 0x1.921fb54442d18p+2;
  std::vector<double> divisors(rotary / 2);
  for (std::size_t i = 0; i < divisors.size(); ++i) {
    const double wavelength = two_pi * elementary::pow(rope.theta, 2.0 * static_cast<double>(i) / static_cast<double>(rotary));
    if (wavelength < original / high) {
      divisors[i] = 1;
    } else if (wavelength > original / low) {
      divisors[i] = factor;
    } else {
      const double smooth = (original / wavelength - low) / (high - low);
      divisors[i] = 1 / ((1 - smooth) / factor + smooth);
    }
  }
  return divisors;
}

/// What it multiplies cosines and sines by.
/// Requires  hf_rope_divisors has found no mistake
[[nodiscard]] inline double hf_rope_amplitude(const rope_parameters& rope, std::size_t context_length) {
  if (rope.type != "yarn" && rope.type != "longrope") return 1;
  if (rope.attention_factor) return *rope.attention_factor;
  const double factor = rope.factor.value_or(1);
  if (rope.type == "longrope")
    return longrope_amplitude(factor, static_cast<double>(rope.original_max_position_embeddings.value_or(context_length)));
  const double all = rope.mscale_all_dim.value_or(0);
  if (rope.mscale.value_or(0) == 0 || all == 0) return yarn_amplitude(factor);
  return yarn_amplitude(factor, *rope.mscale) / yarn_amplitude(factor, all);
}

LINGUALINKED_STRICT_FLOAT_END

}  // namespace lingualinked::inline v0

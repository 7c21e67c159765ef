// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/elementary.hpp>
#include <lingualinked/core/strict_float.hpp>

#include <cstddef>
#include <cstdint>

namespace lingualinked::inline v0::kernels::reference {

LINGUALINKED_STRICT_FLOAT_BEGIN

/// Which experts a row goes through, ascending, and with what weights. There is no vector form: a row has some dozens of scores.
///   m = max s; e_i = exp(s_i - m), p_i = e_i / sum e, the sum a chain over i; chosen are the largest `used` p, on ties the lower
///   index; weights are p, or where sum_to_one p / (sum of the chosen p, a chain over ascending index)
/// A score that is not a number makes every weight so.
/// scores [experts], overwritten   chosen [used]   weights [used]   Requires  1 <= used <= experts
inline void choose_experts(float* scores, std::size_t experts, std::size_t used, bool sum_to_one, std::uint32_t* chosen,
                           float* weights) noexcept {
  float m = scores[0];
  for (std::size_t i = 1; i < experts; ++i) m = scores[i] > m ? scores[i] : m;
  float sum = 0;
  for (std::size_t i = 0; i < experts; ++i) {
    scores[i] = elementary::exp(scores[i] - m);
    sum += scores[i];
  }
  for (std::size_t i = 0; i < experts; ++i) scores[i] = scores[i] / sum;
  // The rank of each is the number of those that come before it; where they are not numbers nothing comes before anything.
  std::size_t taken = 0;
  for (std::size_t i = 0; i < experts && taken < used; ++i) {
    std::size_t before = 0;
    for (std::size_t j = 0; j < experts; ++j) before += scores[j] > scores[i] || (scores[j] == scores[i] && j < i) ? 1 : 0;
    if (before >= used) continue;
    chosen[taken] = static_cast<std::uint32_t>(i);
    weights[taken] = scores[i];
    ++taken;
  }
  if (!sum_to_one) return;
  float total = 0;
  for (std::size_t i = 0; i < used; ++i) total += weights[i];
  for (std::size_t i = 0; i < used; ++i) weights[i] = weights[i] / total;
}

LINGUALINKED_STRICT_FLOAT_END

}  // namespace lingualinked::inline v0::kernels::reference

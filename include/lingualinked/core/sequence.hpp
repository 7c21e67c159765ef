// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/sampling.hpp>
#include <lingualinked/core/token.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lingualinked::inline v0 {

using sequence_id = std::uint64_t;

/// A run of tokens of one sequence inside a batch. In a frame: 16 bytes, little-endian, in this order.
struct segment {
  sequence_id sequence = 0;
  std::uint32_t position = 0;  // absolute position of the first token
  std::uint32_t tokens = 0;

  friend bool operator==(const segment&, const segment&) = default;
};

/// What stood in front of the prompt of a text that has outgrown its context: drawing goes on as if it were still there.
struct sequence_past {
  std::uint64_t dropped_tokens = 0;  // draws are numbered by the place in the whole text
  std::vector<token_id> recent;      // what penalties look at in place of the prompt; empty: the prompt
  sampler_state sampling{};          // as the last token left it

  friend bool operator==(const sequence_past&, const sequence_past&) = default;
};

/// What stages must know of one generation before its first token.
struct sequence_options {
  std::vector<token_id> prompt;
  std::uint32_t max_tokens = 0;      // to generate; 0 only fills the cache (and gives logits when asked)
  std::vector<token_id> end_tokens;  // generation stops after one of these
  sampling_parameters sampling;
  sequence_past past{};
  bool all_logits = false;  // return a row of logits for every prompt position

  friend bool operator==(const sequence_options&, const sequence_options&) = default;
};

}  // namespace lingualinked::inline v0

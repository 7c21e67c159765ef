// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "execution/random_model.hpp"

#include <lingualinked/execution/cpu_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace test_support {

inline constexpr std::size_t small_width = 16;
inline constexpr std::size_t small_vocabulary = 31;

/// Two layers with the sizes above.
inline const tiny_model& small_model() {
  static const tiny_model made = [] {
    model_shape shape;
    shape.sizes = {.architecture = "llama",
                   .layers = 2,
                   .width = small_width,
                   .feed_forward = 24,
                   .heads = 4,
                   .kv_heads = 2,
                   .head_size = 8,
                   .vocabulary = small_vocabulary,
                   .context_length = 64,
                   .norm_epsilon = 1e-5F,
                   .rotary = 8};
    return model_maker(3).make(shape);
  }();
  return made;
}

/// All of it, two sequences of 20 tokens.
inline ll::executor_options small_options() {
  return {.first_module = 0,
          .last_module = 5,
          .context_tokens = 20,
          .sequences = 2,
          .rows = 12,
          .kv_type = ll::dtype::f32,
          .threads = 2};
}

inline ll::result<ll::cpu_executor> make_executor(const tiny_model& m, const ll::executor_options& options) {
  return ll::cpu_executor::create(m.graph, ll::cut_into_modules(m.graph, 4).value(), m.weights, options);
}

inline ll::sequence_options asking(std::vector<ll::token_id> prompt, std::uint32_t max_tokens = 0,
                                   ll::sampling_parameters sampling = {}) {
  ll::sequence_options o;
  o.prompt = std::move(prompt);
  o.max_tokens = max_tokens;
  o.sampling = sampling;
  return o;
}

/// Logits of one segment, alone.
inline std::vector<float> step(ll::cpu_executor& e, ll::segment part, const std::vector<ll::token_id>& tokens) {
  std::vector<float> logits(tokens.size() * small_vocabulary);
  ll::token_id sampled = 0;
  e.run({{&part, 1}, tokens, {}, {}, {&sampled, 1}, logits}).value();
  return logits;
}

}  // namespace test_support

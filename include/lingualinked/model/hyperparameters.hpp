// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/graph/activation.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

/// How a sequence classifier's logits become scores: probabilities that exclude each other, probabilities for themselves, or as
/// they are.
enum class score_rule : unsigned char { softmax, sigmoid, none };

/// The sizes and constants of a decoder-only transformer, whichever file format they came from. The tensors that belong to them
/// have the names and layouts of GGUF, also where another format is read: norms and biases f32, Gemma's norms with their 1 added,
/// matrices [outputs, inputs], fused q, k and v as all of q, then all of k, then all of v.
struct hyperparameters {
  std::string architecture{};
  std::size_t layers = 0;
  std::size_t width = 0;           // D
  std::size_t feed_forward = 0;    // F
  std::size_t heads = 0;           // H
  std::size_t kv_heads = 0;        // K
  std::size_t head_size = 0;       // d
  std::size_t vocabulary = 0;      // V: rows of the head
  std::size_t context_length = 0;  // longest context the model was made for
  float norm_epsilon = 0;
  std::size_t rotary = 0;  // elements of a head that RoPE turns
  double rope_base = 10000;
  std::vector<double> rope_divisors{};  // [rotary/2] or empty: frequency i is divided by entry i
  std::size_t window = 0;               // sliding window of attention; 0: none

  // What only some architectures have.
  bool rotary_pairs = false;          // q and k are stored as GGUF's llama stores them: rows 2i and 2i + 1 turn together
  double rope_amplitude = 1;          // cosines and sines are multiplied by it (yarn)
  std::vector<bool> global_layers{};  // [layers]: true where a layer sees all positions in spite of the window; empty: nowhere
  double window_rope_base = 0;        // of the layers with a window, which then turn unscaled; 0: they turn as the others do
  double attention_scale = 0;         // of q k^T; 0: 1 / sqrt(head_size)
  bool scaled_by_layer = false;       // of layer i it is that, divided by i + 1
  float attention_cap = 0;            // scores become cap * tanh(score / cap); 0: they stay
  float logit_cap = 0;                // the same for logits
  activation_kind activation = activation_kind::silu;
  double alibi_bias = 0;             // ALiBi: the largest slope is 2^(-alibi_bias / (largest power of two <= heads)); 0: none
  std::size_t position_offset = 0;   // learned positions: position p is row p + this of "position_embd.weight"
  std::size_t embedding_width = 0;   // of the token table, where "project_in" and "project_out" stand around it; 0: width
  bool residual_after_norm = false;  // the residual is the normed input, not the input itself (a variant of bloom)
  bool norm_after_residual = false;  // x = norm(x + f(x)) in place of x + f(norm(x)) (a variant of opt)

  std::size_t experts = 0;  // E: feed-forward networks of which each token takes experts_used; 0: one for all
  std::size_t experts_used = 0;
  std::vector<bool>
      dense_layers{};  // [layers]: true where a layer has one network for all in spite of the experts; empty: nowhere
  std::size_t expert_feed_forward = 0;  // F of each expert
  std::size_t shared_feed_forward = 0;  // F of the expert that every token takes besides; 0: none
  bool experts_sum_to_one = false;      // weights of the chosen experts are divided by their sum

  std::vector<std::string> labels{};  // classes of a sequence classifier with head "cls.output.weight"; empty: a language model
  score_rule scores = score_rule::softmax;
  std::optional<std::int32_t> padding{};  // token that a classifier passes over at the end of a text

  /// The window of one layer; 0: none.
  [[nodiscard]] std::size_t window_of(std::size_t layer) const {
    return layer < global_layers.size() && global_layers[layer] ? 0 : window;
  }
  /// Whether the feed-forward part of a layer is a mixture of experts.
  [[nodiscard]] bool mixes(std::size_t layer) const {
    return experts != 0 && !(layer < dense_layers.size() && dense_layers[layer]);
  }
};

/// Limits beyond which a model is refused: far above every published one, small enough that products of two stay in range.
inline constexpr std::uint64_t max_layers = 1024;
inline constexpr std::uint64_t max_width = 1U << 20;
inline constexpr std::uint64_t max_heads = 4096;
inline constexpr std::uint64_t max_experts = 1024;
inline constexpr std::uint64_t max_experts_in_all = 1U << 16;  // of all layers together
inline constexpr std::uint64_t max_vocabulary = 1U << 24;
inline constexpr std::uint64_t max_context_length = 1U << 24;

}  // namespace lingualinked::inline v0

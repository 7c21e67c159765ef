// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/model/graph_builder.hpp>
#include <lingualinked/model/hyperparameters.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

/// Which linear layers must have a bias; the others get one where the file has it.
enum class bias_rule : unsigned char { where_stored, of_qkv, everywhere };

/// What the architectures differ in, besides the order of their parts.
struct decoder_style {
  bool layer_norms = false;  // else root-mean-square norms
  bool head_norms = false;   // q and k are normed, head by head, before they turn; layer norms differ from head to head
  bias_rule biases = bias_rule::where_stored;
};

/// The parts that decoder-only transformers are put together from, with the tensor names of GGUF. An architecture says in which
/// order they stand; windows, scales, caps, slopes and rotation come from the hyperparameters.
class decoder_builder : public graph_builder {
 public:
  decoder_builder(const hyperparameters& h, const tensor_source& weights, decoder_style style = {})
      : graph_builder(weights), h_(h), style_(style) {}

  /// The token table's rows times `scale`; where the table is narrower than the model, projected.
  value embed(float scale = 1);
  /// Following parts belong to this half of this layer, or to both.
  void attention_part(std::size_t layer);
  void feed_forward_part(std::size_t layer);
  void whole_part(std::size_t layer);
  /// A norm of the current layer, e.g. "attn_norm".
  value norm(value x, const std::string& name) { return norm_named(x, layer_ + name); }
  /// A norm that no layer owns, e.g. "output_norm".
  value norm_named(value x, const std::string& name);
  /// q, k and v (one matrix "attn_qkv" or three), rotation, attention, output projection.
  value attention(value x);
  /// down(activation(gate(x)) * up(x)); gate and up are one matrix where there is no "ffn_gate".
  value gated_feed_forward(value x);
  /// A mixture of experts where the layer has one, plus the expert that every token takes where there is one; else as above.
  value routed_feed_forward(value x);
  /// down(activation(up(x)))
  value feed_forward(value x);
  /// The selected rows through the final norm (where `normed`), and the head.
  [[nodiscard]] result<operation_graph> finish_with_head(value x, bool normed = true) &&;

 private:
  value project(value x, const std::string& name, std::size_t outputs, bool of_qkv = false);
  value slice(value x, const std::string& name, std::size_t first, std::size_t outputs, std::size_t stored);
  value turned(value x, const std::string& norm);

  const hyperparameters& h_;
  decoder_style style_;
  std::size_t index_ = 0;  // of the current layer
  std::string layer_;      // "blk.N."
};

/// ALiBi: with n the largest power of two <= heads, slope i is 2^(-bias (i+1)/n) for i < n, then 2^(-bias/2n (2(i-n)+1)).
/// Source    Press et al. 2022, Train short, test long, arXiv 2108.12409; heads beyond a power of two as its authors' code does
[[nodiscard]] std::vector<float> alibi_slopes(std::size_t heads, double bias);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/decoder_builder.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/hf_description.hpp>
#include <lingualinked/model/hf_keys.hpp>
#include <lingualinked/model/hf_opt.hpp>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL void describe_hf_opt(hf_keys& keys, hf_description& d) {
  hyperparameters& h = d.sizes;
  h.architecture = "opt";
  h.layers = keys.number({"num_hidden_layers"}, 1, max_layers);
  h.width = keys.number({"hidden_size"}, 1, max_width);
  h.heads = keys.number({"num_attention_heads"}, 1, max_heads);
  h.kv_heads = h.heads;
  h.feed_forward = keys.number({"ffn_dim"}, 1, max_width);
  h.vocabulary = keys.number({"vocab_size"}, 1, max_vocabulary);
  h.context_length = keys.number({"max_position_embeddings"}, 1, max_context_length);
  h.position_offset = 2;
  h.norm_epsilon = 1e-5F;
  h.activation = keys.activation_or({"activation_function"}, "relu");
  const std::size_t embedding = keys.number_or({"word_embed_proj_dim"}, h.width, 1, max_width);
  h.embedding_width = embedding == h.width ? 0 : embedding;
  h.norm_after_residual = !keys.flag_or({"do_layer_norm_before"}, true);
  const bool ends_in_norm = !keys.flag_or({"_remove_final_layer_norm"}, false) && !h.norm_after_residual;
  keys.must_be("learned_embeddings", true);  // Galactica's configs say so
  keys.must_be("scale_embeddings", false);
  const bool biases = keys.flag_or({"enable_bias"}, true);
  const bool affine = keys.flag_or({"layer_norm_elementwise_affine"}, true);
  d.tied = keys.flag_or({"tie_word_embeddings"}, true);
  if (keys.failed()) return;
  if (h.width % h.heads != 0)
    return keys.refuse("num_attention_heads",
                       std::to_string(h.heads) + " heads do not divide the width " + std::to_string(h.width));
  h.head_size = h.width / h.heads;

  d.prefix = "model.decoder.";
  d.tensors = {{"embed_tokens", "token_embd"}, {"embed_positions", "position_embd"}};
  const auto linear = [&](std::string_view stored, std::string_view name) {
    d.tensors.push_back({stored, name, hf_layout::same, biases});
  };
  const auto norm = [&](std::string_view stored, std::string_view name) {
    d.tensors.push_back({stored, name, affine ? hf_layout::same : hf_layout::plain, true});
    if (!affine) d.tensors.back().parts = h.width;
  };
  norm("layers.*.self_attn_layer_norm", "blk.*.attn_norm");
  linear("layers.*.self_attn.q_proj", "blk.*.attn_q");
  linear("layers.*.self_attn.k_proj", "blk.*.attn_k");
  linear("layers.*.self_attn.v_proj", "blk.*.attn_v");
  linear("layers.*.self_attn.out_proj", "blk.*.attn_output");
  norm("layers.*.final_layer_norm", "blk.*.ffn_norm");
  linear("layers.*.fc1", "blk.*.ffn_up");
  linear("layers.*.fc2", "blk.*.ffn_down");
  if (ends_in_norm) norm("final_layer_norm", "output_norm");
  if (h.embedding_width != 0) {
    d.tensors.push_back({"project_in", "project_in"});
    d.tensors.push_back({"project_out", "project_out"});
  }
}

}  // namespace lingualinked::inline v0

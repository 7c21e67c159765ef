// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/hf_bloom.hpp>
#include <lingualinked/model/hf_description.hpp>
#include <lingualinked/model/hf_keys.hpp>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL void describe_hf_bloom(hf_keys& keys, hf_description& d) {
  hyperparameters& h = d.sizes;
  h.architecture = "bloom";
  h.layers = keys.number({"n_layer", "num_hidden_layers"}, 1, max_layers);
  h.width = keys.number({"hidden_size", "n_embed"}, 1, max_width);
  h.heads = keys.number({"n_head", "num_attention_heads"}, 1, max_heads);
  h.kv_heads = h.heads;
  h.feed_forward = 4 * h.width;
  h.vocabulary = keys.number({"vocab_size"}, 1, max_vocabulary);
  // Positions have no table, so a config need not bound them; 2048 is what the published models were trained with.
  h.context_length = keys.number_or({"seq_length", "max_position_embeddings"}, 2048, 1, max_context_length);
  h.norm_epsilon = static_cast<float>(keys.real_or({"layer_norm_epsilon"}, 1e-5, 1e-12, 1.0));
  h.activation = activation_kind::gelu_tanh;
  h.alibi_bias = 8;
  h.residual_after_norm = keys.flag_or({"apply_residual_connection_post_layernorm"}, false);
  // Then the reference adds up parts of a product and leaves out their bias.
  if (keys.flag_or({"slow_but_exact"}, false) && keys.number_or({"pretraining_tp"}, 1, 1, max_width) > 1)
    keys.refuse("slow_but_exact", "is switched on, which is not supported", errc::unsupported);
  keys.ignore({"n_inner"});  // never read by the reference: the feed-forward part is always four times as wide
  d.tied = keys.flag_or({"tie_word_embeddings"}, true);
  if (keys.failed()) return;
  if (h.width % h.heads != 0)
    return keys.refuse("n_head", std::to_string(h.heads) + " heads do not divide the width " + std::to_string(h.width));
  h.head_size = h.width / h.heads;

  d.prefix = "transformer.";
  d.tensors = {{"word_embeddings", "token_embd"},
               {"word_embeddings_layernorm", "token_embd_norm", hf_layout::same, true},
               {"h.*.input_layernorm", "blk.*.attn_norm", hf_layout::same, true},
               {"h.*.self_attention.query_key_value", "blk.*.attn_qkv", hf_layout::qkv_by_heads, true},
               {"h.*.self_attention.dense", "blk.*.attn_output", hf_layout::same, true},
               {"h.*.post_attention_layernorm", "blk.*.ffn_norm", hf_layout::same, true},
               {"h.*.mlp.dense_h_to_4h", "blk.*.ffn_up", hf_layout::same, true},
               {"h.*.mlp.dense_4h_to_h", "blk.*.ffn_down", hf_layout::same, true},
               {"ln_f", "output_norm", hf_layout::same, true}};
}

}  // namespace lingualinked::inline v0

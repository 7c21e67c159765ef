// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/hf_description.hpp>
#include <lingualinked/model/hf_gpt2.hpp>
#include <lingualinked/model/hf_keys.hpp>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL void describe_hf_gpt2(hf_keys& keys, hf_description& d) {
  hyperparameters& h = d.sizes;
  h.architecture = "gpt2";
  h.layers = keys.number({"n_layer", "num_hidden_layers"}, 1, max_layers);
  h.width = keys.number({"n_embd", "hidden_size"}, 1, max_width);
  h.heads = keys.number({"n_head", "num_attention_heads"}, 1, max_heads);
  h.kv_heads = h.heads;
  h.feed_forward = keys.number_or({"n_inner"}, 4 * h.width, 1, max_width);
  h.vocabulary = keys.number({"vocab_size"}, 1, max_vocabulary);
  h.context_length = keys.number_or({"n_positions", "max_position_embeddings"}, 1024, 1, max_context_length);
  h.norm_epsilon = static_cast<float>(keys.real_or({"layer_norm_epsilon"}, 1e-5, 1e-12, 1.0));
  h.activation = keys.activation_or({"activation_function"}, "gelu_new");
  if (!keys.flag_or({"scale_attn_weights"}, true)) h.attention_scale = 1;
  h.scaled_by_layer = keys.flag_or({"scale_attn_by_inverse_layer_idx"}, false);
  keys.ignore(
      {"n_ctx", "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj"});
  d.tied = keys.flag_or({"tie_word_embeddings"}, true);
  if (keys.failed()) return;
  if (h.width % h.heads != 0)
    return keys.refuse("n_head", std::to_string(h.heads) + " heads do not divide the width " + std::to_string(h.width));
  h.head_size = h.width / h.heads;

  d.prefix = "transformer.";
  d.tensors = {{"wte", "token_embd"},
               {"wpe", "position_embd"},
               {"h.*.ln_1", "blk.*.attn_norm", hf_layout::same, true},
               {"h.*.attn.c_attn", "blk.*.attn_qkv", hf_layout::transposed, true},
               {"h.*.attn.c_proj", "blk.*.attn_output", hf_layout::transposed, true},
               {"h.*.ln_2", "blk.*.ffn_norm", hf_layout::same, true},
               {"h.*.mlp.c_fc", "blk.*.ffn_up", hf_layout::transposed, true},
               {"h.*.mlp.c_proj", "blk.*.ffn_down", hf_layout::transposed, true},
               {"ln_f", "output_norm", hf_layout::same, true}};
  d.ignored = {"h.*.attn.bias", "h.*.attn.masked_bias"};
}

}  // namespace lingualinked::inline v0

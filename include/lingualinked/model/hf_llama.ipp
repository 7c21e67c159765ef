// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/hf_description.hpp>
#include <lingualinked/model/hf_llama.hpp>
#include <lingualinked/model/hf_rope.hpp>
#include <lingualinked/model/rope_scaling.hpp>

#include <algorithm>

namespace lingualinked::inline v0 {
namespace detail {

/// The context that longrope was trained from stands beside the scaling in old configs and in it in new ones. Within it the short
/// factors hold, so that it bounds the context here: the reference turns a whole text anew, by the long ones, once it is longer.
inline void read_hf_longrope(hf_keys& keys, rope_parameters& rope, std::size_t context_length) {
  const bool old = !keys.config().field({"rope_parameters"}).present();
  const std::size_t beside = keys.number_or({"original_max_position_embeddings"}, 0, 2, max_context_length);
  if (beside == 0 && old && rope.original_max_position_embeddings)
    return keys.refuse(
        "rope_scaling",
        "names original_max_position_embeddings, which longrope takes from beside it; versions of the reference differ",
        errc::unsupported);
  if (beside != 0) rope.original_max_position_embeddings = beside;
  const std::uint64_t original = rope.original_max_position_embeddings.value_or(context_length);
  if (original < 2)
    return keys.refuse("rope_parameters", "says that longrope began from a context of " + std::to_string(original));
  rope.original_max_position_embeddings = original;
  const double ratio = static_cast<double>(context_length) / static_cast<double>(*rope.original_max_position_embeddings);
  if ((old && beside != 0) || !rope.factor) rope.factor = ratio;
}

LINGUALINKED_DECL void read_hf_llama_sizes(hf_keys& keys, hyperparameters& h, const hf_llama_usual& usual) {
  h.layers = keys.number({"num_hidden_layers"}, 1, max_layers);
  h.width = keys.number({"hidden_size"}, 1, max_width);
  h.feed_forward = keys.number({"intermediate_size"}, 1, max_width);
  h.heads = keys.number({"num_attention_heads"}, 1, max_heads);
  h.kv_heads = keys.number_or({"num_key_value_heads"}, h.heads, 1, max_heads);
  h.vocabulary = keys.number({"vocab_size"}, 1, max_vocabulary);
  h.context_length = keys.number({"max_position_embeddings"}, 1, max_context_length);
  h.norm_epsilon = static_cast<float>(keys.real_or({"rms_norm_eps"}, usual.epsilon, 1e-12, 1.0));
  if (keys.failed()) return;
  h.head_size = keys.number_or({"head_dim"}, usual.head_size != 0 ? usual.head_size : h.width / h.heads, 2, max_width);
  if (h.heads % h.kv_heads != 0)
    keys.refuse("num_key_value_heads", std::to_string(h.kv_heads) + " does not divide the " + std::to_string(h.heads) + " heads");
  keys.must_be("rope_interleaved", false);
  keys.must_be("use_mrope", false);
  rope_parameters rope = keys.rope(usual.layer_type, usual.theta);
  const double turned = rope.partial_rotary_factor.value_or(keys.real_or({"partial_rotary_factor"}, usual.turned, 0, 1));
  h.rotary = static_cast<std::size_t>(static_cast<double>(h.head_size) * turned);
  if (h.rotary == 0 || h.rotary % 2 != 0 || h.rotary > h.head_size)
    return keys.refuse("partial_rotary_factor", std::to_string(h.rotary) + " of " + std::to_string(h.head_size) +
                                                    " elements of a head cannot turn in pairs");
  h.rope_base = rope.theta;
  if (usual.renames_longrope && (rope.type == "su" || rope.type == "yarn")) rope.type = "longrope";
  if (rope.type == "longrope") read_hf_longrope(keys, rope, h.context_length);
  if (keys.failed()) return;
  auto divisors = hf_rope_divisors(rope, h.rotary, h.context_length);
  if (!divisors) return keys.refuse(std::move(divisors).error());
  h.rope_divisors = *std::move(divisors);
  h.rope_amplitude = hf_rope_amplitude(rope, h.context_length);
  if (rope.type == "longrope") h.context_length = std::min(h.context_length, *rope.original_max_position_embeddings);
}

LINGUALINKED_DECL void add_hf_llama_tensors(hf_description& d, bool qkv_bias, bool output_bias, bool mlp_bias) {
  d.prefix = "model.";
  d.tensors = {{"embed_tokens", "token_embd"},
               {"layers.*.input_layernorm", "blk.*.attn_norm"},
               {"layers.*.self_attn.q_proj", "blk.*.attn_q", hf_layout::same, qkv_bias},
               {"layers.*.self_attn.k_proj", "blk.*.attn_k", hf_layout::same, qkv_bias},
               {"layers.*.self_attn.v_proj", "blk.*.attn_v", hf_layout::same, qkv_bias},
               {"layers.*.self_attn.o_proj", "blk.*.attn_output", hf_layout::same, output_bias},
               {"layers.*.post_attention_layernorm", "blk.*.ffn_norm"},
               {"layers.*.mlp.gate_proj", "blk.*.ffn_gate", hf_layout::same, mlp_bias},
               {"layers.*.mlp.up_proj", "blk.*.ffn_up", hf_layout::same, mlp_bias},
               {"layers.*.mlp.down_proj", "blk.*.ffn_down", hf_layout::same, mlp_bias},
               {"norm", "output_norm"}};
  d.ignored = {"layers.*.self_attn.rotary_emb.inv_freq", "rotary_emb.inv_freq"};
}

/// A window that is null or 0 is none; where it does not stand it is the usual one.
inline std::size_t read_hf_window(hf_keys& keys, std::size_t usual) {
  return keys.number_or({"sliding_window"}, keys.config().mentions("sliding_window") ? 0 : usual, 0, max_context_length);
}

LINGUALINKED_DECL void read_hf_mistral(hf_keys& keys, hf_description& d, const hf_llama_usual& usual, std::size_t usual_window) {
  d.sizes.architecture = "llama";
  read_hf_llama_sizes(keys, d.sizes, usual);
  d.sizes.activation = keys.activation_or({"hidden_act"}, "silu");
  d.sizes.window = read_hf_window(keys, usual_window);
  keys.must_be("attention_bias", false);
  keys.must_be("mlp_bias", false);
  add_hf_llama_tensors(d, false, false, false);
  d.tied = keys.flag_or({"tie_word_embeddings"}, false);
}

/// Qwen2 and Qwen3 have a window only where two settings ask for it, from a certain layer on.
inline void read_hf_qwen_window(hf_keys& keys, hyperparameters& h) {
  const bool wanted = keys.flag_or({"use_sliding_window"}, false);
  const std::size_t window = read_hf_window(keys, 4096);
  const std::size_t first = keys.number_or({"max_window_layers"}, 28, 0, max_context_length);
  h.window = wanted ? window : 0;
  read_hf_layer_types(keys, h, [&](std::size_t layer) { return h.window == 0 || layer < first; });
  for (std::size_t i = 0; i < h.global_layers.size(); ++i)
    if (h.window == 0 && !h.global_layers[i]) return keys.refuse("layer_types", "names a sliding layer, but there is no window");
}

}  // namespace detail

LINGUALINKED_DECL void describe_hf_llama(hf_keys& keys, hf_description& d) {
  d.sizes.architecture = "llama";
  detail::read_hf_llama_sizes(keys, d.sizes);
  d.sizes.activation = keys.activation_or({"hidden_act"}, "silu");
  const bool attention_bias = keys.flag_or({"attention_bias"}, false);
  detail::add_hf_llama_tensors(d, attention_bias, attention_bias, keys.flag_or({"mlp_bias"}, false));
  d.tied = keys.flag_or({"tie_word_embeddings"}, false);
}

LINGUALINKED_DECL void describe_hf_mistral(hf_keys& keys, hf_description& d) { detail::read_hf_mistral(keys, d, {}, 4096); }

LINGUALINKED_DECL void describe_hf_qwen2(hf_keys& keys, hf_description& d) {
  d.sizes.architecture = "qwen2";
  detail::read_hf_llama_sizes(keys, d.sizes);
  d.sizes.activation = keys.activation_or({"hidden_act"}, "silu");
  detail::read_hf_qwen_window(keys, d.sizes);
  detail::add_hf_llama_tensors(d, true, false, false);
  d.tied = keys.flag_or({"tie_word_embeddings"}, false);
}

LINGUALINKED_DECL void describe_hf_qwen3(hf_keys& keys, hf_description& d) {
  d.sizes.architecture = "qwen3";
  detail::read_hf_llama_sizes(keys, d.sizes, {.head_size = 128});
  d.sizes.activation = keys.activation_or({"hidden_act"}, "silu");
  detail::read_hf_qwen_window(keys, d.sizes);
  const bool attention_bias = keys.flag_or({"attention_bias"}, false);
  detail::add_hf_llama_tensors(d, attention_bias, attention_bias, false);
  d.tensors.push_back({"layers.*.self_attn.q_norm", "blk.*.attn_q_norm"});
  d.tensors.push_back({"layers.*.self_attn.k_norm", "blk.*.attn_k_norm"});
  d.tied = keys.flag_or({"tie_word_embeddings"}, false);
}

}  // namespace lingualinked::inline v0

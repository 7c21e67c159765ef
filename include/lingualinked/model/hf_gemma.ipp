// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/hf_description.hpp>
#include <lingualinked/model/hf_gemma.hpp>
#include <lingualinked/model/hf_keys.hpp>
#include <lingualinked/model/hf_llama.hpp>

#include <cmath>
#include <string_view>

namespace lingualinked::inline v0 {
namespace detail {

/// What all of them share beyond a Llama's sizes: activation, biases, the tied head.
inline void read_hf_gemma(hf_keys& keys, hf_description& d) {
  d.sizes.activation = keys.activation_or({"hidden_activation", "hidden_act"}, "gelu_pytorch_tanh");
  keys.must_be("use_bidirectional_attention", false);
  d.tied = keys.flag_or({"tie_word_embeddings"}, true);
  const bool bias = keys.flag_or({"attention_bias"}, false);
  add_hf_llama_tensors(d, bias, bias, false);
}

/// Gemma 2 and 3: four norms in a layer, and what bounds or scales scores and logits.
inline void read_hf_gemma_extras(hf_keys& keys, hf_description& d, double usual_attention_cap, double usual_logit_cap) {
  d.sizes.window = keys.number_or({"sliding_window", "sliding_window_size"}, 4096, 1, max_context_length);
  d.sizes.attention_scale = 1 / std::sqrt(keys.real_or({"query_pre_attn_scalar"}, 256, 1e-6, 1e12));
  // Null switches a cap off; only a config without the field has the usual one.
  const auto cap = [&](std::string_view name, double usual) {
    return static_cast<float>(keys.real_or({name}, keys.config().mentions(name) ? 0 : usual, 0, 1e6));
  };
  const float attention_cap = cap("attn_logit_softcapping", usual_attention_cap);
  d.sizes.attention_cap = usual_attention_cap == 0 ? 0 : attention_cap;  // Gemma 3 has the setting, but never looks at it
  d.sizes.logit_cap = cap("final_logit_softcapping", usual_logit_cap);
  d.tensors.push_back({"layers.*.pre_feedforward_layernorm", "blk.*.ffn_norm"});
  d.tensors.push_back({"layers.*.post_feedforward_layernorm", "blk.*.post_ffw_norm"});
  for (hf_rule& rule : d.tensors)
    if (rule.stored == "layers.*.post_attention_layernorm") rule.name = "blk.*.post_attention_norm";
}

inline void mark_hf_gemma_norms(hf_description& d) {
  for (hf_rule& rule : d.tensors)
    if (rule.stored.ends_with("norm")) rule.layout = hf_layout::less_one;
}

}  // namespace detail

LINGUALINKED_DECL void describe_hf_gemma(hf_keys& keys, hf_description& d) {
  d.sizes.architecture = "gemma";
  detail::read_hf_llama_sizes(keys, d.sizes, {.head_size = 256});
  detail::read_hf_gemma(keys, d);
  detail::mark_hf_gemma_norms(d);
}

LINGUALINKED_DECL void describe_hf_gemma2(hf_keys& keys, hf_description& d) {
  d.sizes.architecture = "gemma2";
  detail::read_hf_llama_sizes(keys, d.sizes, {.head_size = 256});
  detail::read_hf_gemma(keys, d);
  detail::read_hf_gemma_extras(keys, d, 50, 30);
  detail::read_hf_layer_types(keys, d.sizes, [](std::size_t layer) { return layer % 2 == 1; });
  detail::mark_hf_gemma_norms(d);
}

LINGUALINKED_DECL void describe_hf_gemma3(hf_keys& keys, hf_description& d) {
  d.sizes.architecture = "gemma3";
  detail::read_hf_llama_sizes(keys, d.sizes, {.head_size = 256, .theta = 1'000'000, .layer_type = "full_attention"});
  detail::read_hf_gemma(keys, d);
  detail::read_hf_gemma_extras(keys, d, 0, 0);
  const std::size_t pattern = keys.number_or({"sliding_window_pattern", "_sliding_window_pattern"}, 6, 1, max_layers);
  detail::read_hf_layer_types(keys, d.sizes, [&](std::size_t layer) { return (layer + 1) % pattern == 0; });
  // The first generation of configs has one setting for the layers with a window, the second an object.
  const bool local_is_said = keys.config().field({"rope_parameters", "rope_local_base_freq"}).present();
  const rope_parameters local = local_is_said ? keys.rope("sliding_attention", 10'000) : rope_parameters{};
  if (local.type != "default")
    keys.refuse("rope_parameters", "scales the layers with a window, which is not supported", errc::unsupported);
  d.sizes.window_rope_base = local.theta;
  d.tensors.push_back({"layers.*.self_attn.q_norm", "blk.*.attn_q_norm"});
  d.tensors.push_back({"layers.*.self_attn.k_norm", "blk.*.attn_k_norm"});
  detail::mark_hf_gemma_norms(d);
}

}  // namespace lingualinked::inline v0

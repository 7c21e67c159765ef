// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/hf_description.hpp>
#include <lingualinked/model/hf_keys.hpp>
#include <lingualinked/model/hf_llama.hpp>
#include <lingualinked/model/hf_phi.hpp>

#include <algorithm>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL void describe_hf_phi3(hf_keys& keys, hf_description& d) {
  d.sizes.architecture = "phi3";
  detail::read_hf_llama_sizes(keys, d.sizes, {.epsilon = 1e-5, .renames_longrope = true});
  d.sizes.activation = keys.activation_or({"hidden_act"}, "silu");
  d.sizes.window = keys.number_or({"sliding_window"}, 0, 0, max_context_length);
  keys.ignore({"original_max_position_embeddings"});     // counts only with longrope
  keys.ignore({"full_attn_mod", "interpolate_factor"});  // of other software; the reference never reads them
  keys.must_be("lm_head_bias", false);
  keys.must_be("mlp_bias", false);
  d.tied = keys.flag_or({"tie_word_embeddings"}, false);
  detail::add_hf_llama_tensors(d, keys.flag_or({"attention_bias"}, false), false, false);
  std::erase_if(d.tensors, [](const hf_rule& r) {
    return r.name == "blk.*.attn_k" || r.name == "blk.*.attn_v" || r.name == "blk.*.ffn_gate";
  });
  for (hf_rule& rule : d.tensors) {
    if (rule.name == "blk.*.attn_q") rule = {"layers.*.self_attn.qkv_proj", "blk.*.attn_qkv", hf_layout::same, rule.bias};
    if (rule.name == "blk.*.ffn_up") rule.stored = "layers.*.mlp.gate_up_proj";
  }
}

LINGUALINKED_DECL void describe_hf_stablelm(hf_keys& keys, hf_description& d) {
  d.sizes.architecture = "stablelm";
  detail::read_hf_llama_sizes(keys, d.sizes, {.turned = 0.25});
  d.sizes.activation = keys.activation_or({"hidden_act"}, "silu");
  d.sizes.norm_epsilon = static_cast<float>(keys.real_or({"layer_norm_eps"}, 1e-5, 1e-12, 1.0));
  const bool parallel = keys.flag_or({"use_parallel_residual"}, false);
  const bool head_norms = keys.flag_or({"qk_layernorm"}, false);
  d.tied = keys.flag_or({"tie_word_embeddings"}, false);
  detail::add_hf_llama_tensors(d, keys.flag_or({"use_qkv_bias"}, false), false, false);
  for (hf_rule& rule : d.tensors)
    if (rule.stored.ends_with("norm")) rule.bias = true;
  if (parallel) std::erase_if(d.tensors, [](const hf_rule& r) { return r.name == "blk.*.ffn_norm"; });
  const auto add = [&](std::string_view stored, std::string_view name, std::size_t heads) {
    d.tensors.push_back({.stored = stored, .name = name, .layout = hf_layout::joined, .parts = heads});
  };
  if (!head_norms) return;
  add("layers.*.self_attn.q_layernorm.norms.*", "blk.*.attn_q_norm", d.sizes.heads);
  add("layers.*.self_attn.k_layernorm.norms.*", "blk.*.attn_k_norm", d.sizes.kv_heads);
}

}  // namespace lingualinked::inline v0

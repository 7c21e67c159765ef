// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/hf_description.hpp>
#include <lingualinked/model/hf_experts.hpp>
#include <lingualinked/model/hf_keys.hpp>
#include <lingualinked/model/hf_llama.hpp>

#include <vector>

namespace lingualinked::inline v0 {
namespace detail {

/// In place of a layer's three matrices: a router, and three matrices for each expert.
inline void add_hf_experts(hf_description& d, std::string_view router, std::string_view gate, std::string_view up,
                           std::string_view down) {
  std::erase_if(d.tensors, [](const hf_rule& r) { return r.stored.starts_with("layers.*.mlp."); });
  d.tensors.push_back({router, "blk.*.ffn_gate_inp"});
  d.tensors.push_back({gate, "blk.*.ffn_gate_exps", hf_layout::experts});
  d.tensors.push_back({up, "blk.*.ffn_up_exps", hf_layout::experts});
  d.tensors.push_back({down, "blk.*.ffn_down_exps", hf_layout::experts});
}

inline void read_hf_experts(hf_keys& keys, hyperparameters& h, hf_config::names count) {
  h.experts = keys.number(count, 1, max_heads);
  h.experts_used = keys.number({"num_experts_per_tok"}, 1, max_heads);
  if (!keys.failed() && h.experts_used > h.experts)
    keys.refuse("num_experts_per_tok", std::to_string(h.experts_used) + " of " + std::to_string(h.experts) + " experts");
}

inline void add_hf_qwen_experts(hf_keys& keys, hf_description& d) {
  read_hf_experts(keys, d.sizes, {"num_experts"});
  d.sizes.expert_feed_forward = keys.number({"moe_intermediate_size"}, 1, max_width);
  d.sizes.experts_sum_to_one = keys.flag_or({"norm_topk_prob"}, false);
  if (keys.number_or({"decoder_sparse_step"}, 1, 0, max_layers) != 1 && !keys.failed())
    keys.refuse("decoder_sparse_step", "layers without experts between those with are not supported", errc::unsupported);
  const auto plain = keys.config().field({"mlp_only_layers"});
  keys.ignore({"mlp_only_layers"});
  if (plain.present() && (!plain.is_array() || !plain.items()->empty()))
    keys.refuse("mlp_only_layers", "layers without experts between those with are not supported", errc::unsupported);
  add_hf_experts(d, "layers.*.mlp.gate", "layers.*.mlp.experts.*.gate_proj", "layers.*.mlp.experts.*.up_proj",
                 "layers.*.mlp.experts.*.down_proj");
}

}  // namespace detail

LINGUALINKED_DECL void describe_hf_mixtral(hf_keys& keys, hf_description& d) {
  describe_hf_mistral(keys, d);
  detail::read_hf_experts(keys, d.sizes, {"num_local_experts"});
  d.sizes.expert_feed_forward = d.sizes.feed_forward;
  d.sizes.experts_sum_to_one = true;
  detail::add_hf_experts(d, "layers.*.block_sparse_moe.gate", "layers.*.block_sparse_moe.experts.*.w1",
                         "layers.*.block_sparse_moe.experts.*.w3", "layers.*.block_sparse_moe.experts.*.w2");
}

LINGUALINKED_DECL void describe_hf_qwen2_moe(hf_keys& keys, hf_description& d) {
  describe_hf_qwen2(keys, d);
  d.sizes.architecture = "qwen2moe";
  detail::add_hf_qwen_experts(keys, d);
  d.sizes.shared_feed_forward = keys.number({"shared_expert_intermediate_size"}, 1, max_width);
  keys.must_be("qkv_bias", true);
  d.tensors.push_back({"layers.*.mlp.shared_expert.gate_proj", "blk.*.ffn_gate_shexp"});
  d.tensors.push_back({"layers.*.mlp.shared_expert.up_proj", "blk.*.ffn_up_shexp"});
  d.tensors.push_back({"layers.*.mlp.shared_expert.down_proj", "blk.*.ffn_down_shexp"});
  d.tensors.push_back({"layers.*.mlp.shared_expert_gate", "blk.*.ffn_gate_inp_shexp"});
}

LINGUALINKED_DECL void describe_hf_qwen3_moe(hf_keys& keys, hf_description& d) {
  describe_hf_qwen3(keys, d);
  d.sizes.architecture = "qwen3moe";
  detail::add_hf_qwen_experts(keys, d);
}

}  // namespace lingualinked::inline v0

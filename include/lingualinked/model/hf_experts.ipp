// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/hf_description.hpp>
#include <lingualinked/model/hf_experts.hpp>
#include <lingualinked/model/hf_keys.hpp>
#include <lingualinked/model/hf_llama.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {
namespace detail {

/// In place of the three matrices of a layer with experts: a router, and three matrices for each expert.
inline void add_hf_experts(hf_description& d, std::string_view router, std::string_view gate, std::string_view up,
                           std::string_view down) {
  for (hf_rule& r : d.tensors)
    if (r.stored.starts_with("layers.*.mlp.")) r.layers = hf_layers::without_experts;
  const auto add = [&](std::string_view stored, std::string_view name, hf_layout layout, std::size_t parts) {
    d.tensors.push_back({.stored = stored, .name = name, .layout = layout, .parts = parts, .layers = hf_layers::with_experts});
  };
  add(router, "blk.*.ffn_gate_inp", hf_layout::same, 1);
  add(gate, "blk.*.ffn_gate_exps", hf_layout::joined, d.sizes.experts);
  add(up, "blk.*.ffn_up_exps", hf_layout::joined, d.sizes.experts);
  add(down, "blk.*.ffn_down_exps", hf_layout::joined, d.sizes.experts);
}

inline void read_hf_experts(hf_keys& keys, hyperparameters& h, hf_config::names count) {
  h.experts = keys.number(count, 1, max_experts);
  h.experts_used = keys.number({"num_experts_per_tok"}, 1, max_experts);
  if (!keys.failed() && h.experts_used > h.experts)
    keys.refuse("num_experts_per_tok", std::to_string(h.experts_used) + " of " + std::to_string(h.experts) + " experts");
}

inline void add_hf_qwen_experts(hf_keys& keys, hf_description& d) {
  read_hf_experts(keys, d.sizes, {"num_experts", "num_local_experts"});
  d.sizes.expert_feed_forward = keys.number({"moe_intermediate_size"}, 1, max_width);
  d.sizes.experts_sum_to_one = keys.flag_or({"norm_topk_prob"}, false);
  const std::size_t step = keys.number_or({"decoder_sparse_step"}, 1, 1, max_layers);
  const std::vector<std::uint64_t> dense = keys.ids("mlp_only_layers", max_layers);
  if (keys.failed()) return;
  d.sizes.dense_layers.resize(d.sizes.layers);
  for (std::size_t i = 0; i < d.sizes.layers; ++i)
    d.sizes.dense_layers[i] = (i + 1) % step != 0 || std::ranges::find(dense, i) != dense.end();
  add_hf_experts(d, "layers.*.mlp.gate", "layers.*.mlp.experts.*.gate_proj", "layers.*.mlp.experts.*.up_proj",
                 "layers.*.mlp.experts.*.down_proj");
}

}  // namespace detail

LINGUALINKED_DECL void describe_hf_mixtral(hf_keys& keys, hf_description& d) {
  detail::read_hf_mistral(keys, d, {.theta = 1'000'000, .epsilon = 1e-5}, 0);
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
  if (!keys.flag_or({"qkv_bias"}, true))
    for (hf_rule& r : d.tensors) r.bias = false;
  const bool some_global = std::ranges::find(d.sizes.global_layers, true) != d.sizes.global_layers.end();
  if (d.sizes.window != 0 && some_global && !keys.config().field({"layer_types"}).present())
    keys.refuse("max_window_layers", "implementations of this family differ in which layers have a window", errc::unsupported);
  const auto add = [&](std::string_view stored, std::string_view name) {
    d.tensors.push_back({.stored = stored, .name = name, .layers = hf_layers::with_experts});
  };
  add("layers.*.mlp.shared_expert.gate_proj", "blk.*.ffn_gate_shexp");
  add("layers.*.mlp.shared_expert.up_proj", "blk.*.ffn_up_shexp");
  add("layers.*.mlp.shared_expert.down_proj", "blk.*.ffn_down_shexp");
  add("layers.*.mlp.shared_expert_gate", "blk.*.ffn_gate_inp_shexp");
}

LINGUALINKED_DECL void describe_hf_qwen3_moe(hf_keys& keys, hf_description& d) {
  describe_hf_qwen3(keys, d);
  d.sizes.architecture = "qwen3moe";
  d.sizes.global_layers.clear();  // a window holds for every layer
  detail::add_hf_qwen_experts(keys, d);
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/elementary.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/model/decoder_builder.hpp>

#include <bit>
#include <cmath>
#include <utility>

namespace lingualinked::inline v0 {

LINGUALINKED_STRICT_FLOAT_BEGIN

LINGUALINKED_DECL std::vector<float> alibi_slopes(std::size_t heads, double bias) {
  const std::size_t n = std::bit_floor(heads);
  std::vector<float> slopes(heads);
  for (std::size_t i = 0; i < heads; ++i) {
    const double steps = i < n ? static_cast<double>(i + 1) : static_cast<double>(2 * (i - n) + 1) / 2;
    slopes[i] = static_cast<float>(elementary::pow(2.0, -bias * steps / static_cast<double>(n)));
  }
  return slopes;
}

LINGUALINKED_STRICT_FLOAT_END

LINGUALINKED_DECL graph_builder::value decoder_builder::embed(float scale) {
  part("embedding");
  if (h_.embedding_width == 0) return embedding("token_embd.weight", h_.vocabulary, h_.width, scale);
  return linear(embedding("token_embd.weight", h_.vocabulary, h_.embedding_width, scale), "project_in.weight", h_.width);
}

LINGUALINKED_DECL void decoder_builder::attention_part(std::size_t layer) {
  index_ = layer;
  layer_ = "blk." + std::to_string(layer) + ".";
  part("layer " + std::to_string(layer) + " attention");
}

LINGUALINKED_DECL void decoder_builder::feed_forward_part(std::size_t layer) {
  attention_part(layer);
  part("layer " + std::to_string(layer) + " feed-forward");
}

LINGUALINKED_DECL void decoder_builder::whole_part(std::size_t layer) {
  attention_part(layer);
  part("layer " + std::to_string(layer));
}

LINGUALINKED_DECL graph_builder::value decoder_builder::norm_named(value x, const std::string& name) {
  if (!style_.layer_norms) return rms_norm(x, name + ".weight", h_.norm_epsilon);
  return layer_norm(x, name, h_.norm_epsilon);
}

LINGUALINKED_DECL graph_builder::value decoder_builder::project(value x, const std::string& name, std::size_t outputs,
                                                                bool of_qkv) {
  const bool needs = style_.biases == bias_rule::everywhere || (of_qkv && style_.biases == bias_rule::of_qkv);
  return linear(x, layer_ + name + ".weight", outputs, {.bias = layer_ + name + ".bias", .needs_bias = needs});
}

LINGUALINKED_DECL graph_builder::value decoder_builder::slice(value x, const std::string& name, std::size_t first,
                                                              std::size_t outputs, std::size_t stored) {
  return linear(x, layer_ + name + ".weight", outputs,
                {.bias = layer_ + name + ".bias",
                 .needs_bias = style_.biases != bias_rule::where_stored,
                 .first = first,
                 .stored_rows = stored});
}

LINGUALINKED_DECL graph_builder::value decoder_builder::turned(value x, const std::string& norm) {
  if (style_.head_norms && style_.layer_norms) x = layer_norm_of_heads(x, layer_ + norm, h_.norm_epsilon, h_.head_size);
  else if (style_.head_norms) x = rms_norm(x, layer_ + norm + ".weight", h_.norm_epsilon, h_.head_size);
  if (h_.rotary == 0) return x;
  const bool windowed = h_.window_of(index_) != 0 && h_.window_rope_base != 0;
  if (windowed) return rope(x, {h_.head_size, h_.rotary, h_.window_rope_base, {}});
  return rope(x, {h_.head_size, h_.rotary, h_.rope_base, h_.rope_divisors, h_.rope_amplitude});
}

LINGUALINKED_DECL graph_builder::value decoder_builder::attention(value x) {
  const std::size_t q_width = h_.heads * h_.head_size;
  const std::size_t kv_width = h_.kv_heads * h_.head_size;
  value q = 0;
  value k = 0;
  value v = 0;
  if (has(layer_ + "attn_qkv.weight")) {
    const std::size_t all = q_width + 2 * kv_width;
    q = slice(x, "attn_qkv", 0, q_width, all);
    k = slice(x, "attn_qkv", q_width, kv_width, all);
    v = slice(x, "attn_qkv", q_width + kv_width, kv_width, all);
  } else {
    linear_form form{.needs_bias = style_.biases != bias_rule::where_stored};
    if (h_.rotary_pairs)
      form = {.needs_bias = form.needs_bias, .order = row_order::pairs_to_halves, .head_size = h_.head_size, .rotary = h_.rotary};
    form.bias = layer_ + "attn_q.bias";
    q = linear(x, layer_ + "attn_q.weight", q_width, form);
    form.bias = layer_ + "attn_k.bias";
    k = linear(x, layer_ + "attn_k.weight", kv_width, form);
    v = project(x, "attn_v", kv_width, true);
  }
  q = turned(q, "attn_q_norm");
  k = turned(k, "attn_k_norm");
  double scale = h_.attention_scale != 0 ? h_.attention_scale : 1.0 / std::sqrt(static_cast<double>(h_.head_size));
  if (h_.scaled_by_layer) scale /= static_cast<double>(index_ + 1);
  attention_operation how{.heads = h_.heads,
                          .kv_heads = h_.kv_heads,
                          .head_size = h_.head_size,
                          .scale = static_cast<float>(scale),
                          .window = h_.window_of(index_),
                          .soft_cap = h_.attention_cap};
  if (h_.alibi_bias != 0) how.slopes = alibi_slopes(h_.heads, h_.alibi_bias);
  return project(graph_builder::attention(q, k, v, std::move(how)), "attn_output", h_.width);
}

LINGUALINKED_DECL graph_builder::value decoder_builder::gated_feed_forward(value x) {
  const std::size_t f = h_.feed_forward;
  const bool fused = !has(layer_ + "ffn_gate.weight");
  const value gate = fused ? slice(x, "ffn_up", 0, f, 2 * f) : project(x, "ffn_gate", f);
  const value up = fused ? slice(x, "ffn_up", f, f, 2 * f) : project(x, "ffn_up", f);
  return project(gated(gate, up, h_.activation), "ffn_down", h_.width);
}

LINGUALINKED_DECL graph_builder::value decoder_builder::routed_feed_forward(value x) {
  if (!h_.mixes(index_)) return gated_feed_forward(x);
  const value scores = linear(x, layer_ + "ffn_gate_inp.weight", h_.experts);
  const value y = mixture(x, scores, layer_ + "ffn_gate_exps.weight", layer_ + "ffn_up_exps.weight",
                          layer_ + "ffn_down_exps.weight", h_.experts, h_.expert_feed_forward,
                          {.gate = {},
                           .up = {},
                           .down = {},
                           .used = h_.experts_used,
                           .sum_to_one = h_.experts_sum_to_one,
                           .activation = h_.activation});
  if (h_.shared_feed_forward == 0) return y;
  const value gate = project(x, "ffn_gate_shexp", h_.shared_feed_forward);
  const value up = project(x, "ffn_up_shexp", h_.shared_feed_forward);
  const value shared = project(gated(gate, up, h_.activation), "ffn_down_shexp", h_.width);
  return add(y, scale(shared, project(x, "ffn_gate_inp_shexp", 1)));
}

LINGUALINKED_DECL graph_builder::value decoder_builder::feed_forward(value x) {
  return project(activate(project(x, "ffn_up", h_.feed_forward), h_.activation), "ffn_down", h_.width);
}

LINGUALINKED_DECL result<operation_graph> decoder_builder::finish_with_head(value x, bool normed) && {
  part("head");
  x = select(x);
  if (normed) x = norm_named(x, "output_norm");
  if (h_.embedding_width != 0) x = linear(x, "project_out.weight", h_.embedding_width);
  x = head(x, h_);
  if (h_.logit_cap != 0 && h_.labels.empty()) x = soft_cap(x, h_.logit_cap);
  return std::move(*this).finish();
}

}  // namespace lingualinked::inline v0

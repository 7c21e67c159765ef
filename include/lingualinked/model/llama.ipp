// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/graph_builder.hpp>
#include <lingualinked/model/llama.hpp>

#include <cmath>
#include <string>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL result<operation_graph> build_llama(const hyperparameters& h, const tensor_source& weights) {
  graph_builder b(weights);
  const rope_operation turn{h.head_size, h.rotary, h.rope_base, h.rope_divisors};
  const attention_operation attend{.heads = h.heads,
                                   .kv_heads = h.kv_heads,
                                   .head_size = h.head_size,
                                   .scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(h.head_size))),
                                   .window = h.window};

  b.part("embedding");
  auto x = b.embedding("token_embd.weight", h.vocabulary, h.width);
  b.mark_stream(x);
  for (std::size_t i = 0; i < h.layers; ++i) {
    const std::string layer = "blk." + std::to_string(i) + ".";
    const auto project = [&](auto in, const char* name, std::size_t outputs) {
      return b.linear(in, layer + name + ".weight", outputs, layer + name + ".bias");
    };
    const auto project_turned = [&](auto in, const char* name, std::size_t outputs) {
      return b.rope(b.linear(in, layer + name + ".weight", outputs, layer + name + ".bias",
                             h.rotary_pairs ? row_order::pairs_to_halves : row_order::as_stored, h.head_size, h.rotary),
                    turn);
    };
    b.part("layer " + std::to_string(i) + " attention");
    const auto a = b.rms_norm(x, layer + "attn_norm.weight", h.norm_epsilon);
    const auto q = project_turned(a, "attn_q", h.heads * h.head_size);
    const auto k = project_turned(a, "attn_k", h.kv_heads * h.head_size);
    const auto v = project(a, "attn_v", h.kv_heads * h.head_size);
    x = b.add_to_stream(project(b.attention(q, k, v, attend), "attn_output", h.width), x);

    b.part("layer " + std::to_string(i) + " feed-forward");
    const auto f = b.rms_norm(x, layer + "ffn_norm.weight", h.norm_epsilon);
    const auto gate = project(f, "ffn_gate", h.feed_forward);
    const auto up = project(f, "ffn_up", h.feed_forward);
    x = b.add_to_stream(project(b.gated_silu(gate, up), "ffn_down", h.width), x);
  }
  b.part("head");
  const auto last = b.rms_norm(b.select(x), "output_norm.weight", h.norm_epsilon);
  b.head(last, h);
  return std::move(b).finish();
}

}  // namespace lingualinked::inline v0

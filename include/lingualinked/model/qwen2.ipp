// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/decoder_builder.hpp>
#include <lingualinked/model/qwen2.hpp>

#include <utility>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL result<operation_graph> build_qwen2(const hyperparameters& h, const tensor_source& weights) {
  const bool bare = h.experts != 0 && weights.find("blk.0.attn_q.bias") == nullptr &&
                    weights.find("blk.0.attn_k.bias") == nullptr && weights.find("blk.0.attn_v.bias") == nullptr;
  decoder_builder b(h, weights, {.biases = bare ? bias_rule::where_stored : bias_rule::of_qkv});
  auto x = b.embed();
  b.mark_stream(x);
  for (std::size_t i = 0; i < h.layers; ++i) {
    b.attention_part(i);
    x = b.add_to_stream(b.attention(b.norm(x, "attn_norm")), x);
    b.feed_forward_part(i);
    x = b.add_to_stream(b.routed_feed_forward(b.norm(x, "ffn_norm")), x);
  }
  return std::move(b).finish_with_head(x);
}

}  // namespace lingualinked::inline v0

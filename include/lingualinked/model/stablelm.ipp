// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/decoder_builder.hpp>
#include <lingualinked/model/stablelm.hpp>

#include <utility>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL result<operation_graph> build_stablelm(const hyperparameters& h, const tensor_source& weights) {
  decoder_builder b(h, weights, {.layer_norms = true, .head_norms = weights.find("blk.0.attn_q_norm.weight") != nullptr});
  const bool parallel = weights.find("blk.0.ffn_norm.weight") == nullptr;
  auto x = b.embed();
  b.mark_stream(x);
  for (std::size_t i = 0; i < h.layers; ++i) {
    if (parallel) {
      b.whole_part(i);
      const auto n = b.norm(x, "attn_norm");
      const auto attended = b.add(b.attention(n), x);
      x = b.add_to_stream(b.gated_feed_forward(n), attended);
      continue;
    }
    b.attention_part(i);
    x = b.add_to_stream(b.attention(b.norm(x, "attn_norm")), x);
    b.feed_forward_part(i);
    x = b.add_to_stream(b.gated_feed_forward(b.norm(x, "ffn_norm")), x);
  }
  return std::move(b).finish_with_head(x);
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/bloom.hpp>
#include <lingualinked/model/decoder_builder.hpp>

#include <utility>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL result<operation_graph> build_bloom(const hyperparameters& h, const tensor_source& weights) {
  decoder_builder b(h, weights, {.layer_norms = true, .biases = bias_rule::everywhere});
  auto x = b.norm_named(b.embed(), "token_embd_norm");
  b.mark_stream(x);
  for (std::size_t i = 0; i < h.layers; ++i) {
    b.attention_part(i);
    const auto a = b.norm(x, "attn_norm");
    x = b.add_to_stream(b.attention(a), h.residual_after_norm ? a : x);
    b.feed_forward_part(i);
    const auto f = b.norm(x, "ffn_norm");
    x = b.add_to_stream(b.feed_forward(f), h.residual_after_norm ? f : x);
  }
  return std::move(b).finish_with_head(x);
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/decoder_builder.hpp>
#include <lingualinked/model/phi3.hpp>

#include <utility>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL result<operation_graph> build_phi3(const hyperparameters& h, const tensor_source& weights) {
  decoder_builder b(h, weights);
  auto x = b.embed();
  b.mark_stream(x);
  for (std::size_t i = 0; i < h.layers; ++i) {
    b.attention_part(i);
    x = b.add_to_stream(b.attention(b.norm(x, "attn_norm")), x);
    b.feed_forward_part(i);
    x = b.add_to_stream(b.gated_feed_forward(b.norm(x, "ffn_norm")), x);
  }
  return std::move(b).finish_with_head(x);
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/model/decoder_builder.hpp>
#include <lingualinked/model/opt.hpp>

#include <utility>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL result<operation_graph> build_opt(const hyperparameters& h, const tensor_source& weights) {
  decoder_builder b(h, weights, {.layer_norms = true});
  auto x = b.positions(b.embed(), "position_embd.weight", h.context_length + h.position_offset, h.position_offset);
  b.mark_stream(x);
  const auto half = [&](const char* norm, auto part) {
    if (!h.norm_after_residual) return b.add_to_stream(part(b.norm(x, norm)), x);
    const auto made = b.norm(b.add(part(x), x), norm);
    b.mark_stream(made);
    return made;
  };
  for (std::size_t i = 0; i < h.layers; ++i) {
    b.attention_part(i);
    x = half("attn_norm", [&](auto in) { return b.attention(in); });
    b.feed_forward_part(i);
    x = half("ffn_norm", [&](auto in) { return b.feed_forward(in); });
  }
  return std::move(b).finish_with_head(x, b.has("output_norm.weight"));
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/model/hyperparameters.hpp>

namespace lingualinked::inline v0 {

/// Llama: RMS norms before each half of a layer, rotary positions, grouped-query attention, SwiGLU feed-forward. Also what
/// Mistral, Mixtral (with its mixture of experts), SmolLM, SmolLM2 and TinyLlama are. Tensor names as in GGUF, and there also its
/// row order of q and k.
/// Errors    malformed for a missing tensor or a wrong shape; unsupported for a tensor without a place here
/// Source    Touvron et al. 2023, LLaMA, arXiv 2302.13971; Jiang et al. 2023, Mistral 7B, arXiv 2310.06825 (window)
[[nodiscard]] result<operation_graph> build_llama(const hyperparameters& h, const tensor_source& weights);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/llama.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/model/hyperparameters.hpp>

namespace lingualinked::inline v0 {

/// StableLM 2 and StableLM 3B: Llama with layer norms and rotation of a part of each head. StableLM 2 12B also norms each head of
/// q and k, and its layers have one norm for both halves, which run side by side: each layer is one module. The tensors say so.
/// Errors    malformed for a missing tensor or a wrong shape; unsupported for a tensor without a place here
/// Source    Bellagente et al. 2024, Stable LM 2 1.6B technical report, arXiv 2402.17834
[[nodiscard]] result<operation_graph> build_stablelm(const hyperparameters& h, const tensor_source& weights);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/stablelm.ipp>
#endif

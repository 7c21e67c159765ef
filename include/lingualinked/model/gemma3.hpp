// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/model/hyperparameters.hpp>

namespace lingualinked::inline v0 {

/// Gemma 3, its text part: a scaled embedding, norms before and after each half of a layer, RMS norms on each head of q and k,
/// GeGLU, layers with a window and a rope base of their own between layers that see everything.
/// Errors    malformed for a missing tensor or a wrong shape; unsupported for a tensor without a place here
/// Source    Gemma team 2025, Gemma 3 technical report, arXiv 2503.19786
[[nodiscard]] result<operation_graph> build_gemma3(const hyperparameters& h, const tensor_source& weights);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/gemma3.ipp>
#endif

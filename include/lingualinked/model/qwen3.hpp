// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/model/hyperparameters.hpp>

namespace lingualinked::inline v0 {

/// Qwen3: Llama with RMS norms on each head of q and k before they turn, and a head size of its own; as
/// qwen3moe with a mixture of experts.
/// Errors    malformed for a missing tensor or a wrong shape; unsupported for a tensor without a place here
/// Source    Yang et al. 2025, Qwen3 technical report, arXiv 2505.09388
[[nodiscard]] result<operation_graph> build_qwen3(const hyperparameters& h, const tensor_source& weights);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/qwen3.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/model/hyperparameters.hpp>

namespace lingualinked::inline v0 {

/// Qwen2 and Qwen2.5: Llama with biases on q, k and v; as qwen2moe with a mixture of experts and one that all tokens take,
/// and then perhaps without biases.
/// Errors    malformed for a missing tensor or a wrong shape; unsupported for a tensor without a place here
/// Source    Yang et al. 2024, Qwen2 technical report, arXiv 2407.10671
[[nodiscard]] result<operation_graph> build_qwen2(const hyperparameters& h, const tensor_source& weights);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/qwen2.ipp>
#endif

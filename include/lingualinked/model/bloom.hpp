// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/model/hyperparameters.hpp>

namespace lingualinked::inline v0 {

/// BLOOM: a norm behind the embedding, ALiBi for any number of heads, layer norms, biases everywhere, one matrix for q, k and v.
/// A variant takes the residual after the norm.
/// Errors    malformed for a missing tensor or a wrong shape; unsupported for a tensor without a place here
/// Source    BigScience 2022, BLOOM, arXiv 2211.05100
[[nodiscard]] result<operation_graph> build_bloom(const hyperparameters& h, const tensor_source& weights);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/bloom.ipp>
#endif

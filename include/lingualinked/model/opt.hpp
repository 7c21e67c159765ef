// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/model/hyperparameters.hpp>

namespace lingualinked::inline v0 {

/// OPT: learned positions that begin at row 2, layer norms, biases where stored, ReLU. Its 350M variant norms after the
/// residual and has a token table narrower than the model; variants without a final norm lack its tensor. Tensor names in the
/// manner of GGUF, which does not have this architecture.
/// Errors    malformed for a missing tensor or a wrong shape; unsupported for a tensor without a place here
/// Source    Zhang et al. 2022, OPT, arXiv 2205.01068
[[nodiscard]] result<operation_graph> build_opt(const hyperparameters& h, const tensor_source& weights);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/opt.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/gguf.hpp>
#include <lingualinked/model/hyperparameters.hpp>
#include <lingualinked/model/registry.hpp>

namespace lingualinked::inline v0 {

/// Reads a model's sizes from GGUF metadata. A key of the architecture that is not understood is refused by name, because a model
/// that is computed without one of its switches gives wrong answers that look right. `unsaid` is what files of the architecture
/// leave out.
/// Errors    malformed (missing, out of range, or sizes that contradict each other), unsupported (a switch or a rope scaling)
[[nodiscard]] result<hyperparameters> hyperparameters_from(const gguf_file& file, const gguf_conventions& unsaid);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/gguf_hyperparameters.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>

namespace lingualinked::inline v0 {

class hf_keys;
struct hf_description;

/// Phi-3: as Llama, with q, k and v in one matrix and gate and up in another.
LINGUALINKED_DECL void describe_hf_phi3(hf_keys& keys, hf_description& d);
/// StableLM: as Llama, with layer norms and heads that turn only in part.
LINGUALINKED_DECL void describe_hf_stablelm(hf_keys& keys, hf_description& d);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/hf_phi.ipp>
#endif

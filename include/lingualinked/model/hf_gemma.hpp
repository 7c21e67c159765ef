// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>

namespace lingualinked::inline v0 {

class hf_keys;
struct hf_description;

/// Gemma: as Llama but for GELU, a scaled embedding and norms stored without their 1.
LINGUALINKED_DECL void describe_hf_gemma(hf_keys& keys, hf_description& d);
/// Gemma 2: norms around both halves of a layer, a window in every second layer, soft caps.
LINGUALINKED_DECL void describe_hf_gemma2(hf_keys& keys, hf_description& d);
/// Gemma 3, its text part: windows with a rope of their own, norms of q and k.
LINGUALINKED_DECL void describe_hf_gemma3(hf_keys& keys, hf_description& d);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/hf_gemma.ipp>
#endif

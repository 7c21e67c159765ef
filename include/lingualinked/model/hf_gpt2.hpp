// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>

namespace lingualinked::inline v0 {

class hf_keys;
struct hf_description;

/// GPT-2: learned positions, one fused projection for q, k and v, matrices stored transposed.
LINGUALINKED_DECL void describe_hf_gpt2(hf_keys& keys, hf_description& d);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/hf_gpt2.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>

namespace lingualinked::inline v0 {

class hf_keys;
struct hf_description;

// Families whose feed-forward part is a mixture of experts.
LINGUALINKED_DECL void describe_hf_mixtral(hf_keys& keys, hf_description& d);
LINGUALINKED_DECL void describe_hf_qwen2_moe(hf_keys& keys, hf_description& d);
LINGUALINKED_DECL void describe_hf_qwen3_moe(hf_keys& keys, hf_description& d);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/hf_experts.ipp>
#endif

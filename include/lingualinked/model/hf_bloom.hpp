// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>

namespace lingualinked::inline v0 {

class hf_keys;
struct hf_description;

/// BLOOM: ALiBi, a norm behind the embedding, q, k and v fused head by head.
LINGUALINKED_DECL void describe_hf_bloom(hf_keys& keys, hf_description& d);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/hf_bloom.ipp>
#endif

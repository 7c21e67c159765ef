// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>

namespace lingualinked::inline v0 {

class hf_keys;
struct hf_description;

/// OPT: learned positions that begin at row 2, biases everywhere; its smallest model norms after each half and projects the
/// embedding. It exists in this format only.
LINGUALINKED_DECL void describe_hf_opt(hf_keys& keys, hf_description& d);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/hf_opt.ipp>
#endif

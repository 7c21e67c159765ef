// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/gguf_metadata.hpp>
#include <lingualinked/text/tokenizer_spec.hpp>

namespace lingualinked::inline v0 {

/// What GGUF metadata say of a tokenizer: vocabulary, merges or scores, special tokens, pre-tokenizer.
/// Errors    malformed; unsupported for a tokenizer model or pre-tokenizer that this library does not have, by name
[[nodiscard]] result<tokenizer_spec> tokenizer_spec_from(const gguf_metadata& metadata);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/gguf_tokenizer.ipp>
#endif

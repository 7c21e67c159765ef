// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/text/tokenizer_spec.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lingualinked::inline v0 {

/// How much of a tokenizer.json is read. The vocabularies of today's largest models stay below 40 MB.
inline constexpr std::size_t tokenizer_json_bytes_max = std::size_t{64} << 20;

/// What a tokenizer.json says, and the tokenizer_config.json beside it where there is one (empty text: none). BPE (byte-level or
/// with characters and byte fallback) and Unigram models; a model, normalizer, pre-tokenizer, post-processor or decoder outside
/// that is refused by name, never passed over. tokenizer::create checks the rest.
/// Errors    malformed (with the path of the field), unsupported, limit
[[nodiscard]] LINGUALINKED_DECL result<tokenizer_spec> tokenizer_spec_from_json(std::string_view tokenizer_json,
                                                                                std::string_view tokenizer_config_json = {});

/// The chat template of a tokenizer_config.json; of several, the one called "default".
[[nodiscard]] LINGUALINKED_DECL result<std::optional<std::string>> chat_template_from_json(
    std::string_view tokenizer_config_json);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/tokenizer_json.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/text/tokenizer_spec.hpp>

#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

/// What a name in a GGUF file's tokenizer.ggml.pre stands for. The models' own tokenizer files define it; the name only points to
/// them.
struct named_pre_tokenizer {
  std::vector<pre_tokenizer_step> steps;
  std::vector<normalizer_step> normalizer;
  bool ignore_merges = false;    // tokenizer_spec::ignore_merges
  bool begins_with_bos = false;  // where the file does not say whether texts begin with bos
};

/// Errors    errc::unsupported for a name that is not known; the message lists those that are
[[nodiscard]] LINGUALINKED_DECL result<named_pre_tokenizer> find_pre_tokenizer(std::string_view name);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/text/named_pre_tokenizer.ipp>
#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/model/hf_weights.hpp>
#include <lingualinked/model/hyperparameters.hpp>
#include <lingualinked/text/tokenizer_spec.hpp>

#include <optional>
#include <string>

namespace lingualinked::inline v0 {

/// A model folder as Hugging Face libraries write it, opened: config.json understood, headers of the weights read and matched.
struct hf_folder {
  hyperparameters sizes;
  hf_weights weights;

  /// Errors    as hf_config::open, describe_hf, safetensors_model::open, hf_weights::create
  [[nodiscard]] LINGUALINKED_DECL static result<hf_folder> open(const std::string& path);
};

/// The tokenizer of such a folder: tokenizer.json, and where they are there tokenizer_config.json and the end tokens of
/// config.json and generation_config.json. The folder need not hold a model.
/// Errors    io (no tokenizer.json), and as tokenizer_spec_from_json
[[nodiscard]] LINGUALINKED_DECL result<tokenizer_spec> tokenizer_spec_from_folder(const std::string& path);

/// Its chat template: chat_template.jinja, or else that of tokenizer_config.json; none is no error.
[[nodiscard]] LINGUALINKED_DECL result<std::optional<std::string>> chat_template_from_folder(const std::string& path);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/hf_folder.ipp>
#endif

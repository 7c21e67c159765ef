// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "command.hpp"

#include <lingualinked/model/language_model.hpp>

#include <string>
#include <vector>

namespace tool {

/// -m MODEL, or MODEL as the first word, and what stands behind it.
struct model_choice {
  std::string model;
  std::vector<std::string> words;
  std::string weights;  // type that float weights are rounded to; empty: as stored

  /// rest: what the words after MODEL are, for the help text; empty when there are none.
  void add_to(CLI::App& app, const std::string& rest = {});
  /// The model's path: as given, else the cached default model. Errors: io when neither is there.
  [[nodiscard]] ll::result<std::string> path() const;
  /// Opens what path() names. What is wrong with it is wrong with an input, as with its tokenizer.
  [[nodiscard]] ll::result<ll::language_model> open() const;
  [[nodiscard]] static ll::result<ll::tokenizer> tokenizer_of(const ll::language_model& model);
  /// Refuses a classifier, which has labels where a language model has words.
  [[nodiscard]] static ll::result<void> require_words(const ll::language_model& model);
  /// The n-th word after MODEL; empty when it is not there.
  [[nodiscard]] std::string word(std::size_t n) const;
};

/// Where examples/get_model.sh puts models.
[[nodiscard]] std::string cache_folder();

}  // namespace tool

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// A model file or folder as a pipeline, shared by the examples that write and judge text: two stages that share this process.
// Between machines the stages are the same; see the tool for how they find each other. The pipeline's templates are made in
// text_model.cpp alone, so that each example compiles in seconds.
#include <lingualinked/core/token.hpp>
#include <lingualinked/model/language_model.hpp>
#include <lingualinked/text/tokenizer.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ll = lingualinked;

class text_model {
 public:
  /// Throws ll::failure with one line that says what is wrong.
  explicit text_model(const std::string& path);
  text_model(text_model&&) noexcept;
  text_model& operator=(text_model&&) noexcept;
  ~text_model();

  [[nodiscard]] const ll::language_model& model() const { return model_; }
  [[nodiscard]] const ll::tokenizer& words() const { return words_; }

  /// What the model writes after a prompt, until it ends, `stop` comes or max_tokens are written.
  /// framed  the prompt holds what opens a text (bos) already, as chat templates write it
  std::string write(const std::string& prompt, std::uint32_t max_tokens, const std::string& stop = "\n\n", bool framed = false);

  /// The logits after the last of these tokens.
  std::vector<float> last_logits(std::vector<ll::token_id> tokens);

 private:
  struct stages;
  ll::language_model model_;
  ll::tokenizer words_;
  std::unique_ptr<stages> run_;
};

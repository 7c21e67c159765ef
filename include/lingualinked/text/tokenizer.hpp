// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/text/tokenizer_spec.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

namespace detail {
struct tokenizer_state;
}

struct encode_options {
  bool parse_special = true;  // recognise special tokens in the text; false: read them as plain text
  bool add_bos_eos = false;   // add what this tokenizer adds around a text
  bool add_prefix = false;    // add only what it adds in front, for a text that is to go on
};

/// Text to token ids and back. A handle to shared immutable state: cheap to copy, safe to use from several threads.
class tokenizer {
 public:
  static constexpr std::size_t tokens_max = std::size_t{1} << 24;
  static constexpr std::size_t token_bytes_max = std::size_t{1} << 16;
  static constexpr std::size_t text_bytes_max = std::size_t{1} << 28;

  /// Errors    errc::malformed (empty vocabulary, a token twice, an id or merge outside the vocabulary, scores that do not fit),
  ///           errc::unsupported (an unknown pre-tokenizer name, a foreign regular expression), errc::limit (too large)
  /// Cost      linear in the size of the vocabulary
  [[nodiscard]] static result<tokenizer> create(tokenizer_spec spec);

  /// The ids of a text. Bytes that are not valid UTF-8 are read one by one: byte-level vocabularies and those with byte tokens
  /// keep them, others see unknown characters.
  /// Errors    errc::limit (text longer than text_bytes_max; an expression gave up)
  /// Cost      n log n at worst, in one long piece; no locks
  [[nodiscard]] result<std::vector<token_id>> encode(std::string_view text, encode_options options = {}) const;

  /// The bytes behind ids, in order; they need not be valid UTF-8 (see valid_utf8). Ids outside the vocabulary give nothing.
  /// keep_special  false leaves out control tokens
  [[nodiscard]] std::string decode(std::span<const token_id> ids, bool keep_special = true) const;

  /// The vocabulary string as stored; empty for an id outside the vocabulary.
  [[nodiscard]] std::string_view piece(token_id id) const noexcept;
  /// The bytes that a token adds to a text, a space where it begins with one; empty for an id outside the vocabulary.
  [[nodiscard]] std::string token_bytes(token_id id) const;
  /// The same for the next token of a text. While `begins`, what decoding drops at the beginning of a text is left out.
  [[nodiscard]] std::string next_bytes(token_id id, bool& begins) const;
  /// A control token or the unknown token.
  [[nodiscard]] bool is_special(token_id id) const noexcept;
  [[nodiscard]] std::optional<token_id> find(std::string_view piece) const;

  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] std::optional<token_id> bos() const noexcept;
  [[nodiscard]] std::optional<token_id> eos() const noexcept;
  [[nodiscard]] std::optional<token_id> unknown() const noexcept;
  [[nodiscard]] std::optional<token_id> padding() const noexcept;

  /// The tokens that end an answer, ascending: eos, end of turn, end of message, and special tokens of the names that chat models
  /// use for them.
  [[nodiscard]] const std::vector<token_id>& end_tokens() const noexcept;

 private:
  explicit tokenizer(std::shared_ptr<const detail::tokenizer_state> state) : state_(std::move(state)) {}
  std::shared_ptr<const detail::tokenizer_state> state_;
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/text/tokenizer.ipp>
#endif

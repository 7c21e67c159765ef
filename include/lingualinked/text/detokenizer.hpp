// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/tokenizer.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace lingualinked::inline v0 {

/// A stream of bytes, cut anywhere, as a stream of whole code points. Bytes that no valid text contains become U+FFFD (one for
/// each maximal invalid subpart); a code point that the end of the stream cuts off is left out.
class utf8_stream {
 public:
  /// The text that is certain now.
  [[nodiscard]] std::string push(std::string_view bytes) {
    held_.append(bytes);
    std::string out;
    std::size_t at = 0;
    while (at < held_.size()) {
      const utf8_step step = step_utf8(held_, at);
      if (step.status == utf8_status::incomplete) break;  // at most three bytes wait
      if (step.status == utf8_status::complete) out.append(held_, at, step.size);
      if (step.status == utf8_status::invalid) append_utf8(out, 0xFFFD);
      at += step.size;
    }
    held_.erase(0, at);
    return out;
  }
  /// Forgets an unfinished rest.
  void reset() noexcept { held_.clear(); }

 private:
  std::string held_;
};

/// Tokens, one by one, as text that never ends inside a code point. However a stream of tokens is cut into pushes, the texts
/// joined equal valid_utf8(decode(tokens)).
class detokenizer {
 public:
  /// continues  the tokens go on after others, so that a leading space is a space between words and stays
  /// keep_special  false leaves out control tokens
  explicit detokenizer(tokenizer t, bool continues = true, bool keep_special = true)
      : tokenizer_(std::move(t)), begins_(!continues), keep_special_(keep_special) {}

  /// The text that this token makes certain; empty while a code point is unfinished.
  [[nodiscard]] std::string push(token_id id) {
    if (!keep_special_ && tokenizer_.is_special(id)) return {};
    return stream_.push(tokenizer_.next_bytes(id, begins_));
  }

 private:
  tokenizer tokenizer_;
  utf8_stream stream_;
  bool begins_;
  bool keep_special_;
};

}  // namespace lingualinked::inline v0

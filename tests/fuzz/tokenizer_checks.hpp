// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/detokenizer.hpp>
#include <lingualinked/text/tokenizer.hpp>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

/// What holds for every tokenizer that was accepted, and every text.
inline void use_tokenizer(const lingualinked::tokenizer& t, std::string_view text) {
  for (const bool special : {false, true}) {
    const auto ids = t.encode(text, {.parse_special = special, .add_bos_eos = special});
    if (!ids) {
      if (ids.error().message.empty()) std::abort();
      continue;
    }
    for (const auto id : *ids)
      if (id < 0 || static_cast<std::size_t>(id) >= t.size()) std::abort();
    lingualinked::detokenizer stream(t, false);
    std::string joined;
    for (const auto id : *ids) joined += stream.push(id);
    if (joined != lingualinked::valid_utf8(t.decode(*ids))) std::abort();
  }
  for (const auto id : t.end_tokens())
    if (t.piece(id).empty()) std::abort();
  static_cast<void>(t.decode(std::vector<lingualinked::token_id>{-1, 0, 1, static_cast<lingualinked::token_id>(t.size())}));
}

}  // namespace fuzz

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A tokenizer.json, a zero byte, and a text (without the zero byte: the file is its own text): an error, or a tokenizer that
// gives ids of its vocabulary for any text and takes any ids back.
#include <lingualinked/model/tokenizer_json.hpp>
#include <lingualinked/text/detokenizer.hpp>
#include <lingualinked/text/tokenizer.hpp>

#include "tokenizer_checks.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ll = lingualinked;

int fuzz_tokenizer_json(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(all.find('\0'), size);
  const std::string_view file = all.substr(0, end);
  const std::string_view text = end < size ? all.substr(end + 1) : all;
  static_cast<void>(ll::chat_template_from_json(file));
  // The same bytes serve as the file beside it, whose fields have other names.
  for (const std::string_view beside : {std::string_view(), file}) {
    auto spec = ll::tokenizer_spec_from_json(file, beside);
    if (!spec) {
      if (spec.error().message.empty()) std::abort();
      continue;
    }
    const auto made = ll::tokenizer::create(*std::move(spec));
    if (made) fuzz::use_tokenizer(*made, text);
    else if (made.error().message.empty()) std::abort();
  }
  return 0;
}

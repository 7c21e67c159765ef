// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A GGUF file, whose bytes are also the text: an error, or a tokenizer that gives ids of its vocabulary and takes any ids back.
#include <lingualinked/formats/gguf.hpp>
#include <lingualinked/model/gguf_tokenizer.hpp>
#include <lingualinked/text/tokenizer.hpp>

#include "../support/scratch_file.hpp"
#include "tokenizer_checks.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ll = lingualinked;

int fuzz_gguf_tokenizer(const std::uint8_t* data, std::size_t size) {
  const auto file = ll::gguf_file::open(test_support::scratch_file(data, size, "a.gguf"));
  if (!file) return 0;
  auto spec = ll::tokenizer_spec_from(file->metadata());
  if (!spec) {
    if (spec.error().message.empty()) std::abort();
    return 0;
  }
  const auto made = ll::tokenizer::create(*std::move(spec));
  if (made) fuzz::use_tokenizer(*made, std::string_view(reinterpret_cast<const char*>(data), size));
  else if (made.error().message.empty()) std::abort();
  return 0;
}

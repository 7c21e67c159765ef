// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// SentencePiece's compiled rules, applied to their own bytes: an error, or a text within its limit.
#include <lingualinked/text/charsmap.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ll = lingualinked;

int fuzz_charsmap(const std::uint8_t* data, std::size_t size) {
  const std::string_view rules(reinterpret_cast<const char*>(data), size);
  const auto map = ll::charsmap::create(rules);
  if (!map) {
    if (map.error().message.empty()) std::abort();
    return 0;
  }
  for (const std::size_t bytes_max : {std::size_t{0}, size, 64 * size}) {
    const auto text = map->apply(rules, bytes_max);
    if (text ? text->size() > bytes_max : text.error().code != ll::errc::limit) std::abort();
  }
  for (std::size_t at = 0; at < size; ++at) {
    const auto rule = map->longest_rule(rules, at);
    if (rule && (rule->second == 0 || at + rule->second > size || rule->first.size() > size)) std::abort();
  }
  return 0;
}

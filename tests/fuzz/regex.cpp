// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An expression, a zero byte, and a text: an error, or matches in order inside the text, the same when the search goes on to it
// from another text.
#include <lingualinked/text/regex.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ll = lingualinked;

int fuzz_regex(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(all.find('\0'), size);
  const std::string_view text = all.substr(std::min(end + 1, size));
  const auto expression = ll::regex::compile(all.substr(0, end));
  if (!expression) {
    if (expression.error().message.empty()) std::abort();
    return 0;
  }
  ll::regex::search search(*expression, text);
  ll::regex::search again(*expression, all);
  again.restart(text);
  for (std::size_t from = 0; from <= text.size();) {
    const auto found = search.next(from);
    const auto other = again.next(from);
    if (!found) {
      if (found.error().message.empty()) std::abort();
      break;  // out of steps; the other search had some left
    }
    if (!*found) {
      if (!other || *other) std::abort();
      break;
    }
    const ll::regex::match m = **found;
    if (m.begin < from || m.end < m.begin || m.end > text.size()) std::abort();
    if (!other || !*other || (*other)->begin != m.begin || (*other)->end != m.end) std::abort();
    from = std::max(m.end, from + 1);
  }
  return 0;
}

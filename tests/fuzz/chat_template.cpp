// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a chat template: an error that names its cause, or a text within the limits, the same each time.
#include <lingualinked/text/chat_template.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace ll = lingualinked;

int fuzz_chat_template(const std::uint8_t* data, std::size_t size) {
  const auto parsed = ll::chat_template::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!parsed) {
    if (parsed.error().message.empty()) std::abort();
    return 0;
  }
  const std::vector<ll::chat_message> messages{{"system", "Be brief."}, {"user", " H\xC3\xA9llo \xFF"}, {"assistant", "Yo\n"}};
  ll::chat_options options;
  options.bos_token = "<s>";
  options.eos_token = "</s>";
  options.local_seconds = 1718108405;
  const auto text = parsed->render(messages, options);
  const auto again = parsed->render(messages, options);
  if (text.has_value() != again.has_value()) std::abort();
  if (text && (*text != *again || text->size() > ll::chat_template::output_bytes_max)) std::abort();
  if (!text && text.error().message.empty()) std::abort();
  return 0;
}

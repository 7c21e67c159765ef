// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as an instance file: an error, or one that is read back as it was written.
#include <lingualinked/documents/instance.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ll = lingualinked;

int fuzz_instance_json(const std::uint8_t* data, std::size_t size) {
  const auto document = ll::read_instance(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!document) {
    if (document.error().message.empty()) std::abort();
    return 0;
  }
  const auto again = ll::read_instance(ll::to_json(*document).dump());
  if (!again || *again != *document) std::abort();
  return 0;
}

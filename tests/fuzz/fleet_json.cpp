// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a fleet file: an error, or one that is read back as it was written.
#include <lingualinked/documents/fleet.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ll = lingualinked;

int fuzz_fleet_json(const std::uint8_t* data, std::size_t size) {
  const auto document = ll::read_fleet(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!document) {
    if (document.error().message.empty()) std::abort();
    return 0;
  }
  const auto again = ll::read_fleet(ll::to_json(*document).dump());
  if (!again || *again != *document) std::abort();
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a plan: an error, or one that is read back as it was written.
#include <lingualinked/documents/plan.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ll = lingualinked;

int fuzz_plan_json(const std::uint8_t* data, std::size_t size) {
  const auto document = ll::read_plan(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!document) {
    if (document.error().message.empty()) std::abort();
    return 0;
  }
  const auto again = ll::read_plan(ll::to_json(*document).dump());
  if (!again || *again != *document) std::abort();
  return 0;
}

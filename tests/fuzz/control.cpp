// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a control message: an error, or a message that is read back as it was written.
#include <lingualinked/documents/control.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace ll = lingualinked;

int fuzz_control(const std::uint8_t* data, std::size_t size) {
  const auto message = ll::json_control_codec::decode(std::as_bytes(std::span(data, size)));
  if (!message) {
    if (message.error().message.empty()) std::abort();
    return 0;
  }
  const auto again = ll::json_control_codec::decode(ll::json_control_codec::encode(*message));
  if (!again || *again != *message) std::abort();
  return 0;
}

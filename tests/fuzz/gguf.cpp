// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a GGUF file: an error, or a file whose every tensor and value can be read.
#include <lingualinked/formats/gguf.hpp>

#include "../support/scratch_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <span>

namespace ll = lingualinked;

int fuzz_gguf(const std::uint8_t* data, std::size_t size) {
  const auto file = ll::gguf_file::open(test_support::scratch_file(data, size, "a.gguf"));
  if (!file) {
    if (file.error().message.empty()) std::abort();
    return 0;
  }
  const auto& metadata = file->metadata();
  for (const auto& [key, value] : metadata.all()) {
    if (ll::describe(value).empty() || metadata.find(key) != &value) std::abort();
    static_cast<void>(metadata.get_uint(key, 1, 100));
    static_cast<void>(metadata.get_float(key));
    static_cast<void>(metadata.get_bool(key));
    static_cast<void>(metadata.get_string(key));
    static_cast<void>(metadata.get_strings(key));
    static_cast<void>(metadata.get_ints(key, -1, std::numeric_limits<std::int32_t>::max()));
    static_cast<void>(metadata.get_floats(key));
    static_cast<void>(metadata.get_bools(key));
  }
  std::array<std::byte, 64> raw{};
  for (const auto& tensor : file->tensors()) {
    const auto part = std::span(raw).first(static_cast<std::size_t>(std::min<std::uint64_t>(raw.size(), tensor.bytes)));
    if (tensor.bytes == 0 || tensor.offset + tensor.bytes > size || file->find(tensor.name) != &tensor) std::abort();
    if (!file->read(tensor, 0, part) || !file->read(tensor, tensor.bytes - part.size(), part)) std::abort();
  }
  return 0;
}

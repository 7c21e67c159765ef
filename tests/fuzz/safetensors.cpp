// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a safetensors file: an error, or a file whose every tensor can be read.
#include <lingualinked/formats/safetensors.hpp>

#include "../support/scratch_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace ll = lingualinked;

int fuzz_safetensors(const std::uint8_t* data, std::size_t size) {
  const auto model = ll::safetensors_model::open(test_support::scratch_file(data, size, "a.safetensors"));
  if (!model) {
    if (model.error().message.empty()) std::abort();
    return 0;
  }
  std::array<std::byte, 64> raw{};
  for (const auto& tensor : model->tensors()) {
    const auto part = std::span(raw).first(static_cast<std::size_t>(std::min<std::uint64_t>(raw.size(), tensor.bytes)));
    if (tensor.offset + tensor.bytes > size || model->find(tensor.name) != &tensor) std::abort();
    if (!model->read(tensor, 0, part) || !model->read(tensor, tensor.bytes - part.size(), part)) std::abort();
  }
  return 0;
}

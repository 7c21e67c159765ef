// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as the config.json of a model folder: an error in words, or a description whose sizes fit each other.
#include <lingualinked/formats/hf_config.hpp>
#include <lingualinked/model/hf_description.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ll = lingualinked;

int fuzz_model_config(const std::uint8_t* data, std::size_t size) {
  const auto config = ll::hf_config::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!config) {
    if (config.error().message.empty()) std::abort();
    return 0;
  }
  const auto described = ll::describe_hf(*config);
  if (!described) {
    if (described.error().message.empty()) std::abort();
    return 0;
  }
  const ll::hyperparameters& h = described->sizes;
  if (h.layers == 0 || h.width == 0 || h.heads == 0 || h.kv_heads == 0 || h.heads % h.kv_heads != 0) std::abort();
  if (described->tensors.empty()) std::abort();
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as JSON, as the index of a sharded model and as its config: errors, or a document that survives being written.
#include <lingualinked/formats/hf_config.hpp>
#include <lingualinked/formats/json.hpp>
#include <lingualinked/formats/safetensors.hpp>

#include "../support/scratch_file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ll = lingualinked;

int fuzz_index_json(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = ll::parse_json(text);
  if (document) {
    const auto again = ll::parse_json(document->dump());
    if (!again || *again != *document) std::abort();
  } else if (document.error().message.empty()) {
    std::abort();
  }
  static_cast<void>(ll::safetensors_model::open(test_support::scratch_file(data, size, "model.safetensors.index.json")));
  const auto config = ll::hf_config::parse(text);
  if (!config) return 0;
  for (const auto& name : config->fields()) {
    static_cast<void>(config->get_uint({name}, 1, 100));
    static_cast<void>(config->get_float({name}, 0, 1));
    static_cast<void>(config->get_strings({name}, 100));
    static_cast<void>(config->get_ids({name}, 100));
  }
  static_cast<void>(config->labels());
  static_cast<void>(config->rope());
  static_cast<void>(config->rope("sliding_attention"));
  return 0;
}

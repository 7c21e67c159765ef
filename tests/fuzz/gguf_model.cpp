// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a whole model in a GGUF file: an error in words, or a model with modules that cover its operations.
#include <lingualinked/model/language_model.hpp>

#include "../support/scratch_file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace ll = lingualinked;

int fuzz_gguf_model(const std::uint8_t* data, std::size_t size) {
  const auto model = ll::language_model::open(test_support::scratch_file(data, size, "a.gguf"));
  if (!model) {
    if (model.error().message.empty()) std::abort();
    return 0;
  }
  const ll::module_graph modules = model->modules(model->default_kv_type());
  if (modules.node_count() == 0 || modules.modules().back().end_operation != model->graph().operations.size()) std::abort();
  static_cast<void>(model->chat_template());
  static_cast<void>(model->make_tokenizer());
  return 0;
}

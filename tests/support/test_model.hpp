// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace test_support {

/// The path of SmolLM2-135M-Instruct.Q4_1.gguf, which is too large for the repository.
inline std::string test_model_path() {
  const char* const path = std::getenv("LINGUALINKED_TEST_MODEL");
  if (path == nullptr || *path == '\0')
    throw std::runtime_error("set LINGUALINKED_TEST_MODEL to what examples/get_model.sh prints");
  return path;
}

}  // namespace test_support

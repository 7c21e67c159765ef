// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes on after a prompt: generate_text MODEL PROMPT [TOKENS]. MODEL is a .gguf file or a folder with config.json and
// safetensors. Models that suit: SmolLM2-360M, Qwen2.5-0.5B, Llama-3.2-1B, gpt2, bloom-560m. The tiny model of the test has
// random weights, so it writes nonsense, but always the same.
// Needs lingualinked::lingualinked
// Run with  tests/data/models/gpt2 "A bridge is" 6
// Prints  A bridge is periap 10 g g r
#include "text_model/text_model.hpp"

#include <iostream>

int main(int count, char** words) {
  if (count < 3) return std::cerr << "usage: generate_text MODEL PROMPT [TOKENS]\n", 2;
  try {
    text_model m(words[1]);
    const std::uint32_t tokens = count > 3 ? static_cast<std::uint32_t>(std::stoul(words[3])) : 64;
    std::cout << words[2] << m.write(words[2], tokens) << '\n';
  } catch (const std::exception& e) {
    return std::cerr << e.what() << '\n', 1;
  }
}

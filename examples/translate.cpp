// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Translates by showing the model how: translate MODEL FROM TO TEXT [TOKENS], for example English French "Good morning.". Base
// models go on in the pattern; the sentence ends at the first line break. Models that suit know both languages: bloomz-560m,
// bloom-1b7, Qwen2.5-1.5B, gemma-3-1b-pt. The tiny model of the test has random weights.
// Needs lingualinked::lingualinked
// Run with  tests/data/models/bloom-h6 English French "It is late." 4
// Prints   valu7 valu7
#include "text_model/text_model.hpp"

#include <iostream>

int main(int count, char** words) {
  if (count < 5) return std::cerr << "usage: translate MODEL FROM TO TEXT [TOKENS]\n", 2;
  try {
    text_model m(words[1]);
    const std::uint32_t tokens = count > 5 ? static_cast<std::uint32_t>(std::stoul(words[5])) : 96;
    const std::string from = words[2];
    const std::string to = words[3];
    const std::string prompt = "Translate from " + from + " to " + to + ".\n" + from + ": " + words[4] + "\n" + to + ":";
    std::cout << m.write(prompt, tokens, "\n") << '\n';
  } catch (const std::exception& e) {
    return std::cerr << e.what() << '\n', 1;
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sums a text up through the model's own chat template: summarize MODEL TEXT [TOKENS]. Models that suit are those trained to
// follow instructions: Qwen2.5-1.5B-Instruct, Llama-3.2-3B-Instruct, gemma-3-1b-it, SmolLM2-1.7B-Instruct. The tiny model of the
// test has random weights.
// Needs lingualinked::lingualinked
// Run with  tests/data/models/qwen2 "It rained. The river rose. Nobody crossed the bridge." 8
// Prints  aj!Suku bersamdy9-
#include "text_model/text_model.hpp"

#include <lingualinked/text/chat_template.hpp>

#include <iostream>

int main(int count, char** words) {
  if (count < 3) return std::cerr << "usage: summarize MODEL TEXT [TOKENS]\n", 2;
  try {
    text_model m(words[1]);
    const std::uint32_t tokens = count > 3 ? static_cast<std::uint32_t>(std::stoul(words[3])) : 128;
    const std::string task = "Summarize the following text in one or two sentences.\n\n" + std::string(words[2]);
    std::string prompt = task + "\n\nSummary:";  // for a model without a template
    if (const auto own = m.model().chat_template()) {
      ll::chat_options seen;
      if (m.words().bos()) seen.bos_token = m.words().piece(*m.words().bos());
      if (m.words().eos()) seen.eos_token = m.words().piece(*m.words().eos());
      const ll::chat_message message{"user", task};
      prompt = ll::chat_template::parse(*own).value().render({&message, 1}, seen).value();
    }
    std::cout << m.write(prompt, tokens, "\n\n", m.model().chat_template().has_value()) << '\n';
  } catch (const std::exception& e) {
    return std::cerr << e.what() << '\n', 1;
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/chat_template.hpp>
#include <lingualinked/text/templates/access.ipp>
#include <lingualinked/text/templates/evaluator.ipp>
#include <lingualinked/text/templates/expressions.ipp>
#include <lingualinked/text/templates/filters.ipp>
#include <lingualinked/text/templates/lexer.ipp>
#include <lingualinked/text/templates/methods.ipp>
#include <lingualinked/text/templates/parser.ipp>
#include <lingualinked/text/templates/text_functions.ipp>
#include <lingualinked/text/templates/value.ipp>

#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL result<chat_template> chat_template::parse(std::string_view source) {
  if (source.size() > source_bytes_max) {
    return error{errc::limit,
                 "chat template of " + std::to_string(source.size()) + " bytes; at most " + std::to_string(source_bytes_max)};
  }
  auto tokens = templates::tokenize_template(source);
  if (!tokens) return tokens.error().in("chat template");
  auto root = templates::parse_tokens(*tokens, nesting_max);
  if (!root) return root.error().in("chat template");
  auto parsed = std::make_shared<templates::parsed_template>();
  parsed->root = *std::move(root);
  return chat_template(std::move(parsed));
}

LINGUALINKED_DECL result<std::string> chat_template::render(std::span<const chat_message> messages,
                                                            const chat_options& options) const {
  using templates::value;
  std::vector<value> list;
  list.reserve(messages.size());
  for (const chat_message& m : messages) list.push_back(templates::make_dict({{"role", m.role}, {"content", m.content}}));
  std::vector<std::pair<std::string, value>> variables;
  variables.emplace_back("messages", templates::make_list(std::move(list)));
  variables.emplace_back("bos_token", options.bos_token);
  variables.emplace_back("eos_token", options.eos_token);
  variables.emplace_back("add_generation_prompt", options.add_generation_prompt);
  auto text = templates::evaluator(options).run(*parsed_->root, std::move(variables));
  if (!text) return text.error().in("chat template");
  return text;
}

}  // namespace lingualinked::inline v0

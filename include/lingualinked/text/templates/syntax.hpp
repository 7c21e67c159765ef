// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/text/templates/value.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::templates {

enum class token_kind : unsigned char {
  data,
  begin_output,
  end_output,
  begin_block,
  end_block,
  name,
  string,
  integer,
  real,
  symbol,
  end
};

struct token {
  token_kind kind = token_kind::end;
  std::string text;  // data, name, symbol; the value of a string; the digits of a number
  std::size_t line = 1;
};

/// Template source as tokens. White space around tags is already treated as trim_blocks, lstrip_blocks and the signs - and + ask
/// for; comments are gone.
/// Errors    errc::malformed with the line
[[nodiscard]] LINGUALINKED_DECL result<std::vector<token>> tokenize_template(std::string_view source);

enum class node_kind : unsigned char {
  // statements
  body,     // children
  data,     // text
  output,   // child 0
  branch,   // if: condition, body, condition, body, ..., [else body]
  loop,     // names = targets; children: iterable, body, else body or null, filter or null
  assign,   // names = targets (or {namespace, attribute} where text is "."), child 0
  capture,  // set block: names = target, child 0 = body
  macro,    // text = name; names = parameters, children: body, then a default or null for each parameter
  leave,    // break
  next,     // continue
  // expressions
  constant,    // constant
  variable,    // text
  list,        // children; text: not empty for a tuple
  dict,        // children: key, value, ...
  attribute,   // child 0, text
  item,        // child 0, child 1
  slice,       // child 0, then start, stop, step (each may be null)
  call,        // child 0, then arguments; names: "" or the keyword of each argument
  filter,      // text = name; child 0, then arguments; names as in call
  test,        // text = name; child 0, then arguments; names as in call
  negate,      // child 0 (logical not)
  minus,       // child 0
  plus,        // child 0
  all_of,      // and: children
  any_of,      // or: children
  compare,     // children, names = the operators between them
  arithmetic,  // children, names = the operators between them, applied from the left
  join,        // ~ : children
  choose,      // value, condition, otherwise or null
};

struct node {
  node_kind kind = node_kind::body;
  std::size_t line = 1;
  std::size_t depth = 1;  // 1 + that of the deepest child
  std::string text;
  value constant;
  std::vector<std::string> names;
  std::vector<std::unique_ptr<node>> children;
};

/// The syntax tree of a template.
/// Errors    errc::malformed, errc::unsupported (a statement outside the subset, by name), errc::limit (nesting); with the line
[[nodiscard]] LINGUALINKED_DECL result<std::unique_ptr<node>> parse_tokens(const std::vector<token>& tokens,
                                                                           std::size_t nesting_max);

struct parsed_template {
  std::unique_ptr<node> root;
};

}  // namespace lingualinked::inline v0::templates

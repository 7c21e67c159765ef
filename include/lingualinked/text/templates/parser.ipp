// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/templates/expression_parser.hpp>

#include <charconv>

namespace lingualinked::inline v0::templates {

LINGUALINKED_DECL node_ptr expression_parser::number(node_ptr n, const token& t) {
  const char* end = t.text.data() + t.text.size();
  if (t.kind == token_kind::real) {
    double d = 0;
    if (std::from_chars(t.text.data(), end, d).ec != std::errc{})
      fail(errc::malformed, "number " + t.text.substr(0, 64) + " is out of range");
    n->constant = d;
  } else {
    std::int64_t i = 0;
    if (std::from_chars(t.text.data(), end, i).ec != std::errc{})
      fail(errc::malformed, "number " + t.text.substr(0, 64) + " is out of range");
    n->constant = i;
  }
  return n;
}

LINGUALINKED_DECL node_ptr expression_parser::primary() {
  const token t = now();
  node_ptr n = make(node_kind::constant, t.line);
  switch (t.kind) {
    case token_kind::string: {
      std::string text;
      for (; now().kind == token_kind::string; advance()) text += now().text;
      n->constant = std::move(text);
      return n;
    }
    case token_kind::integer:
    case token_kind::real: return advance(), number(std::move(n), t);
    case token_kind::name:
      advance();
      if (t.text == "true" || t.text == "True" || t.text == "false" || t.text == "False") {
        n->constant = t.text == "true" || t.text == "True";
      } else if (t.text == "none" || t.text == "None") {
        n->constant = none{};
      } else {
        n->kind = node_kind::variable;
        n->text = t.text;
      }
      return n;
    default: break;
  }
  const level guard(*this);
  if (failed()) return n;
  if (skip_symbol("(")) {
    if (skip_symbol(")")) return n->kind = node_kind::list, n->text = "tuple", std::move(n);
    n = tuple();
    expect_symbol(")");
    return n;
  }
  if (skip_symbol("[")) {
    n->kind = node_kind::list;
    while (!failed() && !at_symbol("]")) {
      adopt(*n, expression());
      if (!at_symbol("]")) expect_symbol(",");
    }
    expect_symbol("]");
    return n;
  }
  if (skip_symbol("{")) {
    n->kind = node_kind::dict;
    while (!failed() && !at_symbol("}")) {
      adopt(*n, expression());
      expect_symbol(":");
      adopt(*n, expression());
      if (!at_symbol("}")) expect_symbol(",");
    }
    expect_symbol("}");
    return n;
  }
  fail(errc::malformed, "expected an expression, found " + shown());
  return n;
}

namespace detail {

class statement_parser : public expression_parser {
 public:
  using expression_parser::expression_parser;

  result<node_ptr> run() {
    node_ptr root = body({}, "");
    if (failure_) return *std::move(failure_);
    return root;
  }

 private:
  /// Statements up to one of the closing words, which is left to read; no words: up to the end.
  node_ptr body(std::initializer_list<std::string_view> closing, std::string_view opener, std::size_t opened_line = 0) {
    const level guard(*this);
    node_ptr n = make(node_kind::body, now().line);
    while (!failed()) {
      const token& t = now();
      if (t.kind == token_kind::end) {
        if (closing.size() > 0) fail(errc::malformed, "'" + std::string(opener) + "' is not closed", opened_line);
        break;
      }
      if (t.kind == token_kind::data) {
        adopt(*n, make(node_kind::data, t.line, t.text));
        advance();
      } else if (t.kind == token_kind::begin_output) {
        node_ptr out = make(node_kind::output, t.line);
        advance();
        adopt(*out, tuple());
        close(token_kind::end_output);
        adopt(*n, std::move(out));
      } else {
        advance();
        for (const std::string_view word : closing) {
          if (at_name(word)) return n;
        }
        if (node_ptr s = statement(); s != nullptr) adopt(*n, std::move(s));
      }
    }
    return n;
  }

  void close(token_kind kind) {
    if (now().kind != kind) return fail(errc::malformed, "expected the end of the tag, found " + shown());
    advance();
  }
  /// The closing word that body() stopped at, and the end of its tag.
  void end_word() {
    advance();
    close(token_kind::end_block);
  }

  node_ptr statement() {
    const std::size_t line = now().line;
    const std::string word = expect_name();
    if (failed()) return nullptr;
    if (word == "if") return branch(line);
    if (word == "for") return loop(line);
    if (word == "set") return assignment(line);
    if (word == "macro") return macro(line);
    if (word == "break" || word == "continue") {
      close(token_kind::end_block);
      if (loops_ == 0) fail(errc::malformed, "'" + word + "' stands outside a loop", line);
      return make(word == "break" ? node_kind::leave : node_kind::next, line);
    }
    if (word == "generation") {  // marks what the assistant says, for training; what is inside renders as usual
      close(token_kind::end_block);
      node_ptr inside = body({"endgeneration"}, word, line);
      end_word();
      return inside;
    }
    for (const std::string_view closing : {"endif", "else", "elif", "endfor", "endset", "endmacro", "endgeneration", "endraw"}) {
      if (word == closing) return fail(errc::malformed, "'" + word + "' closes nothing", line), nullptr;
    }
    fail(errc::unsupported, "statement '" + word.substr(0, 64) + "' is not supported", line);
    return nullptr;
  }

  node_ptr branch(std::size_t line) {
    node_ptr n = make(node_kind::branch, line);
    for (bool more = true; more && !failed();) {
      adopt(*n, tuple());
      close(token_kind::end_block);
      adopt(*n, body({"elif", "else", "endif"}, "if", line));
      more = skip_name("elif");
    }
    if (skip_name("else")) {
      close(token_kind::end_block);
      adopt(*n, body({"endif"}, "if", line));
    }
    if (!failed()) end_word();
    return n;
  }

  node_ptr loop(std::size_t line) {
    node_ptr n = make(node_kind::loop, line);
    n->names = targets("in");
    if (!skip_name("in")) fail(errc::malformed, "expected 'in', found " + shown());
    adopt(*n, iterable());
    node_ptr filter = skip_name("if") ? expression() : nullptr;
    if (at_name("recursive")) fail(errc::unsupported, "recursive loops are not supported");
    close(token_kind::end_block);
    ++loops_;
    adopt(*n, body({"else", "endfor"}, "for", line));
    --loops_;
    node_ptr otherwise;
    if (skip_name("else")) {
      close(token_kind::end_block);
      otherwise = body({"endfor"}, "for", line);
    }
    if (!failed()) end_word();
    adopt(*n, std::move(otherwise));
    adopt(*n, std::move(filter));
    return n;
  }
  /// An expression in which a bare `if` belongs to the loop around it.
  node_ptr iterable() {
    const std::size_t line = now().line;
    node_ptr first = any_of();
    if (!at_symbol(",")) return first;
    node_ptr n = make(node_kind::list, line);
    adopt(*n, std::move(first));
    while (!failed() && skip_symbol(",")) adopt(*n, any_of());
    return n;
  }

  std::vector<std::string> targets(std::string_view until) {
    std::vector<std::string> names;
    const bool bracket = skip_symbol("(");
    names.push_back(target_name());
    while (!failed() && skip_symbol(",") && !at_symbol(")") && !at_name(until)) names.push_back(target_name());
    if (bracket) expect_symbol(")");
    return names;
  }
  std::string target_name() {
    static constexpr std::string_view reserved[] = {"true", "false", "none", "True", "False", "None", "loop"};
    const std::size_t line = now().line;
    std::string name = expect_name();
    for (const std::string_view word : reserved) {
      if (name == word) fail(errc::malformed, "'" + name + "' cannot be assigned to", line);
    }
    return name;
  }

  node_ptr assignment(std::size_t line) {
    node_ptr n = make(node_kind::assign, line);
    if (now().kind == token_kind::name && ahead().kind == token_kind::symbol && ahead().text == ".") {
      n->text = ".";
      n->names.push_back(target_name());
      advance();
      n->names.push_back(expect_name());
    } else {
      n->names = targets("=");
    }
    if (skip_symbol("=")) {
      adopt(*n, tuple());
      close(token_kind::end_block);
      return n;
    }
    if (at_symbol("|")) fail(errc::unsupported, "filters on a set block are not supported");
    if (n->names.size() != 1) fail(errc::malformed, "expected '=', found " + shown());
    close(token_kind::end_block);
    n->kind = node_kind::capture;
    adopt(*n, body({"endset"}, "set", line));
    if (!failed()) end_word();
    return n;
  }

  node_ptr macro(std::size_t line) {
    if (loops_ > 0 || in_macro_) fail(errc::unsupported, "a macro inside a loop or another macro is not supported", line);
    node_ptr n = make(node_kind::macro, line, target_name());
    std::vector<node_ptr> defaults;
    expect_symbol("(");
    while (!failed() && !at_symbol(")")) {
      n->names.push_back(target_name());
      defaults.push_back(skip_symbol("=") ? expression() : nullptr);
      if (!at_symbol(")")) expect_symbol(",");
    }
    expect_symbol(")");
    close(token_kind::end_block);
    in_macro_ = true;
    adopt(*n, body({"endmacro"}, "macro", line));
    in_macro_ = false;
    if (!failed()) end_word();
    for (node_ptr& d : defaults) adopt(*n, std::move(d));
    return n;
  }

  std::size_t loops_ = 0;
  bool in_macro_ = false;
};

}  // namespace detail

LINGUALINKED_DECL result<std::unique_ptr<node>> parse_tokens(const std::vector<token>& tokens, std::size_t nesting_max) {
  return detail::statement_parser(tokens, nesting_max).run();
}

}  // namespace lingualinked::inline v0::templates

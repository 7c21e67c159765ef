// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/templates/parser_base.hpp>

#include <initializer_list>

namespace lingualinked::inline v0::templates {

/// Expressions, with Jinja's precedence: choose < or < and < not < compare < + - < ~ < * / // % < ** < sign < filters and tests.
class expression_parser : public parser_base {
 public:
  using parser_base::parser_base;

 protected:
  node_ptr expression() {
    const level guard(*this);
    node_ptr left = any_of();
    while (!failed() && at_name("if")) {
      node_ptr n = make(node_kind::choose, now().line);
      advance();
      adopt(*n, std::move(left));
      adopt(*n, any_of());
      adopt(*n, skip_name("else") ? expression() : nullptr);
      left = std::move(n);
    }
    return left;
  }

  /// One expression, or several with commas between: a tuple.
  node_ptr tuple() {
    const std::size_t line = now().line;
    node_ptr first = expression();
    if (!at_symbol(",")) return first;
    node_ptr n = make(node_kind::list, line, "tuple");
    adopt(*n, std::move(first));
    while (!failed() && skip_symbol(",") && now().kind != token_kind::end_block && now().kind != token_kind::end_output &&
           !at_symbol(")")) {
      adopt(*n, expression());
    }
    return n;
  }

  node_ptr any_of() {
    return chain(
        node_kind::any_of, [&] { return all_of(); }, [&] { return skip_name("or"); });
  }
  node_ptr all_of() {
    return chain(
        node_kind::all_of, [&] { return negation(); }, [&] { return skip_name("and"); });
  }

  node_ptr negation() {
    if (!at_name("not")) return comparison();
    const level guard(*this);
    node_ptr n = make(node_kind::negate, now().line);
    advance();
    adopt(*n, failed() ? nullptr : negation());
    return n;
  }

  node_ptr comparison() {
    return operators(
        node_kind::compare, [&] { return sum(); },
        [&]() -> std::string {
          for (const std::string_view op : {"==", "!=", "<=", ">=", "<", ">"}) {
            if (skip_symbol(op)) return std::string(op);
          }
          if (skip_name("in")) return "in";
          if (at_name("not") && ahead().kind == token_kind::name && ahead().text == "in") {
            advance();
            advance();
            return "not in";
          }
          return {};
        });
  }

  node_ptr sum() {
    return operators(
        node_kind::arithmetic, [&] { return joined(); },
        [&] {
          return symbol_of({"+", "-"});
        });
  }
  node_ptr joined() {
    return chain(
        node_kind::join, [&] { return product(); }, [&] { return skip_symbol("~"); });
  }
  node_ptr product() {
    return operators(
        node_kind::arithmetic, [&] { return power(); },
        [&] {
          return symbol_of({"*", "//", "/", "%"});
        });
  }
  node_ptr power() {
    return operators(
        node_kind::arithmetic, [&] { return signed_value(true); }, [&] { return symbol_of({"**"}); });
  }

  node_ptr signed_value(bool with_filters) {
    node_ptr n;
    if (at_symbol("-") || at_symbol("+")) {
      const level guard(*this);
      n = make(at_symbol("-") ? node_kind::minus : node_kind::plus, now().line);
      advance();
      adopt(*n, failed() ? nullptr : signed_value(false));
    } else {
      n = postfix(primary());
    }
    return with_filters ? filtered(std::move(n)) : std::move(n);
  }

  LINGUALINKED_DECL node_ptr primary();

  node_ptr postfix(node_ptr n) {
    while (!failed()) {
      const std::size_t line = now().line;
      if (skip_symbol(".")) {
        node_ptr next;
        if (now().kind == token_kind::integer) {
          next = make(node_kind::item, line);
          adopt(*next, std::move(n));
          adopt(*next, primary());
        } else {
          next = make(node_kind::attribute, line, expect_name());
          adopt(*next, std::move(n));
        }
        n = std::move(next);
      } else if (skip_symbol("[")) {
        n = subscript(std::move(n), line);
      } else if (at_symbol("(")) {
        node_ptr next = make(node_kind::call, line);
        adopt(*next, std::move(n));
        arguments(*next);
        n = std::move(next);
      } else {
        break;
      }
    }
    return n;
  }

  node_ptr subscript(node_ptr object, std::size_t line) {
    node_ptr n = make(node_kind::item, line);
    adopt(*n, std::move(object));
    const auto part = [&]() -> node_ptr { return at_symbol(":") || at_symbol("]") ? nullptr : expression(); };
    if (!at_symbol(":")) adopt(*n, expression());
    if (at_symbol(":")) {
      n->kind = node_kind::slice;
      if (n->children.size() == 1) adopt(*n, nullptr);
      while (!failed() && n->children.size() < 4 && skip_symbol(":")) adopt(*n, part());
      while (n->children.size() < 4) adopt(*n, nullptr);
    }
    expect_symbol("]");
    return n;
  }

  /// (a, b, name=c), into the children and names of a call, filter or test.
  void arguments(node& into) {
    expect_symbol("(");
    while (!failed() && !at_symbol(")")) {
      if (at_symbol("*") || at_symbol("**"))
        return fail(errc::unsupported, "spread arguments (" + now().text + ") are not supported");
      std::string keyword;
      if (now().kind == token_kind::name && ahead().kind == token_kind::symbol && ahead().text == "=") {
        keyword = now().text;
        advance();
        advance();
      } else if (!into.names.empty() && !into.names.back().empty()) {
        return fail(errc::malformed, "a positional argument follows a named one");
      }
      into.names.push_back(std::move(keyword));
      adopt(into, expression());
      if (!at_symbol(")")) expect_symbol(",");
    }
    expect_symbol(")");
  }

  node_ptr filtered(node_ptr n) {
    while (!failed()) {
      const std::size_t line = now().line;
      if (skip_symbol("|")) {
        node_ptr next = make(node_kind::filter, line, dotted_name());
        adopt(*next, std::move(n));
        if (at_symbol("(")) arguments(*next);
        n = std::move(next);
      } else if (at_name("is")) {
        n = tested(std::move(n));
      } else if (at_symbol("(")) {
        n = postfix(std::move(n));
      } else {
        break;
      }
    }
    return n;
  }

  node_ptr tested(node_ptr object) {
    const std::size_t line = now().line;
    advance();
    const bool negated = skip_name("not");
    node_ptr n = make(node_kind::test, line, dotted_name());
    adopt(*n, std::move(object));
    const token_kind kind = now().kind;
    if (at_symbol("(")) {
      arguments(*n);
    } else if (kind == token_kind::string || kind == token_kind::integer || kind == token_kind::real || at_symbol("[") ||
               at_symbol("{") || (kind == token_kind::name && !is_keyword(now().text))) {
      n->names.emplace_back();
      adopt(*n, postfix(primary()));
    }
    if (!negated) return n;
    node_ptr outer = make(node_kind::negate, line);
    adopt(*outer, std::move(n));
    return outer;
  }

  std::string dotted_name() {
    std::string name = expect_name();
    while (!failed() && skip_symbol(".")) name.append(1, '.').append(expect_name());
    return name;
  }

  static bool is_keyword(std::string_view name) noexcept {
    return name == "else" || name == "or" || name == "and" || name == "if" || name == "in" || name == "not" || name == "is";
  }

 private:
  LINGUALINKED_DECL node_ptr number(node_ptr n, const token& t);

  std::string symbol_of(std::initializer_list<std::string_view> symbols) {
    for (const std::string_view s : symbols) {
      if (skip_symbol(s)) return std::string(s);
    }
    return {};
  }
  /// a op b op c of one operator, as one node with all operands.
  template <class Operand, class Skip>
  node_ptr chain(node_kind kind, Operand operand, Skip skip) {
    node_ptr first = operand();
    node_ptr n;
    while (!failed() && skip()) {
      if (n == nullptr) {
        n = make(kind, first->line);
        adopt(*n, std::move(first));
      }
      adopt(*n, operand());
    }
    return n != nullptr ? std::move(n) : std::move(first);
  }
  /// The same for several operators of one precedence; next_operator gives the empty string where there is none.
  template <class Operand, class NextOperator>
  node_ptr operators(node_kind kind, Operand operand, NextOperator next_operator) {
    node_ptr first = operand();
    node_ptr n;
    while (!failed()) {
      std::string op = next_operator();
      if (op.empty()) break;
      if (n == nullptr) {
        n = make(kind, first->line);
        adopt(*n, std::move(first));
      }
      n->names.push_back(std::move(op));
      adopt(*n, operand());
    }
    return n != nullptr ? std::move(n) : std::move(first);
  }
};

}  // namespace lingualinked::inline v0::templates

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/templates/evaluator.hpp>
#include <lingualinked/text/unicode.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lingualinked::inline v0::templates {

LINGUALINKED_DECL value evaluator::evaluate(const node& n) {
  const level guard(*this);
  line_ = n.line;
  step();
  if (failed()) return {};
  value v = evaluate_node(n);
  line_ = n.line;
  return v;
}

LINGUALINKED_DECL value evaluator::evaluate_node(const node& n) {
  switch (n.kind) {
    case node_kind::constant: return n.constant;
    case node_kind::variable: return look_up(n.text);
    case node_kind::list: {
      std::vector<value> items;
      for (const auto& child : n.children) items.push_back(evaluate(*child));
      return list_of(std::move(items), !n.text.empty());
    }
    case node_kind::dict: {
      std::vector<std::pair<std::string, value>> items;
      for (std::size_t i = 0; i < n.children.size() && !failed(); i += 2) {
        const value key = evaluate(*n.children[i]);
        value v = evaluate(*n.children[i + 1]);
        if (failed()) return {};
        if (key.text() == nullptr)
          return fail(errc::unsupported, "a dict key that is a " + std::string(type_name(key)) + " is not supported");
        if (v.is_namespace()) return fail(errc::unsupported, "a namespace inside a dict is not supported");
        step(items.size());
        const auto old = std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.first == *key.text(); });
        if (old != items.end()) {
          old->second = std::move(v);
        } else {
          items.emplace_back(*key.text(), std::move(v));
        }
      }
      value made = make_dict(std::move(items));
      return depth_of(made) <= chat_template::value_depth_max ? made : fail(errc::limit, "dicts are nested too deeply");
    }
    case node_kind::attribute: {
      const value object = evaluate(*n.children[0]);
      return failed() ? value{} : attribute_of(object, n.text);
    }
    case node_kind::item: {
      const value object = evaluate(*n.children[0]);
      const value key = evaluate(*n.children[1]);
      return failed() ? value{} : item_of(object, key);
    }
    case node_kind::slice: return slice_of(n);
    case node_kind::call: {
      const value callee = evaluate(*n.children[0]);
      const call_arguments arguments = arguments_of(n);
      return failed() ? value{} : call(callee, arguments);
    }
    case node_kind::filter: {
      const value v = evaluate(*n.children[0]);
      const call_arguments arguments = arguments_of(n);
      return failed() ? value{} : filter(n.text, v, arguments);
    }
    case node_kind::test: {
      const value v = evaluate(*n.children[0]);
      const call_arguments arguments = arguments_of(n);
      return failed() ? value{} : value(test(n.text, v, arguments));
    }
    case node_kind::negate: return !truth(evaluate(*n.children[0]));
    case node_kind::minus:
    case node_kind::plus: {
      const value v = evaluate(*n.children[0]);
      if (failed()) return {};
      if (!v.is_number()) return fail(errc::malformed, "a sign before a " + std::string(type_name(v)));
      return operate(n.kind == node_kind::minus ? "-" : "+", value(std::int64_t{0}), v);
    }
    case node_kind::any_of:
    case node_kind::all_of: {
      value v;
      for (const auto& child : n.children) {
        v = evaluate(*child);
        if (failed() || truth(v) == (n.kind == node_kind::any_of)) break;
      }
      return v;
    }
    case node_kind::compare: return compare(n);
    case node_kind::arithmetic: return calculate(n);
    case node_kind::join: {
      std::string text;
      for (const auto& child : n.children) {
        const value v = evaluate(*child);
        if (failed()) return {};
        put(text, str(v));
      }
      return value(std::move(text));
    }
    case node_kind::choose: {
      const bool first = truth(evaluate(*n.children[1]));
      if (failed()) return {};
      if (first) return evaluate(*n.children[0]);
      return n.children[2] == nullptr ? value::missing("the inline if has no else and its condition is false")
                                      : evaluate(*n.children[2]);
    }
    default: return fail(errc::internal, "a statement stands where an expression should");
  }
}

LINGUALINKED_DECL value evaluator::look_up(const std::string& name) const {
  for (const scope* s = scope_; s != nullptr; s = s->around) {
    for (const auto& [known, v] : s->names) {
      if (known == name) return v;
    }
  }
  for (const std::string_view function : {"raise_exception", "namespace", "range", "strftime_now", "dict"}) {
    if (function == name) return callable{nullptr, name, nullptr};
  }
  return value::missing("'" + name + "' is undefined");
}

LINGUALINKED_DECL value evaluator::compare(const node& n) {
  value left = evaluate(*n.children[0]);
  for (std::size_t i = 1; i < n.children.size() && !failed(); ++i) {
    value right = evaluate(*n.children[i]);
    if (failed()) return {};
    const std::string& op = n.names[i - 1];
    bool holds = false;
    if (op == "==" || op == "!=") {
      holds = same(left, right) == (op == "==");
    } else if (op == "in" || op == "not in") {
      holds = contains(right, left) == (op == "in");
    } else {
      const std::optional<int> o = order(left, right);
      if (!o)
        return fail(errc::malformed,
                    "'" + op + "' between a " + std::string(type_name(left)) + " and a " + std::string(type_name(right)));
      holds = op == "<" ? *o < 0 : op == "<=" ? *o <= 0 : op == ">" ? *o > 0 : *o >= 0;
    }
    if (!holds) return false;
    left = std::move(right);
  }
  return true;
}

LINGUALINKED_DECL bool evaluator::contains(const value& container, const value& v) {
  if (const std::string* text = container.text()) {
    if (v.text() == nullptr)
      return fail(errc::malformed, "'in' looks for a " + std::string(type_name(v)) + " in a string"), false;
    charge(text->size());
    return text->find(*v.text()) != std::string::npos;
  }
  if (const dict_data* dict = container.dict()) {
    step(dict->items.size());
    return v.text() != nullptr &&
           std::any_of(dict->items.begin(), dict->items.end(), [&](const auto& i) { return i.first == *v.text(); });
  }
  const std::vector<value> items = elements(container);
  return std::any_of(items.begin(), items.end(), [&](const value& item) { return same(item, v); });
}

LINGUALINKED_DECL value evaluator::calculate(const node& n) {
  value left = evaluate(*n.children[0]);
  for (std::size_t i = 1; i < n.children.size() && !failed(); ++i) {
    const value right = evaluate(*n.children[i]);
    if (!failed()) left = operate(n.names[i - 1], left, right);
  }
  return left;
}

LINGUALINKED_DECL value evaluator::operate(const std::string& op, const value& a, const value& b) {
  for (const value* v : {&a, &b}) {
    if (const auto* u = std::get_if<undefined>(&v->is)) return fail(errc::malformed, u->what ? *u->what : "an undefined operand");
  }
  if (a.is_number() && b.is_number()) {
    if (a.whole() && b.whole() && op != "/") return operate_whole(op, *a.whole(), *b.whole());
    const double x = a.real();
    const double y = b.real();
    if (op == "+") return x + y;
    if (op == "-") return x - y;
    if (op == "*") return x * y;
    if (op == "**") return std::pow(x, y);
    if (y == 0) return fail(errc::malformed, "division by zero");
    if (op == "/") return x / y;
    if (op == "//") return std::floor(x / y);
    const double rest = std::fmod(x, y);
    return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
  }
  if (op == "+" && a.text() != nullptr && b.text() != nullptr) return text_of(*a.text() + *b.text());
  if (op == "+" && a.list() != nullptr && b.list() != nullptr && a.list()->tuple == b.list()->tuple) {
    std::vector<value> items = a.list()->items;
    items.insert(items.end(), b.list()->items.begin(), b.list()->items.end());
    return list_of(std::move(items), a.list()->tuple);
  }
  if (op == "*" && b.is_integer()) return repeat(a, *b.whole());
  if (op == "*" && a.is_integer()) return repeat(b, *a.whole());
  if (op == "%" && a.text() != nullptr) return fail(errc::unsupported, "string formatting with % is not supported");
  return fail(errc::malformed, "'" + op + "' between a " + std::string(type_name(a)) + " and a " + std::string(type_name(b)));
}

LINGUALINKED_DECL value evaluator::operate_whole(const std::string& op, std::int64_t a, std::int64_t b) {
  using limits = std::numeric_limits<std::int64_t>;
  const auto overflow = [&] { return fail(errc::limit, "an integer grows beyond 64 bits"); };
  if (op == "+") {
    if ((b > 0 && a > limits::max() - b) || (b < 0 && a < limits::min() - b)) return overflow();
    return a + b;
  }
  if (op == "-") {
    if ((b < 0 && a > limits::max() + b) || (b > 0 && a < limits::min() + b)) return overflow();
    return a - b;
  }
  if (op == "*") {
    if (a == 0 || b == 0) return std::int64_t{0};
    if (a == limits::min() || b == limits::min() || std::abs(a) > limits::max() / std::abs(b)) return overflow();
    return a * b;
  }
  if (op == "**") {
    if (b < 0) return std::pow(static_cast<double>(a), static_cast<double>(b));
    value power = std::int64_t{1};
    if (a >= -1 && a <= 1) return a >= 0 ? (b == 0 ? std::int64_t{1} : a) : (b % 2 == 0 ? std::int64_t{1} : std::int64_t{-1});
    for (std::int64_t i = 0; i < b && !failed(); ++i) power = operate_whole("*", power.whole().value_or(0), a);
    return power;
  }
  if (b == 0) return fail(errc::malformed, "division by zero");
  if (a == limits::min() && b == -1) return op == "%" ? value(std::int64_t{0}) : overflow();
  const std::int64_t rest = a % b;
  const bool below = rest != 0 && (rest < 0) != (b < 0);  // Python rounds the quotient down
  if (op == "%") return below ? rest + b : rest;
  return below ? a / b - 1 : a / b;
}

LINGUALINKED_DECL value evaluator::repeat(const value& what, std::int64_t times) {
  const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(times, 0));
  if (const std::string* text = what.text()) {
    std::string out;
    if (!text->empty() && count > chat_template::output_bytes_max / text->size()) {
      return fail(errc::limit, "a string grows beyond " + std::to_string(chat_template::output_bytes_max) + " bytes");
    }
    for (std::uint64_t i = 0; i < count && !text->empty(); ++i) out += *text;
    return text_of(std::move(out));
  }
  if (const list_data* list = what.list()) {
    std::vector<value> items;
    for (std::uint64_t i = 0; i < count && !list->items.empty() && !failed(); ++i) {
      step(list->items.size());
      items.insert(items.end(), list->items.begin(), list->items.end());
    }
    return list_of(std::move(items), list->tuple);
  }
  return fail(errc::malformed, "'*' between a " + std::string(type_name(what)) + " and an integer");
}

}  // namespace lingualinked::inline v0::templates

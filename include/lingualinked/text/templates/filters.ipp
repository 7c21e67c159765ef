// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/templates/evaluator.hpp>
#include <lingualinked/text/templates/text_functions.hpp>
#include <lingualinked/text/unicode.hpp>

#include <algorithm>
#include <charconv>

namespace lingualinked::inline v0::templates {

LINGUALINKED_DECL value evaluator::filter(const std::string& name, const value& v, const call_arguments& arguments) {
  if (name == "default" || name == "d") {
    const bool stands = truth(arguments.get(1, "boolean", false)) ? truth(v) : !v.is_undefined();
    return stands ? v : arguments.get(0, "default_value", "");
  }
  if (name == "length" || name == "count") {
    if (const std::string* text = v.text()) return charge(text->size()), static_cast<std::int64_t>(detail::length_of(*text));
    if (const list_data* list = v.list()) return static_cast<std::int64_t>(list->items.size());
    if (const dict_data* dict = v.dict()) return static_cast<std::int64_t>(dict->items.size());
    if (v.is_undefined()) return std::int64_t{0};
    return fail(errc::malformed, "a " + std::string(type_name(v)) + " has no length");
  }
  if (name == "first" || name == "last") {
    const std::vector<value> items = elements(v);
    if (items.empty()) return value::missing("the " + name + " of nothing");
    return name == "first" ? items.front() : items.back();
  }
  if (name == "list") return list_of(elements(v));
  if (name == "reverse") {
    std::vector<value> items = elements(v);
    std::reverse(items.begin(), items.end());
    if (v.text() == nullptr) return list_of(std::move(items));
    std::string out;
    for (const value& c : items) out += *c.text();
    return text_of(std::move(out));
  }
  if (name == "join") return join(v, arguments);
  if (name == "map") return map(v, arguments);
  if (name == "select" || name == "reject") return select(v, arguments, false, name == "select");
  if (name == "selectattr" || name == "rejectattr") return select(v, arguments, true, name == "selectattr");
  if (name == "sort") return sort(v, arguments);
  if (name == "unique") {
    const bool by_case = truth(arguments.get(0, "case_sensitive", false));
    std::vector<value> keys;
    std::vector<value> kept;
    for (value& item : elements(v)) {
      value key = item.text() != nullptr && !by_case ? value(lowercase(*item.text())) : item;
      const bool fresh = std::none_of(keys.begin(), keys.end(), [&](const value& k) { return same(k, key); });
      if (failed()) return {};
      if (!fresh) continue;
      keys.push_back(std::move(key));
      kept.push_back(std::move(item));
    }
    return list_of(std::move(kept));
  }
  if (name == "items") {
    if (v.is_undefined()) return list_of({});
    if (v.dict() == nullptr) return fail(errc::malformed, "items of a " + std::string(type_name(v)));
    return call_method({nullptr, "items", std::make_shared<const value>(v)}, {});
  }
  if (name == "dictsort") {
    if (v.dict() == nullptr) return fail(errc::malformed, "dictsort of a " + std::string(type_name(v)));
    const value pairs = call_method({nullptr, "items", std::make_shared<const value>(v)}, {});
    const value by = arguments.get(1, "by", "key");
    const std::int64_t place = by.text() != nullptr && *by.text() == "value" ? 1 : 0;
    return sort(pairs, {{arguments.get(2, "reverse", false), arguments.get(0, "case_sensitive", false), value(place)}, {}});
  }
  if (name == "tojson") {
    charge(printed_bytes(v));
    const value indent = arguments.get(0, "indent", none{});
    const std::int64_t spaces = indent.whole().value_or(-1);
    if (failed() || spaces > 16) return fail(errc::limit, "tojson indents by more than 16");
    auto json = to_json(v, static_cast<int>(std::max<std::int64_t>(spaces, -1)));
    return json ? text_of(*std::move(json)) : fail(errc::malformed, "JSON has no " + std::string(type_name(v)));
  }
  if (name == "int") return to_integer(v, arguments.get(0, "default", std::int64_t{0}));
  if (name == "float") {
    if (v.is_number()) return v.real();
    double d = 0;
    const std::string text = v.text() == nullptr ? std::string{} : detail::stripped(*v.text(), nullptr, true, true);
    const auto read = std::from_chars(text.data(), text.data() + text.size(), d);
    return read.ec == std::errc{} && read.ptr == text.data() + text.size() ? value(d) : arguments.get(0, "default", 0.0);
  }
  if (name == "abs" && v.is_number())
    return v.whole() ? (*v.whole() < 0 ? operate_whole("-", 0, *v.whole()) : value(*v.whole()))
                     : value(v.real() < 0 ? -v.real() : v.real());
  // The rest works on text, whatever comes in.
  std::string text = str(v);
  charge(text.size());
  if (failed()) return {};
  if (name == "string" || name == "safe") return text_of(std::move(text));
  if (name == "trim") return text_of(detail::stripped(text, arguments.get(0, "chars", none{}).text(), true, true));
  if (name == "upper") return text_of(detail::upper_case(text));
  if (name == "lower") return text_of(lowercase(text));
  if (name == "title") return text_of(detail::title_filter(text));
  if (name == "capitalize") return text_of(detail::capitalized(text));
  if (name == "replace") return replace(text, arguments);
  return fail(errc::unsupported, "filter '" + name.substr(0, 64) + "' is not supported");
}

LINGUALINKED_DECL value evaluator::path_of(const value& object, const value& path) {
  if (path.text() == nullptr) return item_of(object, path);
  value at = object;
  std::string_view rest = *path.text();
  for (bool more = true; more && !failed();) {
    const std::size_t dot = rest.find('.');
    more = dot != std::string_view::npos;
    const std::string_view name = rest.substr(0, dot);
    std::int64_t index = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), index);
    const bool whole = !name.empty() && read.ec == std::errc{} && read.ptr == name.data() + name.size();
    at = item_of(at, whole ? value(index) : value(name));
    if (more) rest.remove_prefix(dot + 1);
  }
  return at;
}

LINGUALINKED_DECL value evaluator::select(const value& v, const call_arguments& arguments, bool by_attribute, bool wanted) {
  const std::size_t place = by_attribute ? 1 : 0;
  if (arguments.positional.size() < place)
    return fail(errc::malformed, "selectattr and rejectattr need the name of an attribute");
  const value* test_name = arguments.find(place, "");
  if (test_name != nullptr && test_name->text() == nullptr) return fail(errc::malformed, "the name of a test is a string");
  call_arguments rest;
  for (std::size_t i = place + 1; i < arguments.positional.size(); ++i) rest.positional.push_back(arguments.positional[i]);
  if (!truth(v)) return list_of({});  // also of none
  std::vector<value> kept;
  for (value& item : elements(v)) {
    const value tested = by_attribute ? path_of(item, arguments.positional[0]) : item;
    const bool holds = test_name == nullptr ? truth(tested) : !failed() && test(*test_name->text(), tested, rest);
    if (failed()) return {};
    if (holds == wanted) kept.push_back(std::move(item));
  }
  return list_of(std::move(kept));
}

LINGUALINKED_DECL value evaluator::map(const value& v, const call_arguments& arguments) {
  const value* attribute = arguments.find(no_place, "attribute");
  const value name = arguments.get(0, "", none{});
  if (attribute == nullptr && name.text() == nullptr)
    return fail(errc::malformed, "map needs the name of a filter or attribute=");
  call_arguments rest;
  for (std::size_t i = 1; i < arguments.positional.size(); ++i) rest.positional.push_back(arguments.positional[i]);
  rest.named = arguments.named;
  if (!truth(v)) return list_of({});
  std::vector<value> mapped;
  for (const value& item : elements(v)) {
    const level guard(*this);
    if (failed()) return {};
    value one = attribute != nullptr ? path_of(item, *attribute) : filter(*name.text(), item, rest);
    if (attribute != nullptr && one.is_undefined()) one = arguments.get(no_place, "default", one);
    mapped.push_back(std::move(one));
  }
  return list_of(std::move(mapped));
}

LINGUALINKED_DECL value evaluator::sort(const value& v, const call_arguments& arguments) {
  const value attribute = arguments.get(2, "attribute", none{});
  const bool by_case = truth(arguments.get(1, "case_sensitive", false));
  std::vector<std::pair<value, value>> keyed;
  for (value& item : elements(v)) {
    value key = attribute.is_none() ? item : path_of(item, attribute);
    if (failed()) return {};
    if (key.text() != nullptr && !by_case) key = value(lowercase(*key.text()));
    if (!keyed.empty() && !order(keyed.front().first, key)) return fail(errc::malformed, "sort of things that have no order");
    keyed.emplace_back(std::move(key), std::move(item));
  }
  step(keyed.size() * 20);
  const bool reverse = truth(arguments.get(0, "reverse", false));
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    return (reverse ? order(b.first, a.first) : order(a.first, b.first)).value_or(0) < 0;
  });
  std::vector<value> sorted;
  for (auto& [key, item] : keyed) sorted.push_back(std::move(item));
  return list_of(std::move(sorted));
}

LINGUALINKED_DECL value evaluator::replace(const std::string& text, const call_arguments& arguments) {
  const std::string from = str(arguments.get(0, "old", none{}));
  const std::string to = str(arguments.get(1, "new", none{}));
  const std::int64_t most = arguments.get(2, "count", std::int64_t{-1}).whole().value_or(-1);
  std::string out;
  std::size_t at = 0;
  std::size_t search = 0;
  for (std::int64_t done = 0; (most < 0 || done < most) && search <= text.size() && !failed(); ++done) {
    const std::size_t found = text.find(from, search);
    if (found == std::string::npos) break;
    put(out, std::string_view(text).substr(at, found - at));
    put(out, to);
    at = found + from.size();
    // An empty pattern stands between all characters.
    search = from.empty() ? (found < text.size() ? found + character_bytes(text, found) : found + 1) : at;
  }
  put(out, std::string_view(text).substr(at));
  return value(std::move(out));
}

LINGUALINKED_DECL value evaluator::join(const value& v, const call_arguments& arguments) {
  const std::string between = str(arguments.get(0, "d", ""));
  const value attribute = arguments.get(1, "attribute", none{});
  std::string out;
  bool first = true;
  for (const value& item : elements(v)) {
    if (!first) put(out, between);
    first = false;
    put(out, str(attribute.is_none() ? item : path_of(item, attribute)));
    if (failed()) return {};
  }
  return value(std::move(out));
}

LINGUALINKED_DECL value evaluator::to_integer(const value& v, value otherwise) {
  if (v.whole()) return *v.whole();
  double d = 0;
  if (v.is_real()) {
    d = v.real();
  } else if (v.text() != nullptr) {
    const std::string text = detail::stripped(*v.text(), nullptr, true, true);
    const char* end = text.data() + text.size();
    std::int64_t i = 0;
    if (const auto read = std::from_chars(text.data(), end, i); read.ec == std::errc{} && read.ptr == end) return i;
    if (const auto read = std::from_chars(text.data(), end, d); read.ec != std::errc{} || read.ptr != end) return otherwise;
  } else {
    return otherwise;
  }
  return d > -9.2e18 && d < 9.2e18 ? value(static_cast<std::int64_t>(d)) : otherwise;
}

LINGUALINKED_DECL bool evaluator::test(const std::string& name, const value& v, const call_arguments& arguments) {
  if (name == "defined") return !v.is_undefined();
  if (name == "undefined") return v.is_undefined();
  if (name == "none") return v.is_none();
  if (name == "string") return v.text() != nullptr;
  if (name == "mapping") return v.dict() != nullptr;
  if (name == "number") return v.is_number();
  if (name == "integer") return v.is_integer();
  if (name == "float") return v.is_real();
  if (name == "boolean") return v.is_boolean();
  if (name == "true") return v.is_boolean() && truth(v);
  if (name == "false") return v.is_boolean() && !truth(v);
  if (name == "sequence") return v.list() != nullptr || v.text() != nullptr || v.dict() != nullptr || v.is_undefined();
  if (name == "iterable") return v.list() != nullptr || v.text() != nullptr || v.dict() != nullptr || v.is_undefined();
  if (name == "callable") return v.is_callable();
  const value other = arguments.get(0, "", value::missing("the argument of test '" + name + "' is missing"));
  if (name == "equalto" || name == "eq" || name == "==") return same(v, other);
  if (name == "ne" || name == "!=") return !same(v, other);
  if (name == "in") return contains(other, v);
  if (name == "odd" || name == "even" || name == "divisibleby") {
    const std::int64_t by = name == "divisibleby" ? other.whole().value_or(0) : 2;
    if (!v.whole()) return fail(errc::malformed, "'" + name + "' of a " + std::string(type_name(v))), false;
    const value rest = operate_whole("%", *v.whole(), by);
    return !failed() && (rest.whole().value_or(0) == 0) == (name != "odd");
  }
  static constexpr std::pair<std::string_view, int> orders[] = {{"lt", 0}, {"lessthan", 0},    {"<", 0}, {"le", 1}, {"<=", 1},
                                                                {"gt", 2}, {"greaterthan", 2}, {">", 2}, {"ge", 3}, {">=", 3}};
  for (const auto& [known, kind] : orders) {
    if (name != known) continue;
    const std::optional<int> o = order(v, other);
    if (!o)
      return fail(errc::malformed,
                  "'" + name + "' between a " + std::string(type_name(v)) + " and a " + std::string(type_name(other))),
             false;
    return kind == 0 ? *o < 0 : kind == 1 ? *o <= 0 : kind == 2 ? *o > 0 : *o >= 0;
  }
  return fail(errc::unsupported, "test '" + name.substr(0, 64) + "' is not supported"), false;
}

}  // namespace lingualinked::inline v0::templates

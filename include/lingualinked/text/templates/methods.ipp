// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/templates/evaluator.hpp>
#include <lingualinked/text/templates/text_functions.hpp>

#include <algorithm>
#include <array>

namespace lingualinked::inline v0::templates {
namespace detail {

inline constexpr std::array<std::string_view, 18> text_methods{
    "split",      "strip",   "lstrip", "rstrip",     "startswith", "endswith",     "title",        "upper", "lower",
    "capitalize", "replace", "join",   "splitlines", "find",       "removeprefix", "removesuffix", "count", "format"};
inline constexpr std::array<std::string_view, 4> dict_methods{"items", "keys", "values", "get"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

inline value loop_attribute(const loop_data& loop, std::string_view name) {
  const auto i = static_cast<std::int64_t>(loop.index);
  const auto size = static_cast<std::int64_t>(loop.items->items.size());
  if (name == "index") return i + 1;
  if (name == "index0") return i;
  if (name == "revindex") return size - i;
  if (name == "revindex0") return size - i - 1;
  if (name == "first") return i == 0;
  if (name == "last") return i + 1 == size;
  if (name == "length") return size;
  if (name == "previtem" && i > 0) return loop.items->items[loop.index - 1];
  if (name == "nextitem" && i + 1 < size) return loop.items->items[loop.index + 1];
  return value::missing("the loop has no '" + std::string(name) + "'");
}

}  // namespace detail

LINGUALINKED_DECL value evaluator::attribute_of(const value& object, std::string_view name) {
  const auto method = [&] { return callable{nullptr, std::string(name), std::make_shared<const value>(object)}; };
  if (const auto* u = std::get_if<undefined>(&object.is))
    return fail(errc::malformed, u->what ? *u->what : "an attribute of something undefined");
  if (object.text() != nullptr && detail::is_one_of(detail::text_methods, name)) return method();
  if (const dict_data* dict = object.dict()) {
    if (detail::is_one_of(detail::dict_methods, name)) return method();
    step(dict->items.size());
    for (const auto& [key, v] : dict->items) {
      if (key == name) return v;
    }
  }
  if (const auto* space = std::get_if<std::shared_ptr<namespace_data>>(&object.is)) {
    for (const auto& [key, v] : (*space)->items) {
      if (key == name) return v;
    }
  }
  if (const loop_data* loop = object.loop()) return detail::loop_attribute(*loop, name);
  return value::missing("a " + std::string(type_name(object)) + " has no '" + std::string(name) + "' that this library knows");
}

LINGUALINKED_DECL value evaluator::call(const value& callee, const call_arguments& arguments) {
  if (const auto* u = std::get_if<undefined>(&callee.is))
    return fail(errc::unsupported, "call of something unknown: " + (u->what ? *u->what : "undefined"));
  const auto* c = std::get_if<callable>(&callee.is);
  if (c == nullptr) return fail(errc::malformed, "a " + std::string(type_name(callee)) + " cannot be called");
  if (c->macro != nullptr) return call_macro(*c->macro, arguments);
  return c->object == nullptr ? call_function(c->name, arguments) : call_method(*c, arguments);
}

LINGUALINKED_DECL value evaluator::call_macro(const node& macro, const call_arguments& arguments) {
  const auto line = line_;
  if (arguments.positional.size() > macro.names.size()) {
    return fail(errc::malformed, "macro '" + macro.text + "' takes " + std::to_string(macro.names.size()) + " arguments");
  }
  for (const auto& [name, v] : arguments.named) {
    if (std::find(macro.names.begin(), macro.names.end(), name) == macro.names.end()) {
      return fail(errc::malformed, "macro '" + macro.text + "' has no argument '" + name + "'");
    }
  }
  const inner_scope inside(*this, *top_);
  for (std::size_t i = 0; i < macro.names.size() && !failed(); ++i) {
    const std::string& name = macro.names[i];
    if (const value* given = arguments.find(i, name)) {
      bind(name, *given);
    } else {
      bind(name, macro.children[i + 1] == nullptr ? value::missing("parameter '" + name + "' was not provided")
                                                  : evaluate(*macro.children[i + 1]));
    }
  }
  std::string out;
  if (!failed()) execute(*macro.children[0], out);
  line_ = line;
  return value(std::move(out));
}

LINGUALINKED_DECL value evaluator::call_function(const std::string& name, const call_arguments& arguments) {
  if (name == "raise_exception") {
    failure_ = failure_ ? *failure_ : error{errc::unsupported, "refuses: " + str(arguments.get(0, "message", ""))};
    return {};
  }
  if (name == "namespace") {
    auto made = std::make_shared<namespace_data>();
    if (const value* from = arguments.find(0, ""); from != nullptr && from->dict() != nullptr) made->items = from->dict()->items;
    for (const auto& [key, v] : arguments.named) {
      if (v.is_namespace()) return fail(errc::unsupported, "a namespace inside a namespace is not supported");
      made->items.emplace_back(key, v);
    }
    return made;
  }
  if (name == "dict") {
    std::vector<std::pair<std::string, value>> items;
    if (const value* from = arguments.find(0, ""); from != nullptr && from->dict() != nullptr) items = from->dict()->items;
    for (const auto& [key, v] : arguments.named) {
      if (v.is_namespace()) return fail(errc::unsupported, "a namespace inside a dict is not supported");
      items.emplace_back(key, v);
    }
    value made = make_dict(std::move(items));
    return depth_of(made) <= chat_template::value_depth_max ? made : fail(errc::limit, "dicts are nested too deeply");
  }
  if (name == "strftime_now") return strftime(str(arguments.get(0, "format", "")));
  return range(arguments);
}

LINGUALINKED_DECL value evaluator::range(const call_arguments& arguments) {
  std::int64_t bounds[3] = {0, 0, 1};
  const std::size_t given = arguments.positional.size();
  if (given == 0 || given > 3) return fail(errc::malformed, "range takes one to three integers");
  for (std::size_t i = 0; i < given; ++i) {
    if (!arguments.positional[i].whole())
      return fail(errc::malformed, "range of a " + std::string(type_name(arguments.positional[i])));
    bounds[given == 1 ? 1 : i] = *arguments.positional[i].whole();
  }
  const auto [start, stop, by] = bounds;
  if (by == 0) return fail(errc::malformed, "range by 0");
  std::vector<value> items;
  for (std::int64_t i = start; by > 0 ? i < stop : i > stop;) {
    if (items.size() == chat_template::range_items_max) {
      return fail(errc::limit, "a range of more than " + std::to_string(chat_template::range_items_max) + " integers");
    }
    items.emplace_back(i);
    const value next = operate_whole("+", i, by);
    if (failed()) return {};
    i = *next.whole();
  }
  return list_of(std::move(items));
}

LINGUALINKED_DECL value evaluator::strftime(const std::string& format) {
  if (!options_.local_seconds)
    return fail(errc::unsupported, "the template asks for the time of day; give it one (chat_options::local_seconds)");
  std::string unknown;
  std::string out = detail::format_time(*options_.local_seconds, format, unknown);
  if (!unknown.empty()) return fail(errc::unsupported, "strftime_now with '" + unknown + "' is not supported");
  return text_of(std::move(out));
}

LINGUALINKED_DECL value evaluator::call_method(const callable& method, const call_arguments& arguments) {
  if (const std::string* text = method.object->text()) {
    charge(text->size());
    return failed() ? value{} : text_method(method.name, *text, arguments);
  }
  const dict_data& dict = *method.object->dict();
  step(dict.items.size());
  if (method.name == "get") {
    const value key = arguments.get(0, "key", none{});
    for (const auto& [name, v] : dict.items) {
      if (key.text() != nullptr && *key.text() == name) return v;
    }
    return arguments.get(1, "default", none{});
  }
  std::vector<value> items;
  for (const auto& [name, v] : dict.items) {
    items.push_back(method.name == "keys" ? value(name) : method.name == "values" ? v : list_of({value(name), v}, true));
  }
  return list_of(std::move(items));
}

LINGUALINKED_DECL value evaluator::text_method(const std::string& name, const std::string& text,
                                               const call_arguments& arguments) {
  const auto wanted = [&](std::size_t place) -> const std::string* {
    return place < arguments.positional.size() ? arguments.positional[place].text() : nullptr;
  };
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    return text_of(detail::stripped(text, wanted(0), name != "rstrip", name != "lstrip"));
  }
  if (name == "split") return split_text(text, arguments);
  if (name == "startswith" || name == "endswith") return affix(text, arguments.get(0, "", none{}), name == "endswith");
  if (name == "title") return text_of(detail::title_words(text));
  if (name == "upper") return text_of(detail::upper_case(text));
  if (name == "lower") return text_of(lowercase(text));
  if (name == "capitalize") return text_of(detail::capitalized(text));
  if (name == "replace") return replace(text, arguments);
  if (name == "splitlines") {
    std::vector<value> lines;
    for (const std::string_view line : detail::lines_of(text)) lines.emplace_back(line);
    return list_of(std::move(lines));
  }
  if (name == "format") return format(text, arguments);
  if (name == "join") {
    const value parts = arguments.get(0, "", none{});
    for (const value& part : elements(parts))
      if (part.text() == nullptr) return fail(errc::malformed, "a join of a " + std::string(type_name(part)));
    return join(parts, {{value(text)}, {}});
  }
  if (wanted(0) == nullptr) return fail(errc::malformed, "'" + name + "' needs a string");
  const std::string& other = *wanted(0);
  if (name == "removeprefix") return text_of(text.starts_with(other) ? text.substr(other.size()) : text);
  if (name == "removesuffix") return text_of(text.ends_with(other) ? text.substr(0, text.size() - other.size()) : text);
  if (name == "find") {
    const std::size_t at = text.find(other);
    return at == std::string::npos ? std::int64_t{-1}
                                   : static_cast<std::int64_t>(detail::length_of(std::string_view(text).substr(0, at)));
  }
  std::int64_t count = 0;  // of "count"
  if (other.empty()) return static_cast<std::int64_t>(detail::length_of(text)) + 1;
  for (std::size_t at = text.find(other); at != std::string::npos; at = text.find(other, at + other.size())) ++count;
  return count;
}

LINGUALINKED_DECL value evaluator::affix(const std::string& text, const value& wanted, bool at_end) {
  if (const list_data* list = wanted.list()) {  // any of a tuple
    for (const value& v : list->items) {
      if (truth(affix(text, v, at_end))) return true;
    }
    return false;
  }
  if (wanted.text() == nullptr)
    return fail(errc::malformed, std::string(at_end ? "endswith" : "startswith") + " of a " + std::string(type_name(wanted)));
  step();
  return at_end ? text.ends_with(*wanted.text()) : text.starts_with(*wanted.text());
}

/// str.format with the plain fields {}, {0} and {name}.
LINGUALINKED_DECL value evaluator::format(const std::string& text, const call_arguments& arguments) {
  std::string out;
  std::size_t next = 0;
  for (std::size_t at = 0; at < text.size() && !failed();) {
    const std::size_t brace = std::min(text.find_first_of("{}", at), text.size());
    put(out, std::string_view(text).substr(at, brace - at));
    if (brace == text.size()) break;
    if (brace + 1 < text.size() && text[brace + 1] == text[brace]) {
      put(out, std::string_view(text).substr(brace, 1));
      at = brace + 2;
      continue;
    }
    const std::size_t end = text.find('}', brace);
    if (text[brace] == '}' || end == std::string::npos) return fail(errc::malformed, "a format with a lone brace");
    const std::string field = text.substr(brace + 1, end - brace - 1);
    if (field.find_first_of(":!.[{") != std::string::npos)
      return fail(errc::unsupported, "the format field '{" + field.substr(0, 64) + "}' is not supported");
    const bool number = !field.empty() && field.size() < 6 && field.find_first_not_of("0123456789") == std::string::npos;
    const value* given =
        field.empty() ? arguments.find(next++, "") : arguments.find(number ? std::stoul(field) : no_place, field);
    if (given == nullptr) return fail(errc::malformed, "a format without an argument for '{" + field.substr(0, 64) + "}'");
    put(out, str(*given));
    at = end + 1;
  }
  return value(std::move(out));
}

LINGUALINKED_DECL value evaluator::split_text(const std::string& text, const call_arguments& arguments) {
  const value separator = arguments.get(0, "sep", none{});
  const std::int64_t most = arguments.get(1, "maxsplit", std::int64_t{-1}).whole().value_or(-1);
  if (!separator.is_none() && (separator.text() == nullptr || separator.text()->empty())) {
    return fail(errc::malformed, "split at an empty separator");
  }
  std::vector<value> parts;
  for (const std::string_view part : detail::split_parts(text, separator.text(), most)) parts.emplace_back(part);
  charge(text.size());
  return list_of(std::move(parts));
}

}  // namespace lingualinked::inline v0::templates

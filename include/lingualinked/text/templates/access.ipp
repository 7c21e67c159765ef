// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/templates/evaluator.hpp>
#include <lingualinked/text/unicode.hpp>

#include <algorithm>
#include <limits>

namespace lingualinked::inline v0::templates {
namespace detail {

/// The characters of a text, as views.
inline std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = character_bytes(text, at);
    out.push_back(text.substr(at, bytes));
    at += bytes;
  }
  return out;
}

/// Positions that [start:stop:step] takes of `size` elements, by Python's rules.
inline std::vector<std::size_t> slice_positions(std::int64_t size, std::optional<std::int64_t> start,
                                                std::optional<std::int64_t> stop, std::int64_t step) {
  const auto clamp = [&](std::optional<std::int64_t> i, std::int64_t otherwise) {
    if (!i) return otherwise;
    const std::int64_t low = step > 0 ? 0 : -1;
    const std::int64_t high = step > 0 ? size : size - 1;
    return std::clamp(*i < 0 ? *i + size : *i, low, high);
  };
  std::int64_t at = clamp(start, step > 0 ? 0 : size - 1);
  const std::int64_t end = clamp(stop, step > 0 ? size : -1);
  std::vector<std::size_t> positions;
  while (step > 0 ? at < end : at > end) {
    positions.push_back(static_cast<std::size_t>(at));
    if (step > 0 ? step > end - at : step < end - at) break;  // the next one lies past the end, however large the step
    at += step;
  }
  return positions;
}

}  // namespace detail

LINGUALINKED_DECL value evaluator::item_of(const value& object, const value& key) {
  if (const auto* u = std::get_if<undefined>(&object.is))
    return fail(errc::malformed, u->what ? *u->what : "an item of something undefined");
  if (key.text() != nullptr) {
    if (const dict_data* dict = object.dict()) {
      step(dict->items.size());
      for (const auto& [name, v] : dict->items) {
        if (name == *key.text()) return v;
      }
    }
    return attribute_of(object, *key.text());
  }
  const std::optional<std::int64_t> index = key.is_number() ? key.whole() : std::nullopt;
  const auto missing = [&] { return value::missing("a " + std::string(type_name(object)) + " has no item " + to_repr(key)); };
  if (!index) return missing();
  const auto place = [&](std::size_t size) -> std::optional<std::size_t> {
    const std::int64_t i = *index < 0 ? *index + static_cast<std::int64_t>(size) : *index;
    return i >= 0 && static_cast<std::uint64_t>(i) < size ? std::optional(static_cast<std::size_t>(i)) : std::nullopt;
  };
  if (const list_data* list = object.list()) {
    const auto i = place(list->items.size());
    return i ? list->items[*i] : missing();
  }
  if (const std::string* text = object.text()) {
    charge(text->size());
    const auto characters = detail::characters(*text);
    const auto i = place(characters.size());
    return i ? value(characters[*i]) : missing();
  }
  return missing();
}

LINGUALINKED_DECL value evaluator::slice_of(const node& n) {
  const value object = evaluate(*n.children[0]);
  std::optional<std::int64_t> bounds[3];
  for (std::size_t i = 0; i < 3 && !failed(); ++i) {
    const value v = n.children[i + 1] == nullptr ? value(none{}) : evaluate(*n.children[i + 1]);
    if (failed() || v.is_none()) continue;
    if (!v.whole()) return fail(errc::malformed, "a slice from, to or by a " + std::string(type_name(v)));
    // Far outside any text or list; keeps the sums below in range.
    constexpr std::int64_t far = std::int64_t{1} << 40;
    bounds[i] = std::clamp(*v.whole(), -far, far);
  }
  if (failed()) return {};
  if (bounds[2] == 0) return fail(errc::malformed, "a slice by 0");
  const std::int64_t by = bounds[2].value_or(1);
  if (const list_data* list = object.list()) {
    std::vector<value> items;
    for (const std::size_t i : detail::slice_positions(static_cast<std::int64_t>(list->items.size()), bounds[0], bounds[1], by)) {
      items.push_back(list->items[i]);
    }
    return list_of(std::move(items), list->tuple);
  }
  if (const std::string* text = object.text()) {
    charge(text->size());
    const auto characters = detail::characters(*text);
    std::string out;
    for (const std::size_t i : detail::slice_positions(static_cast<std::int64_t>(characters.size()), bounds[0], bounds[1], by)) {
      out.append(characters[i]);
    }
    return text_of(std::move(out));
  }
  if (const auto* u = std::get_if<undefined>(&object.is))
    return fail(errc::malformed, u->what ? *u->what : "a slice of something undefined");
  return fail(errc::malformed, "a slice of a " + std::string(type_name(object)));
}

LINGUALINKED_DECL call_arguments evaluator::arguments_of(const node& n) {
  call_arguments arguments;
  for (std::size_t i = 1; i < n.children.size() && !failed(); ++i) {
    value v = evaluate(*n.children[i]);
    if (n.names[i - 1].empty()) {
      arguments.positional.push_back(std::move(v));
    } else {
      arguments.named.emplace_back(n.names[i - 1], std::move(v));
    }
  }
  return arguments;
}

LINGUALINKED_DECL std::vector<value> evaluator::elements(const value& v) {
  std::vector<value> out;
  if (const list_data* list = v.list()) {
    out = list->items;
  } else if (const dict_data* dict = v.dict()) {
    for (const auto& [key, item] : dict->items) out.emplace_back(key);
  } else if (const std::string* text = v.text()) {
    charge(text->size());
    for (const std::string_view c : detail::characters(*text)) out.emplace_back(c);
  } else if (!v.is_undefined()) {
    fail(errc::malformed, "a " + std::string(type_name(v)) + " has no elements to go through");
  }
  step(out.size());
  return out;
}

LINGUALINKED_DECL value evaluator::list_of(std::vector<value> items, bool tuple) {
  step(items.size());
  for (const value& v : items) {
    if (v.is_namespace()) return fail(errc::unsupported, "a namespace inside a list is not supported");
  }
  value made = make_list(std::move(items), tuple);
  return depth_of(made) <= chat_template::value_depth_max ? made : fail(errc::limit, "lists are nested too deeply");
}

LINGUALINKED_DECL value evaluator::text_of(std::string text) {
  charge(text.size());
  if (text.size() > chat_template::output_bytes_max) {
    return fail(errc::limit, "a string grows beyond " + std::to_string(chat_template::output_bytes_max) + " bytes");
  }
  return value(std::move(text));
}

LINGUALINKED_DECL std::string evaluator::str(const value& v) {
  // Lists share their elements, so that a small one can print as a very long text: count before writing.
  if (v.list() != nullptr || v.dict() != nullptr) {
    const std::uint64_t size = printed_bytes(v);
    charge(size);
    if (size > chat_template::output_bytes_max)
      fail(errc::limit, "a printed list grows beyond " + std::to_string(chat_template::output_bytes_max) + " bytes");
    if (failed()) return {};
  }
  return to_text(v);
}

LINGUALINKED_DECL bool evaluator::same(const value& a, const value& b) {
  if (a.is.index() != b.is.index()) return equal(a, b);
  charge(std::min(printed_bytes(a), printed_bytes(b)));  // a pair of small lists can take as long to compare as to print
  return !failed() && equal(a, b);
}

LINGUALINKED_DECL std::uint64_t evaluator::printed_bytes(const value& v) {
  step();
  std::uint64_t bytes = 8;
  if (failed()) return bytes;
  if (v.text() != nullptr) bytes += v.text()->size();
  if (v.list() != nullptr) {
    for (const value& item : v.list()->items) bytes += printed_bytes(item);
  }
  if (v.dict() != nullptr) {
    for (const auto& [key, item] : v.dict()->items) bytes += key.size() + printed_bytes(item);
  }
  return bytes;
}

}  // namespace lingualinked::inline v0::templates

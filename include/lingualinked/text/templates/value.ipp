// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/templates/value.hpp>
#include <lingualinked/text/unicode.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace lingualinked::inline v0::templates {
namespace detail {

/// The shortest digits that read back the same, laid out as Python's repr does: with an exponent from 1e+16 on and below 1e-4.
inline std::string real_text(double d) {
  if (std::isnan(d)) return "nan";
  if (std::isinf(d)) return d < 0 ? "-inf" : "inf";
  std::array<char, 64> buffer{};
  const auto scientific = std::to_chars(buffer.data(), buffer.data() + buffer.size(), d, std::chars_format::scientific);
  const std::string_view shortest(buffer.data(), static_cast<std::size_t>(scientific.ptr - buffer.data()));
  int exponent = 0;
  const std::string_view power = shortest.substr(shortest.find('e') + 1);
  const std::size_t sign = power.front() == '+' ? 1 : 0;
  std::from_chars(power.data() + sign, power.data() + power.size(), exponent);
  if (d != 0 && (exponent < -4 || exponent >= 16)) return std::string(shortest);
  const auto fixed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), d, std::chars_format::fixed);
  std::string text(buffer.data(), fixed.ptr);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

inline std::string quoted(std::string_view text) {
  const char quote = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      constexpr std::string_view digits = "0123456789abcdef";
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15U]};
    } else {
      out.push_back(c);
    }
  }
  out.push_back(quote);
  return out;
}

inline void append_json_text(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (byte < 0x20) {
          out += {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15U]};
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

inline bool append_json(std::string& out, const value& v, int indent, int level) {
  const auto line = [&](int at) {
    if (indent >= 0) out.append("\n").append(static_cast<std::size_t>(indent * at), ' ');
  };
  const std::string_view comma = indent >= 0 ? "," : ", ";
  if (v.is_none()) {
    out += "null";
  } else if (v.is_boolean()) {
    out += truth(v) ? "true" : "false";
  } else if (v.is_integer()) {
    out += std::to_string(*v.whole());
  } else if (v.is_real()) {
    out += std::isnan(v.real()) ? "NaN" : std::isinf(v.real()) ? (v.real() < 0 ? "-Infinity" : "Infinity") : real_text(v.real());
  } else if (const std::string* text = v.text()) {
    append_json_text(out, *text);
  } else if (const list_data* list = v.list()) {
    if (list->items.empty()) return out += "[]", true;
    out.push_back('[');
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      if (i > 0) out += comma;
      line(level + 1);
      if (!append_json(out, list->items[i], indent, level + 1)) return false;
    }
    line(level);
    out.push_back(']');
  } else if (const dict_data* dict = v.dict()) {
    if (dict->items.empty()) return out += "{}", true;
    out.push_back('{');
    for (std::size_t i = 0; i < dict->items.size(); ++i) {
      if (i > 0) out += comma;
      line(level + 1);
      append_json_text(out, dict->items[i].first);
      out += ": ";
      if (!append_json(out, dict->items[i].second, indent, level + 1)) return false;
    }
    line(level);
    out.push_back('}');
  } else {
    return false;
  }
  return true;
}

}  // namespace detail

LINGUALINKED_DECL std::size_t depth_of(const value& v) noexcept {
  if (const list_data* list = v.list()) return list->depth;
  if (const dict_data* dict = v.dict()) return dict->depth;
  return 0;
}

LINGUALINKED_DECL value make_list(std::vector<value> items, bool tuple) {
  std::size_t depth = 0;
  for (const value& v : items) depth = std::max(depth, depth_of(v));
  return std::make_shared<const list_data>(list_data{std::move(items), depth + 1, tuple});
}

LINGUALINKED_DECL value make_dict(std::vector<std::pair<std::string, value>> items) {
  std::size_t depth = 0;
  for (const auto& [key, v] : items) depth = std::max(depth, depth_of(v));
  return std::make_shared<const dict_data>(dict_data{std::move(items), depth + 1});
}

LINGUALINKED_DECL bool truth(const value& v) noexcept {
  if (v.is_undefined() || v.is_none()) return false;
  if (v.is_number()) return v.real() != 0;
  if (const std::string* text = v.text()) return !text->empty();
  if (const list_data* list = v.list()) return !list->items.empty();
  if (const dict_data* dict = v.dict()) return !dict->items.empty();
  return true;
}

LINGUALINKED_DECL bool equal(const value& a, const value& b) noexcept {
  if (a.is_number() && b.is_number()) {
    return a.whole() && b.whole() ? *a.whole() == *b.whole() : a.real() == b.real();
  }
  if (a.is.index() != b.is.index()) return false;
  if (a.is_undefined() || a.is_none()) return true;
  if (a.text() != nullptr) return *a.text() == *b.text();
  if (a.list() != nullptr) {
    return a.list()->tuple == b.list()->tuple &&
           std::equal(a.list()->items.begin(), a.list()->items.end(), b.list()->items.begin(), b.list()->items.end(), equal);
  }
  if (a.dict() != nullptr) {
    const auto& left = a.dict()->items;
    const auto& right = b.dict()->items;
    return left.size() == right.size() && std::all_of(left.begin(), left.end(), [&](const auto& item) {
             const auto same = std::find_if(right.begin(), right.end(), [&](const auto& r) { return r.first == item.first; });
             return same != right.end() && equal(same->second, item.second);
           });
  }
  return false;
}

LINGUALINKED_DECL std::optional<int> order(const value& a, const value& b) noexcept {
  if (a.is_number() && b.is_number()) {
    if (a.whole() && b.whole()) return *a.whole() < *b.whole() ? -1 : static_cast<int>(*a.whole() > *b.whole());
    return a.real() < b.real() ? -1 : static_cast<int>(a.real() > b.real());
  }
  // UTF-8 sorts by bytes as its code points do.
  if (a.text() != nullptr && b.text() != nullptr) {
    const int c = a.text()->compare(*b.text());
    return c < 0 ? -1 : static_cast<int>(c > 0);
  }
  return std::nullopt;
}

LINGUALINKED_DECL std::string to_text(const value& v) {
  if (v.is_undefined()) return {};
  if (v.text() != nullptr) return *v.text();
  return to_repr(v);
}

LINGUALINKED_DECL std::string to_repr(const value& v) {
  if (v.is_undefined()) return "Undefined";
  if (v.is_none()) return "None";
  if (v.is_boolean()) return truth(v) ? "True" : "False";
  if (v.is_integer()) return std::to_string(*v.whole());
  if (v.is_real()) return detail::real_text(v.real());
  if (v.text() != nullptr) return detail::quoted(*v.text());
  std::string out;
  if (const list_data* list = v.list()) {
    for (const value& item : list->items) out += (out.empty() ? "" : ", ") + to_repr(item);
    if (list->tuple) return "(" + out + (list->items.size() == 1 ? ",)" : ")");
    return "[" + out + "]";
  }
  if (const dict_data* dict = v.dict()) {
    for (const auto& [key, item] : dict->items) out += (out.empty() ? "" : ", ") + detail::quoted(key) + ": " + to_repr(item);
    return "{" + out + "}";
  }
  return "<" + std::string(type_name(v)) + ">";
}

LINGUALINKED_DECL std::string_view type_name(const value& v) noexcept {
  constexpr std::array<std::string_view, 11> names{"undefined", "none", "truth value", "integer", "number",  "string",
                                                   "list",      "dict", "namespace",   "loop",    "function"};
  return names[v.is.index()];
}

LINGUALINKED_DECL std::optional<std::string> to_json(const value& v, int indent) {
  std::string out;
  if (!detail::append_json(out, v, indent, 0)) return std::nullopt;
  return out;
}

}  // namespace lingualinked::inline v0::templates

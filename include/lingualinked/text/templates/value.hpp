// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lingualinked::inline v0::templates {

struct value;
struct node;

/// A name, attribute or item that is not there. `what` says which one when somebody uses it.
struct undefined {
  std::shared_ptr<const std::string> what;
};
struct none {};
using text_ptr = std::shared_ptr<const std::string>;

/// Lists and dicts do not change once made, so there are no cycles, and `depth` bounds every recursion over them.
struct list_data {
  std::vector<value> items;
  std::size_t depth = 1;
  bool tuple = false;  // prints with ( ) and equals no list
};
struct dict_data {
  std::vector<std::pair<std::string, value>> items;  // in the order of insertion
  std::size_t depth = 1;
};
/// What namespace() makes: the only thing that changes. It never gets into a list, a dict or another namespace.
struct namespace_data {
  std::vector<std::pair<std::string, value>> items;
};
struct loop_data {
  std::shared_ptr<const list_data> items;
  std::size_t index = 0;
};
/// Something that can be called: a macro of the template, a function, or a method bound to its object.
struct callable {
  const node* macro = nullptr;
  std::string name;
  std::shared_ptr<const value> object;
};

struct value {
  std::variant<undefined, none, bool, std::int64_t, double, text_ptr, std::shared_ptr<const list_data>,
               std::shared_ptr<const dict_data>, std::shared_ptr<namespace_data>, std::shared_ptr<const loop_data>, callable>
      is;

  value() = default;
  value(none) : is(none{}) {}                                                      // NOLINT: implicit by design
  value(bool b) : is(b) {}                                                         // NOLINT: implicit by design
  value(std::int64_t i) : is(i) {}                                                 // NOLINT: implicit by design
  value(double d) : is(d) {}                                                       // NOLINT: implicit by design
  value(std::string s) : is(std::make_shared<const std::string>(std::move(s))) {}  // NOLINT: implicit by design
  value(std::string_view s) : value(std::string(s)) {}                             // NOLINT: implicit by design
  value(const char* s) : value(std::string(s)) {}                                  // NOLINT: implicit by design
  value(std::shared_ptr<const list_data> l) : is(std::move(l)) {}                  // NOLINT: implicit by design
  value(std::shared_ptr<const dict_data> d) : is(std::move(d)) {}                  // NOLINT: implicit by design
  value(std::shared_ptr<namespace_data> n) : is(std::move(n)) {}                   // NOLINT: implicit by design
  value(std::shared_ptr<const loop_data> l) : is(std::move(l)) {}                  // NOLINT: implicit by design
  value(callable c) : is(std::move(c)) {}                                          // NOLINT: implicit by design
  static value missing(std::string what) {
    value v;
    v.is = undefined{std::make_shared<const std::string>(std::move(what))};
    return v;
  }

  [[nodiscard]] bool is_undefined() const noexcept { return std::holds_alternative<undefined>(is); }
  [[nodiscard]] bool is_none() const noexcept { return std::holds_alternative<none>(is); }
  [[nodiscard]] bool is_boolean() const noexcept { return std::holds_alternative<bool>(is); }
  [[nodiscard]] bool is_integer() const noexcept { return std::holds_alternative<std::int64_t>(is); }
  [[nodiscard]] bool is_real() const noexcept { return std::holds_alternative<double>(is); }
  [[nodiscard]] bool is_number() const noexcept { return is_boolean() || is_integer() || is_real(); }
  [[nodiscard]] bool is_namespace() const noexcept { return std::holds_alternative<std::shared_ptr<namespace_data>>(is); }
  [[nodiscard]] bool is_callable() const noexcept { return std::holds_alternative<callable>(is); }
  [[nodiscard]] const std::string* text() const noexcept {
    const auto* p = std::get_if<text_ptr>(&is);
    return p == nullptr ? nullptr : p->get();
  }
  [[nodiscard]] const list_data* list() const noexcept {
    const auto* p = std::get_if<std::shared_ptr<const list_data>>(&is);
    return p == nullptr ? nullptr : p->get();
  }
  [[nodiscard]] const dict_data* dict() const noexcept {
    const auto* p = std::get_if<std::shared_ptr<const dict_data>>(&is);
    return p == nullptr ? nullptr : p->get();
  }
  [[nodiscard]] const loop_data* loop() const noexcept {
    const auto* p = std::get_if<std::shared_ptr<const loop_data>>(&is);
    return p == nullptr ? nullptr : p->get();
  }
  /// An integer, or a truth value as one.
  [[nodiscard]] std::optional<std::int64_t> whole() const noexcept {
    if (const auto* i = std::get_if<std::int64_t>(&is)) return *i;
    if (const auto* b = std::get_if<bool>(&is)) return *b ? 1 : 0;
    return std::nullopt;
  }
  /// Requires  is_number()
  [[nodiscard]] double real() const noexcept {
    const auto* d = std::get_if<double>(&is);
    return d != nullptr ? *d : static_cast<double>(whole().value_or(0));
  }
};

/// How deep lists and dicts stand inside a value; 0 for anything else.
[[nodiscard]] LINGUALINKED_DECL std::size_t depth_of(const value& v) noexcept;
[[nodiscard]] LINGUALINKED_DECL value make_list(std::vector<value> items, bool tuple = false);
[[nodiscard]] LINGUALINKED_DECL value make_dict(std::vector<std::pair<std::string, value>> items);

/// Python's rules for truth, equality, order (nothing where there is none), str() and repr(), and the name of the type.
[[nodiscard]] LINGUALINKED_DECL bool truth(const value& v) noexcept;
[[nodiscard]] LINGUALINKED_DECL bool equal(const value& a, const value& b) noexcept;
[[nodiscard]] LINGUALINKED_DECL std::optional<int> order(const value& a, const value& b) noexcept;
[[nodiscard]] LINGUALINKED_DECL std::string to_text(const value& v);
[[nodiscard]] LINGUALINKED_DECL std::string to_repr(const value& v);
[[nodiscard]] LINGUALINKED_DECL std::string_view type_name(const value& v) noexcept;

/// JSON as Python's json.dumps(ensure_ascii=False) writes it; nothing for a value that JSON does not have.
/// indent    spaces a level, negative: all on one line
[[nodiscard]] LINGUALINKED_DECL std::optional<std::string> to_json(const value& v, int indent);

}  // namespace lingualinked::inline v0::templates

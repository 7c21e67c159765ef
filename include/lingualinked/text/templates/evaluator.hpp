// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>
#include <lingualinked/text/templates/interface.hpp>
#include <lingualinked/text/templates/syntax.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::templates {

/// The arguments of a call, filter or test, by place or by name.
struct call_arguments {
  std::vector<value> positional;
  std::vector<std::pair<std::string, value>> named;

  /// The argument at a place or of a name, or null.
  [[nodiscard]] const value* find(std::size_t place, std::string_view name) const {
    if (place < positional.size()) return &positional[place];
    for (const auto& [key, v] : named) {
      if (key == name) return &v;
    }
    return nullptr;
  }
  [[nodiscard]] value get(std::size_t place, std::string_view name, value otherwise) const {
    const value* found = find(place, name);
    return found == nullptr ? std::move(otherwise) : *found;
  }
};

/// Walks a syntax tree. The first failure sticks: whatever is computed after it is meaningless and never leaves.
class evaluator {
 public:
  explicit evaluator(const chat_options& options) : options_(options) {}

  LINGUALINKED_DECL result<std::string> run(const node& root, std::vector<std::pair<std::string, value>> variables);

 private:
  enum class flow : unsigned char { onwards, leave, next };
  /// Names of one block; a block sees those of the blocks around it.
  struct scope {
    const scope* around = nullptr;
    std::vector<std::pair<std::string_view, value>> names;
  };
  class level;
  class inner_scope;

  // evaluator.ipp: statements and the plumbing
  LINGUALINKED_DECL flow execute(const node& n, std::string& out);
  LINGUALINKED_DECL flow execute_loop(const node& n, std::string& out);
  LINGUALINKED_DECL void execute_assign(const node& n);
  LINGUALINKED_DECL void bind(std::string_view name, value v);
  LINGUALINKED_DECL void unpack(const node& n, const value& v);
  LINGUALINKED_DECL void put(std::string& out, std::string_view text);
  LINGUALINKED_DECL value fail(errc code, const std::string& what);
  LINGUALINKED_DECL void step(std::uint64_t steps = 1);
  LINGUALINKED_DECL void charge(std::uint64_t bytes);
  [[nodiscard]] bool failed() const noexcept { return failure_.has_value(); }

  // expressions.ipp and access.ipp
  LINGUALINKED_DECL value evaluate(const node& n);
  LINGUALINKED_DECL value evaluate_node(const node& n);
  LINGUALINKED_DECL value look_up(const std::string& name) const;
  LINGUALINKED_DECL value compare(const node& n);
  LINGUALINKED_DECL value calculate(const node& n);
  LINGUALINKED_DECL value operate(const std::string& op, const value& a, const value& b);
  LINGUALINKED_DECL value operate_whole(const std::string& op, std::int64_t a, std::int64_t b);
  LINGUALINKED_DECL value repeat(const value& what, std::int64_t times);
  LINGUALINKED_DECL bool contains(const value& container, const value& v);
  LINGUALINKED_DECL value item_of(const value& object, const value& key);
  LINGUALINKED_DECL value slice_of(const node& n);
  LINGUALINKED_DECL call_arguments arguments_of(const node& n);
  LINGUALINKED_DECL std::vector<value> elements(const value& v);
  LINGUALINKED_DECL value list_of(std::vector<value> items, bool tuple = false);
  LINGUALINKED_DECL value text_of(std::string text);
  LINGUALINKED_DECL std::string str(const value& v);
  LINGUALINKED_DECL bool same(const value& a, const value& b);
  LINGUALINKED_DECL std::uint64_t printed_bytes(const value& v);

  // methods.ipp
  LINGUALINKED_DECL value attribute_of(const value& object, std::string_view name);
  LINGUALINKED_DECL value call(const value& callee, const call_arguments& arguments);
  LINGUALINKED_DECL value call_macro(const node& macro, const call_arguments& arguments);
  LINGUALINKED_DECL value call_function(const std::string& name, const call_arguments& arguments);
  LINGUALINKED_DECL value call_method(const callable& method, const call_arguments& arguments);
  LINGUALINKED_DECL value text_method(const std::string& name, const std::string& text, const call_arguments& arguments);
  LINGUALINKED_DECL value format(const std::string& text, const call_arguments& arguments);
  LINGUALINKED_DECL value split_text(const std::string& text, const call_arguments& arguments);
  LINGUALINKED_DECL value affix(const std::string& text, const value& wanted, bool at_end);
  LINGUALINKED_DECL value range(const call_arguments& arguments);
  LINGUALINKED_DECL value strftime(const std::string& format);

  // filters.ipp
  LINGUALINKED_DECL value filter(const std::string& name, const value& v, const call_arguments& arguments);
  LINGUALINKED_DECL value select(const value& v, const call_arguments& arguments, bool by_attribute, bool wanted);
  LINGUALINKED_DECL value map(const value& v, const call_arguments& arguments);
  LINGUALINKED_DECL value sort(const value& v, const call_arguments& arguments);
  LINGUALINKED_DECL value replace(const std::string& text, const call_arguments& arguments);
  LINGUALINKED_DECL value join(const value& v, const call_arguments& arguments);
  LINGUALINKED_DECL value to_integer(const value& v, value otherwise);
  LINGUALINKED_DECL value path_of(const value& object, const value& path);
  LINGUALINKED_DECL bool test(const std::string& name, const value& v, const call_arguments& arguments);

  static constexpr std::size_t no_place = static_cast<std::size_t>(-1);
  const chat_options& options_;
  scope globals_;
  const scope* top_ = &globals_;  // what macros see
  scope* scope_ = &globals_;
  std::optional<error> failure_;
  std::size_t line_ = 1;
  std::size_t depth_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t work_bytes_ = 0;
};

/// Counts how deep the evaluator is.
class evaluator::level {
 public:
  explicit level(evaluator& e) : evaluator_(e) {
    if (++evaluator_.depth_ > chat_template::evaluation_depth_max) {
      evaluator_.fail(errc::limit,
                      "nested more than " + std::to_string(chat_template::evaluation_depth_max) + " deep, macro calls included");
    }
  }
  ~level() { --evaluator_.depth_; }
  level(const level&) = delete;
  level& operator=(const level&) = delete;

 private:
  evaluator& evaluator_;
};

/// A block's own names, for as long as the block runs.
class evaluator::inner_scope {
 public:
  inner_scope(evaluator& e, const scope& around) : evaluator_(e), before_(e.scope_) {
    mine_.around = &around;
    e.scope_ = &mine_;
  }
  ~inner_scope() { evaluator_.scope_ = before_; }
  inner_scope(const inner_scope&) = delete;
  inner_scope& operator=(const inner_scope&) = delete;

 private:
  evaluator& evaluator_;
  scope* before_;
  scope mine_;
};

}  // namespace lingualinked::inline v0::templates

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/text/chat_template.hpp>
#endif

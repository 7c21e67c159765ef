// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/templates/syntax.hpp>

#include <optional>

namespace lingualinked::inline v0::templates {

using node_ptr = std::unique_ptr<node>;

/// What both halves of the parser stand on: the place in the tokens, the first error, and the bound on nesting. After an error
/// every rule returns quickly with whatever it has; nobody looks at it.
class parser_base {
 public:
  parser_base(const std::vector<token>& tokens, std::size_t nesting_max) : tokens_(tokens), nesting_max_(nesting_max) {}

 protected:
  [[nodiscard]] const token& now() const noexcept { return tokens_[at_]; }
  [[nodiscard]] const token& ahead() const noexcept { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  void advance() noexcept { at_ += at_ + 1 < tokens_.size() ? 1 : 0; }
  [[nodiscard]] bool at_symbol(std::string_view s) const noexcept { return now().kind == token_kind::symbol && now().text == s; }
  [[nodiscard]] bool at_name(std::string_view s) const noexcept { return now().kind == token_kind::name && now().text == s; }
  bool skip_symbol(std::string_view s) { return at_symbol(s) && (advance(), true); }
  bool skip_name(std::string_view s) { return at_name(s) && (advance(), true); }
  void expect_symbol(std::string_view s) {
    if (!skip_symbol(s)) fail(errc::malformed, "expected '" + std::string(s) + "', found " + shown());
  }
  std::string expect_name() {
    if (now().kind != token_kind::name) return fail(errc::malformed, "expected a name, found " + shown()), std::string{};
    std::string name = now().text;
    advance();
    return name;
  }
  [[nodiscard]] std::string shown() const { return "'" + now().text.substr(0, 64) + "'"; }
  [[nodiscard]] bool failed() const noexcept { return failure_.has_value(); }
  void fail(errc code, const std::string& what, std::size_t line = 0) {
    if (!failure_) failure_ = error{code, "line " + std::to_string(line == 0 ? now().line : line) + ": " + what};
    at_ = tokens_.size() - 1;  // nothing more to read
  }

  [[nodiscard]] node_ptr make(node_kind kind, std::size_t line, std::string text = {}) const {
    auto n = std::make_unique<node>();
    n->kind = kind;
    n->line = line;
    n->text = std::move(text);
    return n;
  }
  /// Adds a child (which may be null) and keeps the depth of the tree in bounds.
  void adopt(node& parent, node_ptr child) {
    if (child != nullptr && child->depth + 1 > parent.depth) parent.depth = child->depth + 1;
    if (parent.depth > nesting_max_) too_deep(parent.line);
    parent.children.push_back(std::move(child));
  }
  void too_deep(std::size_t line) { fail(errc::limit, "nested more than " + std::to_string(nesting_max_) + " deep", line); }

  /// Counts how deep the parser itself is, which brackets drive without making the tree deeper.
  class level {
   public:
    explicit level(parser_base& p) : parser_(p) {
      if (++parser_.level_ > parser_.nesting_max_) parser_.too_deep(0);
    }
    ~level() { --parser_.level_; }
    level(const level&) = delete;
    level& operator=(const level&) = delete;

   private:
    parser_base& parser_;
  };

  const std::vector<token>& tokens_;
  std::size_t nesting_max_;
  std::size_t at_ = 0;
  std::size_t level_ = 0;
  std::optional<error> failure_;
};

}  // namespace lingualinked::inline v0::templates

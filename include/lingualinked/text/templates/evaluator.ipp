// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/templates/evaluator.hpp>

#include <algorithm>

namespace lingualinked::inline v0::templates {

LINGUALINKED_DECL result<std::string> evaluator::run(const node& root, std::vector<std::pair<std::string, value>> variables) {
  for (auto& [name, v] : variables) globals_.names.emplace_back(name, std::move(v));
  // What a template sets at its top level hides its inputs, and lives beside them.
  const inner_scope top(*this, globals_);
  top_ = scope_;
  std::string out;
  execute(root, out);
  if (failure_) return *failure_;
  return out;
}

LINGUALINKED_DECL value evaluator::fail(errc code, const std::string& what) {
  if (!failure_) failure_ = error{code, "line " + std::to_string(line_) + ": " + what};
  return {};
}

LINGUALINKED_DECL void evaluator::step(std::uint64_t steps) {
  steps_ += steps;
  if (steps_ > chat_template::steps_max) {
    fail(errc::limit, "the template takes more than " + std::to_string(chat_template::steps_max) + " steps");
  }
}

LINGUALINKED_DECL void evaluator::charge(std::uint64_t bytes) {
  work_bytes_ += bytes;
  if (work_bytes_ > chat_template::work_bytes_max) {
    fail(errc::limit, "the template handles more than " + std::to_string(chat_template::work_bytes_max) + " bytes of text");
  }
}

LINGUALINKED_DECL void evaluator::put(std::string& out, std::string_view text) {
  charge(text.size());
  if (text.size() > chat_template::output_bytes_max - out.size()) {
    fail(errc::limit, "the output grows beyond " + std::to_string(chat_template::output_bytes_max) + " bytes");
  }
  if (!failed()) out.append(text);
}

LINGUALINKED_DECL void evaluator::bind(std::string_view name, value v) {
  for (auto& [known, old] : scope_->names) {
    if (known == name) return static_cast<void>(old = std::move(v));
  }
  scope_->names.emplace_back(name, std::move(v));
}

LINGUALINKED_DECL void evaluator::unpack(const node& n, const value& v) {
  if (n.names.size() == 1) return bind(n.names[0], v);
  const list_data* list = v.list();
  if (list == nullptr || list->items.size() != n.names.size()) {
    fail(errc::malformed, "cannot unpack a " + std::string(type_name(v)) + " into " + std::to_string(n.names.size()) + " names");
    return;
  }
  for (std::size_t i = 0; i < n.names.size(); ++i) bind(n.names[i], list->items[i]);
}

LINGUALINKED_DECL void evaluator::execute_assign(const node& n) {
  value v = evaluate(*n.children[0]);
  if (failed()) return;
  if (n.text.empty()) return unpack(n, v);
  const value target = look_up(n.names[0]);
  const auto* space = std::get_if<std::shared_ptr<namespace_data>>(&target.is);
  if (space == nullptr)
    return static_cast<void>(
        fail(errc::malformed, "cannot assign to an attribute of '" + n.names[0] + "', which is no namespace"));
  if (v.is_namespace()) return static_cast<void>(fail(errc::unsupported, "a namespace inside a namespace is not supported"));
  for (auto& [key, old] : (*space)->items) {
    if (key == n.names[1]) return static_cast<void>(old = std::move(v));
  }
  (*space)->items.emplace_back(n.names[1], std::move(v));
}

LINGUALINKED_DECL evaluator::flow evaluator::execute(const node& n, std::string& out) {
  const level guard(*this);
  line_ = n.line;
  step();
  if (failed()) return flow::onwards;
  switch (n.kind) {
    case node_kind::data: put(out, n.text); break;
    case node_kind::output: {
      const value v = evaluate(*n.children[0]);
      if (!failed()) put(out, str(v));
      break;
    }
    case node_kind::body:
      for (const auto& child : n.children) {
        const flow f = execute(*child, out);
        if (f != flow::onwards || failed()) return f;
      }
      break;
    case node_kind::branch:
      for (std::size_t i = 0; i < n.children.size(); i += 2) {
        if (i + 1 == n.children.size()) return execute(*n.children[i], out);
        const bool taken = truth(evaluate(*n.children[i]));
        if (failed()) break;
        if (taken) return execute(*n.children[i + 1], out);
      }
      break;
    case node_kind::loop: return execute_loop(n, out);
    case node_kind::assign: execute_assign(n); break;
    case node_kind::capture: {
      std::string text;
      {
        const inner_scope inside(*this, *scope_);
        execute(*n.children[0], text);
      }
      bind(n.names[0], std::move(text));
      break;
    }
    case node_kind::macro: bind(n.text, callable{&n, n.text, nullptr}); break;
    case node_kind::leave: return flow::leave;
    case node_kind::next: return flow::next;
    default: fail(errc::internal, "an expression stands where a statement should");
  }
  return flow::onwards;
}

LINGUALINKED_DECL evaluator::flow evaluator::execute_loop(const node& n, std::string& out) {
  const value over = evaluate(*n.children[0]);
  std::vector<value> items = elements(over);
  if (failed()) return flow::onwards;
  if (n.children[3] != nullptr) {
    std::vector<value> kept;
    for (value& item : items) {
      const inner_scope inside(*this, *scope_);
      unpack(n, item);
      const bool keep = truth(evaluate(*n.children[3]));
      if (failed()) return flow::onwards;
      if (keep) kept.push_back(std::move(item));
    }
    items = std::move(kept);
  }
  const auto list = std::make_shared<const list_data>(list_data{std::move(items), 1});
  bool completed = false;  // some round: as Jinja has it, rounds that end by break or continue do not count
  for (std::size_t i = 0; i < list->items.size() && !failed(); ++i) {
    const inner_scope inside(*this, *scope_);
    unpack(n, list->items[i]);
    bind("loop", std::make_shared<const loop_data>(loop_data{list, i}));
    const flow ended = execute(*n.children[1], out);
    if (ended == flow::leave) break;
    completed = completed || ended == flow::onwards;
  }
  return completed || failed() || n.children[2] == nullptr ? flow::onwards : execute(*n.children[2], out);
}

}  // namespace lingualinked::inline v0::templates

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/normalizer.hpp>

#include <utf8proc.h>

#include <algorithm>
#include <utility>

namespace lingualinked::inline v0 {
namespace detail {

inline std::string strip_marks(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const utf8_step step = step_utf8(text, at);
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(step.code_point));
    const bool mark = category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
    if (!mark || step.status != utf8_status::complete) out.append(text.substr(at, step.size));
    at += step.size;
  }
  return out;
}

inline std::string_view strip_spaces(std::string_view text, bool left, bool right) {
  std::size_t begin = text.size();
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const utf8_step step = step_utf8(text, at);
    if (step.status != utf8_status::complete || class_of(step.code_point) != character_class::space) {
      begin = std::min(begin, at);
      end = at + step.size;
    }
    at += step.size;
  }
  if (!left) begin = 0;
  if (!right) end = text.size();
  return begin < end ? text.substr(begin, end - begin) : std::string_view{};
}

inline result<std::string> replace_pattern(std::string_view text, const normalize_replace& how,
                                           const std::optional<regex>& pattern, std::size_t bytes_max) {
  std::string out;
  std::size_t at = 0;
  std::optional<regex::search> search;
  if (pattern) search.emplace(*pattern, text);
  while (at <= text.size()) {
    regex::match found{text.size() + 1, text.size() + 1};
    if (search) {
      auto match = search->next(at);
      if (!match) return std::move(match).error();
      if (*match) found = **match;
    } else if (const std::size_t begin = text.find(how.pattern, at); begin != std::string_view::npos) {
      found = {begin, begin + how.pattern.size()};
    }
    if (found.begin > text.size()) break;
    out.append(text.substr(at, found.begin - at)).append(how.content);
    at = found.end;
    if (found.begin == found.end) {  // an empty match: step over one character, or it would match here for ever
      if (at < text.size()) {
        const std::size_t bytes = character_bytes(text, at);
        out.append(text.substr(at, bytes));
        at += bytes;
      } else {
        ++at;
      }
    }
    if (out.size() > bytes_max) return error{errc::limit, "normalised text grows beyond " + std::to_string(bytes_max) + " bytes"};
  }
  if (at < text.size()) out.append(text.substr(at));
  return out;
}

}  // namespace detail

LINGUALINKED_DECL result<normalizer> normalizer::create(std::vector<normalizer_step> steps) {
  if (steps.size() > steps_max) {
    return error{errc::limit, std::to_string(steps.size()) + " normalizer steps; at most " + std::to_string(steps_max)};
  }
  normalizer made;
  for (normalizer_step& step : steps) {
    compiled_step next{std::move(step), std::nullopt, std::nullopt};
    if (const auto* replace = std::get_if<normalize_replace>(&next.step)) {
      if (replace->pattern.empty()) return error{errc::malformed, "normalizer replaces an empty pattern"};
      if (replace->regex) {
        auto pattern = regex::compile(replace->pattern);
        if (!pattern) return pattern.error().in("normalizer");
        next.pattern = *std::move(pattern);
      }
    }
    if (const auto* map = std::get_if<normalize_charsmap>(&next.step)) {
      auto rules = charsmap::create(map->rules);
      if (!rules) return rules.error().in("normalizer");
      next.rules = *std::move(rules);
    }
    made.steps_.push_back(std::move(next));
  }
  return made;
}

LINGUALINKED_DECL result<std::string> normalizer::apply(std::string_view text) const {
  const std::size_t bytes_max = growth_max * text.size() + growth_bytes;
  std::string now(text);
  for (const compiled_step& step : steps_) {
    if (const auto* form = std::get_if<normalize_form>(&step.step)) now = normalize(now, form->form);
    if (std::holds_alternative<normalize_lowercase>(step.step)) now = lowercase(now);
    if (std::holds_alternative<normalize_strip_accents>(step.step)) now = detail::strip_marks(now);
    if (const auto* strip = std::get_if<normalize_strip>(&step.step)) {
      now = std::string(detail::strip_spaces(now, strip->left, strip->right));
    }
    if (const auto* prepend = std::get_if<normalize_prepend>(&step.step); prepend != nullptr && !now.empty()) {
      now.insert(0, prepend->text);
    }
    if (const auto* replace = std::get_if<normalize_replace>(&step.step)) {
      auto replaced = detail::replace_pattern(now, *replace, step.pattern, bytes_max);
      if (!replaced) return replaced;
      now = *std::move(replaced);
    }
    if (step.rules) {
      auto replaced = step.rules->apply(now, bytes_max);
      if (!replaced) return replaced;
      now = *std::move(replaced);
    }
    if (now.size() > bytes_max) return error{errc::limit, "normalised text grows beyond " + std::to_string(bytes_max) + " bytes"};
  }
  return now;
}

}  // namespace lingualinked::inline v0

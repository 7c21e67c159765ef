// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/pre_tokenizer.hpp>

#include <algorithm>
#include <utility>

namespace lingualinked::inline v0 {
namespace detail {

/// A stretch of text and whether the pattern of the step matched it.
struct split_part {
  std::string_view text;
  bool match = false;
};

/// Joins matches and gaps as the behaviour says.
inline void place_parts(const std::vector<split_part>& parts, split_behavior behavior, std::vector<std::string_view>& out) {
  const auto join = [](std::string_view a, std::string_view b) { return std::string_view(a.data(), a.size() + b.size()); };
  bool previous_match = false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto [text, match] = parts[i];
    switch (behavior) {
      case split_behavior::removed:
        if (!match) out.push_back(text);
        break;
      case split_behavior::isolated: out.push_back(text); break;
      case split_behavior::contiguous:
        if (i > 0 && match == previous_match) {
          out.back() = join(out.back(), text);
        } else {
          out.push_back(text);
        }
        break;
      case split_behavior::merged_with_previous:
        if (match && i > 0 && !previous_match) {
          out.back() = join(out.back(), text);
        } else {
          out.push_back(text);
        }
        break;
      case split_behavior::merged_with_next:
        if (!match && i > 0 && previous_match) {
          out.back() = join(out.back(), text);
        } else {
          out.push_back(text);
        }
        break;
    }
    previous_match = match;
  }
}

/// Cuts `text` by next_match(from) -> result<std::optional<regex::match>>; empty matches are passed over.
template <class NextMatch>
result<std::vector<split_part>> parts_of(std::string_view text, bool invert, NextMatch next_match) {
  std::vector<split_part> parts;
  std::size_t rest = 0;
  for (std::size_t from = 0; from < text.size();) {
    result<std::optional<regex::match>> found = next_match(from);
    if (!found) return std::move(found).error();
    if (!*found) break;
    const regex::match m = **found;
    if (m.begin == m.end) {
      if (m.end >= text.size()) break;
      from = m.end + character_bytes(text, m.end);
      continue;
    }
    if (rest < m.begin) parts.push_back({text.substr(rest, m.begin - rest), invert});
    parts.push_back({text.substr(m.begin, m.end - m.begin), !invert});
    rest = from = m.end;
  }
  if (rest < text.size()) parts.push_back({text.substr(rest), invert});
  return parts;
}

/// Cuts where a predicate on characters changes, or around each character that satisfies it.
template <class Predicate>
std::vector<split_part> parts_by(std::string_view text, bool each_alone, Predicate is_match) {
  std::vector<split_part> parts;
  for (std::size_t at = 0; at < text.size();) {
    const utf8_step step = step_utf8(text, at);
    const std::size_t bytes = step.status == utf8_status::complete ? step.size : 1;
    const bool match = step.status == utf8_status::complete && is_match(step.code_point);
    if (parts.empty() || parts.back().match != match || (match && each_alone)) {
      parts.push_back({text.substr(at, bytes), match});
    } else {
      parts.back().text =
          text.substr(static_cast<std::size_t>(parts.back().text.data() - text.data()), parts.back().text.size() + bytes);
    }
    at += bytes;
  }
  return parts;
}

inline void split_metaspaces(const split_metaspace& how, std::string_view text, bool begins_text, text_pieces& out) {
  std::string changed;
  for (const char c : text) {
    if (c == ' ') {
      changed += how.replacement;
    } else {
      changed.push_back(c);
    }
  }
  const bool wanted = how.prepend == prepend_scheme::always || (how.prepend == prepend_scheme::first && begins_text);
  if (wanted && !changed.empty() && !changed.starts_with(how.replacement)) changed.insert(0, how.replacement);
  const std::string_view kept = out.changed.emplace_back(std::move(changed));
  if (!how.split) return out.views.push_back(kept);
  std::size_t begin = 0;
  while (begin < kept.size()) {
    const std::size_t next = std::min(kept.find(how.replacement, begin + 1), kept.size());
    out.views.push_back(kept.substr(begin, next - begin));
    begin = next;
  }
}

}  // namespace detail

LINGUALINKED_DECL result<pre_tokenizer> pre_tokenizer::create(std::vector<pre_tokenizer_step> steps) {
  if (steps.size() > steps_max) {
    return error{errc::limit, std::to_string(steps.size()) + " pre-tokenizer steps; at most " + std::to_string(steps_max)};
  }
  pre_tokenizer made;
  for (pre_tokenizer_step& step : steps) {
    std::optional<splitter> known;
    if (const auto* named = std::get_if<splitter>(&step)) known = *named;
    compiled_step next{std::move(step), known, std::nullopt};
    if (const auto* cut = std::get_if<split_pattern>(&next.step)) {
      if (cut->pattern.empty()) return error{errc::malformed, "pre-tokenizer splits at an empty pattern"};
      if (cut->regex && cut->behavior == split_behavior::isolated) next.known = splitter_for(cut->pattern);
      if (cut->regex && !next.known) {
        auto pattern = regex::compile(cut->pattern);
        if (!pattern) return pattern.error().in("pre-tokenizer");
        next.pattern = *std::move(pattern);
      }
    }
    if (const auto* metaspace = std::get_if<split_metaspace>(&next.step)) {
      const std::size_t bytes = metaspace->replacement.size();
      if (bytes == 0) return error{errc::malformed, "pre-tokenizer replaces spaces by an empty string"};
      if (bytes > replacement_bytes_max) {
        return error{errc::limit, "pre-tokenizer replaces spaces by " + std::to_string(bytes) + " bytes; at most " +
                                      std::to_string(replacement_bytes_max)};
      }
    }
    made.steps_.push_back(std::move(next));
  }
  return made;
}

LINGUALINKED_DECL result<text_pieces> pre_tokenizer::apply(std::string_view text, bool begins_text) const {
  text_pieces pieces;
  if (!text.empty()) pieces.views.push_back(text);
  for (const compiled_step& step : steps_) {
    const std::vector<std::string_view> before = std::exchange(pieces.views, {});
    bool first = begins_text;
    std::optional<regex::search> search;  // one for all pieces
    for (const std::string_view piece : before) {
      if (step.known) {
        split(*step.known, piece, pieces.views);
      } else if (const auto* cut = std::get_if<split_pattern>(&step.step)) {
        if (search) search->restart(piece);
        else if (step.pattern) search.emplace(*step.pattern, piece);
        auto parts = detail::parts_of(piece, cut->invert, [&](std::size_t from) -> result<std::optional<regex::match>> {
          if (search) return search->next(from);
          const std::size_t at = piece.find(cut->pattern, from);
          if (at == std::string_view::npos) return std::optional<regex::match>{};
          return std::optional<regex::match>(regex::match{at, at + cut->pattern.size()});
        });
        if (!parts) return std::move(parts).error();
        detail::place_parts(*parts, cut->behavior, pieces.views);
      } else if (const auto* digits = std::get_if<split_digits>(&step.step)) {
        const auto is_number = [](char32_t c) { return class_of(c) == character_class::number; };
        detail::place_parts(detail::parts_by(piece, digits->individual, is_number), split_behavior::isolated, pieces.views);
      } else if (const auto* bytes = std::get_if<split_byte_level>(&step.step)) {
        std::string_view now = piece;
        if (bytes->add_prefix_space && !now.starts_with(' ')) now = pieces.changed.emplace_back(" " + std::string(now));
        if (bytes->use_regex) {
          split(splitter::gpt2, now, pieces.views);
        } else {
          pieces.views.push_back(now);
        }
      } else if (const auto* metaspace = std::get_if<split_metaspace>(&step.step)) {
        detail::split_metaspaces(*metaspace, piece, first, pieces);
      } else if (const auto* punctuation = std::get_if<split_punctuation>(&step.step)) {
        detail::place_parts(detail::parts_by(piece, true, is_punctuation), punctuation->behavior, pieces.views);
      } else if (const auto* spaces = std::get_if<split_whitespace>(&step.step)) {
        const auto is_space = [](char32_t c) { return class_of(c) == character_class::space; };
        for (const auto& part : detail::parts_by(piece, false, is_space)) {
          if (part.match) continue;
          if (!spaces->words) {
            pieces.views.push_back(part.text);
          } else {
            detail::place_parts(detail::parts_by(part.text, false, is_word_character), split_behavior::isolated, pieces.views);
          }
        }
      }
      first = false;
    }
  }
  return pieces;
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/byte_alphabet.hpp>
#include <lingualinked/text/named_pre_tokenizer.hpp>
#include <lingualinked/text/tokenizer.hpp>
#include <lingualinked/text/tokenizer_state.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

namespace lingualinked::inline v0 {
namespace detail {

inline std::string shown_piece(std::string_view piece) { return "'" + valid_utf8(piece.substr(0, 64)) + "'"; }

inline result<void> index_tokens(tokenizer_state& s) {
  const auto& spec = s.spec;
  if (spec.tokens.empty()) return error{errc::malformed, "the vocabulary is empty"};
  if (spec.tokens.size() > tokenizer::tokens_max) {
    return error{errc::limit, "vocabulary of " + std::to_string(spec.tokens.size()) + " tokens; at most " +
                                  std::to_string(tokenizer::tokens_max)};
  }
  if (!spec.types.empty() && spec.types.size() != spec.tokens.size()) {
    return error{errc::malformed,
                 std::to_string(spec.types.size()) + " token types for " + std::to_string(spec.tokens.size()) + " tokens"};
  }
  s.ids.reserve(spec.tokens.size());
  for (std::size_t i = 0; i < spec.tokens.size(); ++i) {
    const std::string& piece = spec.tokens[i];
    if (piece.size() > tokenizer::token_bytes_max) {
      return error{errc::limit, "token " + std::to_string(i) + " has " + std::to_string(piece.size()) + " bytes; at most " +
                                    std::to_string(tokenizer::token_bytes_max)};
    }
    if (piece.empty()) continue;  // holes in a vocabulary: nothing encodes to them
    const auto [other, fresh] = s.ids.try_emplace(piece, static_cast<token_id>(i));
    if (!fresh) {
      return error{errc::malformed, "token " + shown_piece(piece) + " stands twice in the vocabulary, as " +
                                        std::to_string(other->second) + " and " + std::to_string(i)};
    }
  }
  if (s.ids.empty()) return error{errc::malformed, "every token of the vocabulary is empty"};
  return {};
}

inline result<void> check_special_ids(const tokenizer_state& s) {
  const auto check = [&](const char* name, std::optional<token_id> id) -> result<void> {
    if (!id || s.holds(*id)) return {};
    return error{errc::malformed, std::string(name) + " token id " + std::to_string(*id) + " is outside the vocabulary of " +
                                      std::to_string(s.spec.tokens.size())};
  };
  const std::pair<const char*, std::optional<token_id>> named[] = {
      {"bos", s.spec.bos},         {"eos", s.spec.eos},         {"end-of-turn", s.spec.end_of_turn},
      {"unknown", s.spec.unknown}, {"padding", s.spec.padding}, {"end-of-message", s.spec.end_of_message}};
  for (const auto& [name, id] : named) {
    if (auto ok = check(name, id); !ok) return ok;
  }
  for (const added_token& added : s.spec.added) {
    if (auto ok = check("added", added.id); !ok) return ok;
  }
  for (const auto* around : {&s.spec.prefix, &s.spec.suffix}) {
    for (const token_id id : *around) {
      if (auto ok = check("surrounding", id); !ok) return ok;
    }
  }
  if (s.spec.add_bos && s.spec.prefix.empty() && !s.spec.bos)
    return error{errc::malformed, "the tokenizer adds a bos token but names none"};
  if (s.spec.add_eos && s.spec.suffix.empty() && !s.spec.eos)
    return error{errc::malformed, "the tokenizer adds an eos token but names none"};
  return {};
}

inline void mark_outside(tokenizer_state& s) {
  s.outside_model.assign(s.spec.tokens.size(), false);
  for (const added_token& added : s.spec.added) s.outside_model[static_cast<std::size_t>(added.id)] = added.outside_model;
}

inline void index_bytes(tokenizer_state& s) {
  s.byte_tokens.fill(-1);
  if (s.spec.kind == tokenizer_kind::byte_bpe) {
    for (unsigned b = 0; b < 256; ++b) {
      std::string stand_in;
      append_utf8(stand_in, byte_stand_in(static_cast<unsigned char>(b)));
      s.byte_tokens[b] = s.word_id_of(stand_in);
    }
    return;
  }
  for (std::size_t i = 0; i < s.spec.tokens.size(); ++i) {
    const int b = byte_of_name(s.spec.tokens[i]);
    if (b >= 0) s.byte_tokens[static_cast<std::size_t>(b)] = static_cast<token_id>(i);
  }
}

inline void index_neighbours(tokenizer_state& s) {
  for (const std::string& piece : s.spec.tokens) {
    s.longest_token = std::max(s.longest_token, piece.size());
    if (s.spec.kind == tokenizer_kind::byte_bpe) {
      const std::string bytes = from_byte_alphabet(piece).value_or(std::string{});
      for (std::size_t i = 1; i < bytes.size(); ++i) {
        s.inside.add(static_cast<unsigned char>(bytes[i - 1]), static_cast<unsigned char>(bytes[i]));
      }
      continue;
    }
    char32_t before = 0;
    for (std::size_t at = 0; at < piece.size(); at += character_bytes(piece, at)) {
      const char32_t now = step_utf8(piece, at).code_point;
      if (at > 0) s.inside.add(before, now);
      before = now;
    }
  }
}

inline result<void> index_merges(tokenizer_state& s) {
  std::string joined;
  s.merges.reserve(s.spec.merges.size());
  for (std::size_t rank = 0; rank < s.spec.merges.size(); ++rank) {
    const auto& [left, right] = s.spec.merges[rank];
    joined.assign(left).append(right);
    const token_id ids[] = {s.id_of(left), s.id_of(right), s.id_of(joined)};
    for (const auto& [id, piece] :
         {std::pair{ids[0], &left}, std::pair{ids[1], &right}, std::pair{ids[2], &std::as_const(joined)}}) {
      if (id >= 0) continue;
      return error{errc::malformed, "merge " + std::to_string(rank) + " needs the token " + shown_piece(*piece) +
                                        ", which is not in the vocabulary"};
    }
    s.merges.add(ids[0], ids[1], {static_cast<std::uint32_t>(rank), ids[2]});
  }
  s.spec.merges = {};
  return {};
}

inline result<void> index_scores(tokenizer_state& s) {
  const auto& scores = s.spec.scores;
  if (scores.size() != s.spec.tokens.size()) {
    return error{errc::malformed,
                 std::to_string(scores.size()) + " scores for " + std::to_string(s.spec.tokens.size()) + " tokens"};
  }
  const auto bad = std::find_if(scores.begin(), scores.end(), [](double x) { return !std::isfinite(x); });
  if (bad != scores.end()) {
    return error{errc::malformed, "the score of token " + std::to_string(bad - scores.begin()) + " is not a finite number"};
  }
  if (s.spec.kind == tokenizer_kind::unigram) {
    for (const auto& [piece, id] : s.ids) {
      if (s.outside_model[static_cast<std::size_t>(id)] || s.type_of(id) == token_type::byte) continue;
      if (piece.size() > unigram_segmenter::token_bytes_max) {
        return error{errc::limit, "token " + std::to_string(id) + " has " + std::to_string(piece.size()) + " bytes; at most " +
                                      std::to_string(unigram_segmenter::token_bytes_max) + " in a Unigram vocabulary"};
      }
      s.segmenter.add(piece, id, scores[static_cast<std::size_t>(id)]);
    }
    return {};
  }
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  s.score_ranks.resize(scores.size());
  std::uint32_t rank = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && scores[order[i]] < scores[order[i - 1]]) ++rank;
    s.score_ranks[order[i]] = rank;
  }
  return {};
}

/// Added tokens are those the spec lists and those whose type says so.
inline result<void> index_added(tokenizer_state& s) {
  std::vector<added_token> added = s.spec.added;
  std::vector<bool> listed(s.spec.tokens.size());
  for (const added_token& a : added) listed[static_cast<std::size_t>(a.id)] = true;
  for (std::size_t i = 0; i < s.spec.types.size(); ++i) {
    const token_type type = s.spec.types[i];
    const bool special = type == token_type::control || type == token_type::unknown;
    if ((!special && type != token_type::user_defined) || listed[i]) continue;
    added.push_back({static_cast<token_id>(i), special});
  }
  for (const added_token& a : added) {
    const std::string& text = s.spec.tokens[static_cast<std::size_t>(a.id)];
    if (text.empty()) continue;
    if (text.size() > added_token_finder::added_token_bytes_max) {
      return error{errc::limit, "added token " + std::to_string(a.id) + " has " + std::to_string(text.size()) +
                                    " bytes; at most " + std::to_string(added_token_finder::added_token_bytes_max)};
    }
    if (!a.normalized) {
      s.raw_finder.add(text, a);
      continue;
    }
    auto normal = s.normalize.apply(text);
    if (!normal) return std::move(normal).error();
    if (!normal->empty()) s.normalized_finder.add(*normal, a);
  }
  return {};
}

inline result<void> prepare_steps(tokenizer_state& s) {
  tokenizer_spec& spec = s.spec;
  if (!spec.pre_tokenizer_name.empty() && spec.kind == tokenizer_kind::byte_bpe) {
    auto named = find_pre_tokenizer(spec.pre_tokenizer_name);
    if (!named) return std::move(named).error();
    spec.pre_tokenizer = std::move(named->steps);
    if (spec.normalizer.empty()) spec.normalizer = std::move(named->normalizer);
  }
  const bool plain = spec.normalizer.empty() && spec.pre_tokenizer.empty();
  if (spec.kind == tokenizer_kind::spm_bpe && plain) {
    if (spec.add_space_prefix) spec.normalizer.push_back(normalize_prepend{" "});
    spec.normalizer.push_back(normalize_replace{" ", false, "\xE2\x96\x81"});
  }
  if (spec.kind == tokenizer_kind::unigram && spec.pre_tokenizer.empty()) {
    if (spec.add_space_prefix) spec.normalizer.push_back(normalize_prepend{" "});  // also before a space
    spec.pre_tokenizer.push_back(split_metaspace{.prepend = prepend_scheme::never});
  }
  spec.strip_space_prefix = spec.strip_space_prefix || spec.add_space_prefix;
  auto changes = normalizer::create(spec.normalizer);
  if (!changes) return std::move(changes).error();
  s.normalize = *std::move(changes);
  auto cuts = pre_tokenizer::create(spec.pre_tokenizer);
  if (!cuts) return std::move(cuts).error();
  s.cut = *std::move(cuts);
  return {};
}

inline void collect_end_tokens(tokenizer_state& s) {
  for (const auto& id : {s.spec.eos, s.spec.end_of_turn, s.spec.end_of_message}) {
    if (id) s.end_tokens.push_back(*id);
  }
  for (const std::string_view name :
       {"<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>", "<|end_of_text|>",
        "<|end_of_turn|>", "<|eot|>", "<|eom|>", "</s>", "<eos>", "<EOT>", "<|return|>"}) {
    const token_id id = s.id_of(name);
    const bool added = std::any_of(s.spec.added.begin(), s.spec.added.end(), [&](const added_token& a) { return a.id == id; });
    if (id >= 0 && (added || s.type_of(id) == token_type::control || s.type_of(id) == token_type::user_defined)) {
      s.end_tokens.push_back(id);
    }
  }
  std::sort(s.end_tokens.begin(), s.end_tokens.end());
  s.end_tokens.erase(std::unique(s.end_tokens.begin(), s.end_tokens.end()), s.end_tokens.end());
}

}  // namespace detail

LINGUALINKED_DECL result<tokenizer> tokenizer::create(tokenizer_spec spec) {
  auto state = std::make_shared<detail::tokenizer_state>();
  state->spec = std::move(spec);
  detail::tokenizer_state& s = *state;
  if (auto ok = detail::index_tokens(s); !ok) return std::move(ok).error();
  if (auto ok = detail::check_special_ids(s); !ok) return std::move(ok).error();
  if (auto ok = detail::prepare_steps(s); !ok) return std::move(ok).error();
  detail::mark_outside(s);
  detail::index_bytes(s);
  detail::index_neighbours(s);
  const bool scored_merges = s.spec.kind == tokenizer_kind::spm_bpe && s.spec.merges.empty() && !s.spec.scores.empty();
  const bool by_score = s.spec.kind == tokenizer_kind::unigram || scored_merges;
  if (auto ok = by_score ? detail::index_scores(s) : detail::index_merges(s); !ok) return std::move(ok).error();
  if (auto ok = detail::index_added(s); !ok) return std::move(ok).error();
  if (s.spec.add_bos && s.spec.prefix.empty()) s.spec.prefix = {*s.spec.bos};
  if (s.spec.add_eos && s.spec.suffix.empty()) s.spec.suffix = {*s.spec.eos};
  detail::collect_end_tokens(s);
  return tokenizer(std::move(state));
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/byte_alphabet.hpp>
#include <lingualinked/text/tokenizer.hpp>
#include <lingualinked/text/tokenizer_build.ipp>
#include <lingualinked/text/tokenizer_state.hpp>

#include <string>
#include <unordered_map>
#include <utility>

namespace lingualinked::inline v0 {
namespace detail {

/// Encodes the pieces of one text; remembers short pieces it has seen, so that ordinary text costs one look-up a word.
class piece_encoder {
 public:
  static constexpr std::size_t remembered_bytes_max = 64;
  static constexpr std::size_t remembered_pieces_max = 65536;

  piece_encoder(const tokenizer_state& state, std::vector<token_id>& out) : s_(state), out_(out) {}

  void encode(std::string_view piece) {
    if (piece.size() > remembered_bytes_max) return encode_long(piece);
    encode_short(piece);
  }

 private:
  struct string_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  void encode_short(std::string_view piece) {
    if (const auto known = seen_.find(piece); known != seen_.end()) {
      out_.insert(out_.end(), known->second.begin(), known->second.end());
      return;
    }
    const auto before = static_cast<std::ptrdiff_t>(out_.size());
    encode_afresh(piece);
    if (seen_.size() < remembered_pieces_max) {
      seen_.emplace(std::string(piece), std::vector<token_id>(out_.begin() + before, out_.end()));
    }
  }

  /// Cuts where no token can span, and never beside an unknown character, which may fuse with the next or be left out.
  void encode_long(std::string_view piece) {
    if (s_.spec.kind == tokenizer_kind::unigram || s_.spec.ignore_merges) return encode_afresh(piece);
    const bool bytes = s_.spec.kind == tokenizer_kind::byte_bpe;
    std::size_t begin = 0;
    std::size_t last = 0;  // where the character before stands
    char32_t before = 0;
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t size = bytes ? 1 : character_bytes(piece, at);
      const char32_t now = bytes ? static_cast<unsigned char>(piece[at]) : step_utf8(piece, at).code_point;
      if (at > begin && s_.inside.never(before, now)) {
        const auto known = [&](std::size_t place, std::size_t length) {
          return bytes ? s_.byte_tokens[static_cast<unsigned char>(piece[place])] >= 0
                       : s_.word_id_of(piece.substr(place, length)) >= 0;
        };
        if (known(last, at - last) && known(at, size)) {
          encode_part(piece.substr(begin, at - begin));
          begin = at;
        }
      }
      before = now;
      last = at;
      at += size;
    }
    encode_part(piece.substr(begin));
  }
  void encode_part(std::string_view part) {
    if (part.size() > remembered_bytes_max) return encode_afresh(part);
    encode_short(part);
  }

  void encode_afresh(std::string_view piece) {
    if (s_.spec.kind == tokenizer_kind::unigram) return encode_unigram(piece);
    if (s_.spec.ignore_merges) {
      const token_id whole =
          s_.spec.kind == tokenizer_kind::byte_bpe ? s_.word_id_of(to_byte_alphabet(piece)) : s_.word_id_of(piece);
      if (whole >= 0) return out_.push_back(whole);
    }
    symbols_.clear();
    if (s_.spec.kind == tokenizer_kind::byte_bpe) {
      byte_symbols(piece);
    } else {
      character_symbols(piece);
    }
    if (s_.score_ranks.empty()) {
      merger_.merge(symbols_, [&](const bpe_symbol& left, const bpe_symbol& right) { return s_.merges.find(left.id, right.id); });
    } else {
      merger_.merge(symbols_, [&](const bpe_symbol& left, const bpe_symbol& right) -> std::optional<bpe_merge> {
        const std::uint32_t bytes = left.bytes + right.bytes;
        const token_id id = bytes > s_.longest_token ? -1 : s_.word_id_of(piece.substr(left.begin, bytes));
        if (id < 0) return std::nullopt;
        return bpe_merge{s_.score_ranks[static_cast<std::size_t>(id)], id};
      });
    }
    bool after_unknown = false;
    for (const bpe_symbol& symbol : symbols_) {
      if (symbol.id >= 0) {
        out_.push_back(symbol.id);
      } else if (!byte_tokens(piece.substr(symbol.begin, symbol.bytes))) {
        unknown_token(after_unknown);
        after_unknown = true;
        continue;
      }
      after_unknown = false;
    }
  }

  /// A byte without a token is left out, so that its neighbours meet, unless unknown_bytes.
  void byte_symbols(std::string_view piece) {
    for (std::size_t i = 0; i < piece.size(); ++i) {
      const token_id id = s_.byte_tokens[static_cast<unsigned char>(piece[i])];
      if (id >= 0 || s_.spec.unknown_bytes) symbols_.push_back({id, static_cast<std::uint32_t>(i), 1});
    }
  }

  /// A character that has no token and cannot become one is left out, so that its neighbours meet.
  void character_symbols(std::string_view piece) {
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t bytes = character_bytes(piece, at);
      const token_id id = s_.word_id_of(piece.substr(at, bytes));
      if (id >= 0 || s_.spec.byte_fallback || s_.spec.unknown) {
        symbols_.push_back({id, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(bytes)});
      }
      at += bytes;
    }
  }

  void encode_unigram(std::string_view piece) {
    if (piece.empty()) return;
    auto parts = s_.segmenter.segment(piece);
    for (auto& part : parts)
      if (s_.spec.unknown && part.id == *s_.spec.unknown) part.id = -1;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].id >= 0) {
        out_.push_back(parts[i].id);
        continue;
      }
      std::size_t last = i;
      while (s_.spec.fuse_unknown && last + 1 < parts.size() && parts[last + 1].id < 0) ++last;
      const std::string_view stretch = piece.substr(parts[i].begin, parts[last].end - parts[i].begin);
      if (const token_id whole = s_.word_id_of(stretch); whole >= 0) out_.push_back(whole);  // the unknown token's own name
      else if (!byte_tokens(stretch)) unknown_token(false);
      i = last;
    }
  }

  /// The byte tokens of an unknown stretch; false, and nothing put out, where the vocabulary does not have them all.
  bool byte_tokens(std::string_view text) {
    if (s_.spec.kind == tokenizer_kind::byte_bpe || !s_.spec.byte_fallback) return false;
    for (const char c : text) {
      if (s_.byte_tokens[static_cast<unsigned char>(c)] < 0) return false;
    }
    for (const char c : text) out_.push_back(s_.byte_tokens[static_cast<unsigned char>(c)]);
    return true;
  }
  void unknown_token(bool after_unknown) {
    if (s_.spec.unknown && !(after_unknown && s_.spec.fuse_unknown)) out_.push_back(*s_.spec.unknown);
  }

  const tokenizer_state& s_;
  std::vector<token_id>& out_;
  std::vector<bpe_symbol> symbols_;
  bpe_merger merger_;
  std::unordered_map<std::string, std::vector<token_id>, string_hash, std::equal_to<>> seen_;
};

/// `piece` with every `symbol` replaced.
inline std::string with_spaces(std::string_view piece, std::string_view symbol, std::string_view by) {
  if (symbol.empty()) return std::string(piece);
  std::string text;
  for (std::size_t at = 0;;) {
    const std::size_t next = piece.find(symbol, at);
    text.append(piece.substr(at, next - at));
    if (next == std::string_view::npos) return text;
    text.append(by);
    at = next + symbol.size();
  }
}

/// Cuts added tokens out of `text` and hands the stretches between them, and their place, to on_text.
template <class OnText>
result<void> cut_added(const added_token_finder& finder, std::string_view text, bool parse_special, std::vector<token_id>& out,
                       OnText on_text) {
  const auto is_space = [&](std::size_t at, std::size_t bytes) {
    const utf8_step step = step_utf8(text.substr(0, at + bytes), at);
    return step.status == utf8_status::complete && class_of(step.code_point) == character_class::space;
  };
  std::size_t done = 0;
  for (std::size_t from = 0;;) {
    added_token_finder::match m;
    if (!finder.empty()) m = finder.find(text, from);
    if (m.token == nullptr) break;
    from = m.end;  // what is found and passed over hides shorter tokens, and what spaces a token takes hides none
    if (m.token->special && !parse_special) continue;
    if (m.token->single_word && !added_token_finder::stands_alone(text, m.begin, m.end)) continue;
    if (m.token->left_strip) {
      while (m.begin > done) {
        std::size_t bytes = 1;
        while (bytes < 4 && bytes < m.begin - done && (static_cast<unsigned char>(text[m.begin - bytes]) & 0xC0U) == 0x80U)
          ++bytes;
        if (!is_space(m.begin - bytes, bytes)) break;
        m.begin -= bytes;
      }
      m.begin = std::max(m.begin, done);
    }
    if (m.token->right_strip) {
      while (m.end < text.size() && is_space(m.end, character_bytes(text, m.end))) m.end += character_bytes(text, m.end);
    }
    if (m.begin > done) {
      if (auto ok = on_text(text.substr(done, m.begin - done), done); !ok) return ok;
    }
    if (m.begin < m.end) out.push_back(m.token->id);  // else the one before has taken it as its spaces
    done = m.end;
  }
  return done < text.size() ? on_text(text.substr(done), done) : result<void>{};
}

}  // namespace detail

LINGUALINKED_DECL result<std::vector<token_id>> tokenizer::encode(std::string_view text, encode_options options) const {
  if (text.size() > text_bytes_max) {
    return error{errc::limit,
                 "text of " + std::to_string(text.size()) + " bytes; at most " + std::to_string(text_bytes_max) + " at once"};
  }
  const detail::tokenizer_state& s = *state_;
  std::vector<token_id> ids;
  if (options.add_bos_eos || options.add_prefix) ids = s.spec.prefix;
  detail::piece_encoder encoder(s, ids);
  const auto plain = [&](std::string_view stretch, bool begins_text) -> result<void> {
    auto pieces = s.cut.apply(stretch, begins_text);
    if (!pieces) return std::move(pieces).error();
    for (const std::string_view piece : pieces->views) encoder.encode(piece);
    return {};
  };
  auto done = detail::cut_added(
      s.raw_finder, text, options.parse_special, ids, [&](std::string_view stretch, std::size_t place) -> result<void> {
        if (s.normalize.empty() && s.normalized_finder.empty()) return plain(stretch, place == 0);
        auto normal = s.normalize.apply(stretch);
        if (!normal) return std::move(normal).error();
        return detail::cut_added(s.normalized_finder, *normal, options.parse_special, ids,
                                 [&](std::string_view rest, std::size_t at) { return plain(rest, place == 0 && at == 0); });
      });
  if (!done) return std::move(done).error();
  if (options.add_bos_eos) ids.insert(ids.end(), s.spec.suffix.begin(), s.spec.suffix.end());
  return ids;
}

LINGUALINKED_DECL std::string tokenizer::token_bytes(token_id id) const {
  const detail::tokenizer_state& s = *state_;
  if (!s.holds(id)) return {};
  const std::string& piece = s.spec.tokens[static_cast<std::size_t>(id)];
  if (s.spec.kind == tokenizer_kind::byte_bpe) {
    const token_type type = s.type_of(id);
    const bool written_plainly = type == token_type::control || type == token_type::user_defined || type == token_type::unknown;
    auto bytes = written_plainly ? std::nullopt : from_byte_alphabet(piece);
    return bytes ? *std::move(bytes) : piece;
  }
  if (const int byte = s.spec.byte_fallback && s.spec.decode_byte_names ? detail::byte_of_name(piece) : -1; byte >= 0) {
    return std::string(1, static_cast<char>(static_cast<unsigned char>(byte)));
  }
  return detail::with_spaces(piece, s.spec.space_symbol, " ");
}

LINGUALINKED_DECL std::string tokenizer::next_bytes(token_id id, bool& begins) const {
  const detail::tokenizer_state& s = *state_;
  if (begins && s.spec.drop_first_spaces && s.holds(id)) {
    begins = false;
    return detail::with_spaces(s.spec.tokens[static_cast<std::size_t>(id)], s.spec.space_symbol, "");
  }
  std::string bytes = token_bytes(id);
  if (begins && !bytes.empty()) {
    begins = false;
    if (s.spec.strip_space_prefix && bytes.front() == ' ') bytes.erase(0, 1);
  }
  return bytes;
}

LINGUALINKED_DECL std::string tokenizer::decode(std::span<const token_id> ids, bool keep_special) const {
  std::string text;
  bool begins = true;
  for (const token_id id : ids) {
    if (keep_special || !is_special(id)) text += next_bytes(id, begins);
  }
  return text;
}

LINGUALINKED_DECL std::string_view tokenizer::piece(token_id id) const noexcept {
  return state_->holds(id) ? std::string_view(state_->spec.tokens[static_cast<std::size_t>(id)]) : std::string_view{};
}
LINGUALINKED_DECL bool tokenizer::is_special(token_id id) const noexcept {
  if (!state_->holds(id)) return false;
  const token_type type = state_->type_of(id);
  return type == token_type::control || type == token_type::unknown;
}
LINGUALINKED_DECL std::optional<token_id> tokenizer::find(std::string_view piece) const {
  const token_id id = state_->id_of(piece);
  return id < 0 ? std::nullopt : std::optional<token_id>(id);
}
LINGUALINKED_DECL std::size_t tokenizer::size() const noexcept { return state_->spec.tokens.size(); }
LINGUALINKED_DECL std::optional<token_id> tokenizer::bos() const noexcept { return state_->spec.bos; }
LINGUALINKED_DECL std::optional<token_id> tokenizer::eos() const noexcept { return state_->spec.eos; }
LINGUALINKED_DECL std::optional<token_id> tokenizer::unknown() const noexcept { return state_->spec.unknown; }
LINGUALINKED_DECL std::optional<token_id> tokenizer::padding() const noexcept { return state_->spec.padding; }
LINGUALINKED_DECL const std::vector<token_id>& tokenizer::end_tokens() const noexcept { return state_->end_tokens; }

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/json.hpp>
#include <lingualinked/model/tokenizer_json.hpp>
#include <lingualinked/model/tokenizer_json_steps.ipp>
#include <lingualinked/text/tokenizer.hpp>

#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {
namespace detail {

// Gemma 3's file holds 1.8 million values: 262 thousand tokens and 515 thousand merges, each a list of two.
inline constexpr json_limits tokenizer_json_limits{tokenizer_json_bytes_max, 64, std::size_t{1} << 22};

/// Puts a token at its id; ids may leave holes, but not so large that a small file makes a large table.
inline result<void> place_token(tokenizer_spec& spec, const json_field& field, std::uint64_t id, std::string text,
                                std::size_t entries) {
  const std::uint64_t last = 2 * std::uint64_t{entries} + 65536;
  if (id > last || id >= tokenizer::tokens_max) {
    return field.complaint("is " + std::to_string(id) + ", far beyond the " + std::to_string(entries) + " tokens of the file");
  }
  if (id >= spec.tokens.size()) spec.tokens.resize(static_cast<std::size_t>(id) + 1);
  std::string& place = spec.tokens[static_cast<std::size_t>(id)];
  if (!place.empty() && place != text) return field.complaint("is " + std::to_string(id) + ", which is another token's id");
  place = std::move(text);
  return {};
}

inline result<void> read_bpe(tokenizer_spec& spec, const json_field& model) {
  for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const json_field field = model.member(name);
    if (!field.present()) continue;
    const auto text = field.get_string();
    if (!text) return text.error();
    if (!text->empty()) return field.complaint("is not supported");
  }
  if (const json_field dropout = model.member("dropout"); dropout.present()) {
    const auto p = dropout.get_float();
    if (!p) return p.error();
    if (*p != 0) return dropout.complaint("makes encoding random and is not supported");
  }
  const json_field vocabulary = model.member("vocab");
  const auto names = vocabulary.names();
  if (!names) return names.error();
  for (const std::string& name : *names) {
    const json_field field = vocabulary.member(name);
    const auto id = field.get_uint();
    if (!id) return id.error();
    if (auto ok = place_token(spec, field, *id, name, names->size()); !ok) return ok;
  }
  const auto merges = model.member("merges").items();
  if (!merges) return merges.error();
  spec.merges.reserve(merges->size());
  for (const json_field& merge : *merges) {
    if (merge.is_string()) {
      auto pair = split_merge(*merge.get_string());
      if (!pair) return merge.complaint(pair.error().message);
      spec.merges.push_back(*std::move(pair));
      continue;
    }
    const auto pair = merge.items(2);
    if (!pair) return pair.error();
    if (pair->size() != 2) return merge.complaint("is not a pair");
    auto left = (*pair)[0].get_string();
    if (!left) return left.error();
    auto right = (*pair)[1].get_string();
    if (!right) return right.error();
    spec.merges.emplace_back(*std::move(left), *std::move(right));
  }
  return {};
}

inline result<void> read_unigram(tokenizer_spec& spec, const json_field& model) {
  spec.kind = tokenizer_kind::unigram;
  const auto vocabulary = model.member("vocab").items();
  if (!vocabulary) return vocabulary.error();
  for (const json_field& entry : *vocabulary) {
    const auto pair = entry.items(2);
    if (!pair) return pair.error();
    if (pair->size() != 2) return entry.complaint("is not a piece and its score");
    auto piece = (*pair)[0].get_string();
    if (!piece) return piece.error();
    const auto score = (*pair)[1].get_float();
    if (!score) return score.error();
    spec.tokens.push_back(*std::move(piece));
    spec.scores.push_back(*score);
  }
  if (const json_field unknown = model.member("unk_id"); unknown.present() && !spec.tokens.empty()) {
    const auto id = unknown.get_uint(0, spec.tokens.size() - 1);
    if (!id) return id.error();
    spec.unknown = static_cast<token_id>(*id);
  }
  return {};
}

inline result<void> read_added(tokenizer_spec& spec, const json_field& added) {
  if (!added.present()) return {};
  const auto entries = added.items();
  if (!entries) return entries.error();
  for (const json_field& entry : *entries) {
    const json_field id_field = entry.member("id");
    const auto id = id_field.get_uint();
    if (!id) return id.error();
    auto text = entry.member("content").get_string();
    if (!text) return text.error();
    const bool in_model = *id < spec.tokens.size() && !spec.tokens[static_cast<std::size_t>(*id)].empty();
    if (auto ok = place_token(spec, id_field, *id, *std::move(text), spec.tokens.size() + entries->size()); !ok) return ok;
    added_token token;
    token.outside_model = !in_model;
    token.id = static_cast<token_id>(*id);
    const std::pair<const char*, bool*> flags[] = {{"special", &token.special},
                                                   {"single_word", &token.single_word},
                                                   {"lstrip", &token.left_strip},
                                                   {"rstrip", &token.right_strip},
                                                   {"normalized", &token.normalized}};
    for (const auto& [name, flag] : flags) {
      auto value = flag_or(entry.member(name), false);
      if (!value) return value.error();
      *flag = *value;
    }
    spec.added.push_back(token);
  }
  return {};
}

/// A token's name: a string, or an object with its content; nothing when there is none.
inline result<std::optional<std::string>> token_name(const json_field& field) {
  if (!field.present()) return std::optional<std::string>{};
  auto name = field.is_object() ? field.member("content").get_string() : field.get_string();
  if (!name) return name.error();
  return std::optional<std::string>(*std::move(name));
}

inline result<std::optional<token_id>> token_of(const tokenizer_spec& spec, const json_field& field) {
  const auto name = token_name(field);
  if (!name) return name.error();
  if (!*name || (*name)->empty()) return std::optional<token_id>{};
  for (std::size_t i = 0; i < spec.tokens.size(); ++i) {
    if (spec.tokens[i] == **name) return std::optional<token_id>(static_cast<token_id>(i));
  }
  return field.complaint("names the token '" + **name + "', which is not in the vocabulary");
}

inline result<void> read_config(tokenizer_spec& spec, const json_field& config) {
  const std::pair<const char*, std::optional<token_id>*> named[] = {
      {"bos_token", &spec.bos}, {"eos_token", &spec.eos}, {"pad_token", &spec.padding}, {"unk_token", &spec.unknown}};
  for (const auto& [name, where] : named) {
    const auto id = token_of(spec, config.member(name));
    if (!id) return id.error();
    if (*id) *where = *id;
  }
  // These classes build what surrounds a text from the two switches, whatever tokenizer.json says.
  const json_field type = config.member("tokenizer_class");
  if (!type.is_string()) return {};
  const std::string name = *type.get_string();
  if (!name.starts_with("Llama") && !name.starts_with("Gemma") && !name.starts_with("CodeLlama")) return {};
  const std::pair<const char*, std::pair<std::vector<token_id>*, std::optional<token_id>>> switches[] = {
      {"add_bos_token", {&spec.prefix, spec.bos}}, {"add_eos_token", {&spec.suffix, spec.eos}}};
  for (const auto& [key, around] : switches) {
    const json_field field = config.member(key);
    if (!field.present()) continue;
    const auto on = field.get_bool();
    if (!on) return on.error();
    around.first->clear();
    if (*on && around.second) around.first->push_back(*around.second);
  }
  return {};
}

inline void mark_types(tokenizer_spec& spec) {
  spec.types.assign(spec.tokens.size(), token_type::normal);
  for (const added_token& a : spec.added) {
    spec.types[static_cast<std::size_t>(a.id)] = a.special ? token_type::control : token_type::user_defined;
  }
  if (spec.kind == tokenizer_kind::unigram) spec.scores.resize(spec.tokens.size(), 0.0);
}

}  // namespace detail

LINGUALINKED_DECL result<tokenizer_spec> tokenizer_spec_from_json(std::string_view tokenizer_json,
                                                                  std::string_view tokenizer_config_json) {
  const auto document = parse_json(tokenizer_json, detail::tokenizer_json_limits);
  if (!document) return document.error().in("tokenizer.json");
  const json_field root(*document, "tokenizer.json");
  if (auto ok = root.require_object(); !ok) return std::move(ok).error();
  tokenizer_spec spec;
  const json_field model = root.member("model");
  const bool typed = model.member("type").present();
  const auto type =
      typed ? model.member("type").get_string() : result<std::string>(model.member("merges").present() ? "BPE" : "Unigram");
  if (!type) return type.error();
  if (*type != "BPE" && *type != "Unigram")
    return error{errc::unsupported, model.member("type").complaint("is '" + *type + "'; BPE and Unigram are supported").message};
  auto cut = detail::read_pre_tokenizer(spec, root.member("pre_tokenizer"));
  if (!cut) return std::move(cut).error();
  spec.kind = *cut == detail::alphabet::bytes ? tokenizer_kind::byte_bpe : tokenizer_kind::spm_bpe;
  if (auto ok = *type == "BPE" ? detail::read_bpe(spec, model) : detail::read_unigram(spec, model); !ok)
    return std::move(ok).error();
  if (auto ok = detail::read_added(spec, root.member("added_tokens")); !ok) return std::move(ok).error();
  detail::mark_types(spec);
  if (*type == "BPE") {
    const auto unknown = detail::token_of(spec, model.member("unk_token"));
    if (!unknown) return unknown.error();
    spec.unknown = *unknown;
    spec.unknown_bytes = unknown->has_value();
  }
  const std::pair<const char*, bool*> flags[] = {{"byte_fallback", &spec.byte_fallback}, {"ignore_merges", &spec.ignore_merges}};
  for (const auto& [name, flag] : flags) {
    const auto value = detail::flag_or(model.member(name), false);
    if (!value) return value.error();
    *flag = *value;
  }
  const auto fuses = detail::flag_or(model.member("fuse_unk"), *type == "Unigram");
  if (!fuses) return fuses.error();
  spec.fuse_unknown = *fuses;
  if (auto ok = detail::read_normalizer(spec, root.member("normalizer")); !ok) return std::move(ok).error();
  if (auto ok = detail::read_post_processor(spec, root.member("post_processor")); !ok) return std::move(ok).error();
  if (auto ok = detail::read_decoder(spec, root.member("decoder")); !ok) return std::move(ok).error();
  if (tokenizer_config_json.empty()) return spec;

  const auto config = parse_json(tokenizer_config_json, detail::tokenizer_json_limits);
  if (!config) return config.error().in("tokenizer_config.json");
  if (auto ok = detail::read_config(spec, json_field(*config, "tokenizer_config.json")); !ok) return std::move(ok).error();
  return spec;
}

LINGUALINKED_DECL result<std::optional<std::string>> chat_template_from_json(std::string_view tokenizer_config_json) {
  const auto config = parse_json(tokenizer_config_json, detail::tokenizer_json_limits);
  if (!config) return config.error().in("tokenizer_config.json");
  const json_field field = json_field(*config, "tokenizer_config.json").member("chat_template");
  if (!field.present()) return std::optional<std::string>{};
  if (!field.is_array()) {
    auto text = field.get_string();
    if (!text) return text.error();
    return std::optional<std::string>(*std::move(text));
  }
  const auto choices = field.items();
  if (!choices) return choices.error();
  for (const json_field& choice : *choices) {
    const auto name = choice.member("name").get_string();
    if (!name) return name.error();
    if (*name != "default") continue;
    auto text = choice.member("template").get_string();
    if (!text) return text.error();
    return std::optional<std::string>(*std::move(text));
  }
  return std::optional<std::string>{};
}

}  // namespace lingualinked::inline v0

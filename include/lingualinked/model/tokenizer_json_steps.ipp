// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/json.hpp>
#include <lingualinked/text/tokenizer_spec.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

/// In which alphabet pieces reach the model.
enum class alphabet : unsigned char { characters, bytes };

inline constexpr std::size_t json_steps_max = 64;

inline result<bool> flag_or(const json_field& field, bool otherwise) {
  if (!field.present()) return otherwise;
  return field.get_bool();
}

inline error unknown_step(const json_field& type, std::string_view what, std::string_view name) {
  return {errc::unsupported,
          type.complaint(std::string(what) + " '" + std::string(name.substr(0, 64)) + "' is not supported").message};
}

/// Calls read(step, its type) for a step, or for each of a Sequence, whose members stand under `list`.
template <class Read>
result<void> for_each_step(const json_field& field, const char* list, std::size_t& left, Read&& read) {
  if (!field.present()) return {};
  if (left-- == 0) return field.complaint("has more than " + std::to_string(json_steps_max) + " steps");
  const auto type = field.member("type").get_string();
  if (!type) return type.error();
  if (*type != "Sequence") return read(field, *type);
  const auto steps = field.member(list).items(json_steps_max);
  if (!steps) return steps.error();
  for (const json_field& step : *steps) {
    if (auto ok = for_each_step(step, list, left, read); !ok) return ok;
  }
  return {};
}

/// {"String": "..."} or {"Regex": "..."}: the pattern, and whether it is an expression.
inline result<std::pair<std::string, bool>> pattern_of(const json_field& field) {
  const bool regex = field.member("Regex").present();
  auto text = field.member(regex ? "Regex" : "String").get_string();
  if (!text) return text.error();
  return std::pair{*std::move(text), regex};
}

inline result<split_behavior> behavior_of(const json_field& field) {
  const auto name = field.get_string();
  if (!name) return name.error();
  if (*name == "Removed") return split_behavior::removed;
  if (*name == "Isolated") return split_behavior::isolated;
  if (*name == "MergedWithPrevious") return split_behavior::merged_with_previous;
  if (*name == "MergedWithNext") return split_behavior::merged_with_next;
  if (*name == "Contiguous") return split_behavior::contiguous;
  return field.complaint("is '" + *name + "', which is no split behaviour");
}

inline result<std::string> from_base64(const json_field& field) {
  const auto text = field.get_string();
  if (!text) return text.error();
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : *text) {
    if (c == '=' || c == '\n') continue;
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) return field.complaint("is not base64");
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(static_cast<unsigned char>(bits >> count)));
    }
  }
  return out;
}

inline result<void> read_normalizer(tokenizer_spec& spec, const json_field& field) {
  std::size_t left = json_steps_max;
  return for_each_step(field, "normalizers", left, [&](const json_field& step, const std::string& type) -> result<void> {
    if (type == "NFC") spec.normalizer.emplace_back(normalize_form{normal_form::nfc});
    else if (type == "NFD") spec.normalizer.emplace_back(normalize_form{normal_form::nfd});
    else if (type == "NFKC") spec.normalizer.emplace_back(normalize_form{normal_form::nfkc});
    else if (type == "NFKD") spec.normalizer.emplace_back(normalize_form{normal_form::nfkd});
    else if (type == "Lowercase") spec.normalizer.emplace_back(normalize_lowercase{});
    else if (type == "StripAccents") spec.normalizer.emplace_back(normalize_strip_accents{});
    else if (type == "Strip") {
      const auto at_left = flag_or(step.member("strip_left"), true);
      if (!at_left) return at_left.error();
      const auto at_right = flag_or(step.member("strip_right"), true);
      if (!at_right) return at_right.error();
      spec.normalizer.emplace_back(normalize_strip{*at_left, *at_right});
    } else if (type == "Prepend") {
      auto text = step.member("prepend").get_string();
      if (!text) return text.error();
      spec.normalizer.emplace_back(normalize_prepend{*std::move(text)});
    } else if (type == "Replace") {
      auto pattern = pattern_of(step.member("pattern"));
      if (!pattern) return pattern.error();
      auto content = step.member("content").get_string();
      if (!content) return content.error();
      spec.normalizer.emplace_back(normalize_replace{pattern->first, pattern->second, *std::move(content)});
    } else if (type == "Precompiled") {
      auto rules = from_base64(step.member("precompiled_charsmap"));
      if (!rules) return rules.error();
      if (!rules->empty()) spec.normalizer.emplace_back(normalize_charsmap{*std::move(rules)});
    } else {
      return unknown_step(step.member("type"), "normalizer", type);
    }
    return {};
  });
}

inline result<split_metaspace> metaspace_of(const json_field& step) {
  split_metaspace how;
  if (step.member("replacement").present()) {
    auto replacement = step.member("replacement").get_string();
    if (!replacement) return replacement.error();
    how.replacement = *std::move(replacement);
  }
  const json_field scheme = step.member("prepend_scheme");
  if (scheme.present()) {
    const auto name = scheme.get_string();
    if (!name) return name.error();
    if (*name == "always") how.prepend = prepend_scheme::always;
    else if (*name == "first") how.prepend = prepend_scheme::first;
    else if (*name == "never") how.prepend = prepend_scheme::never;
    else return scheme.complaint("is '" + *name + "'; always, first and never are known");
  } else {  // as older files write it
    const auto prefix = flag_or(step.member("add_prefix_space"), true);
    if (!prefix) return prefix.error();
    how.prepend = *prefix ? prepend_scheme::always : prepend_scheme::never;
  }
  const auto splits = flag_or(step.member("split"), true);
  if (!splits) return splits.error();
  how.split = *splits;
  return how;
}

/// Reads the steps and says in which alphabet pieces leave them.
inline result<alphabet> read_pre_tokenizer(tokenizer_spec& spec, const json_field& field) {
  alphabet now = alphabet::characters;
  std::size_t left = json_steps_max;
  auto done = for_each_step(field, "pretokenizers", left, [&](const json_field& step, const std::string& type) -> result<void> {
    if (now == alphabet::bytes) {
      return error{errc::unsupported, step.complaint("comes after ByteLevel, which must be the last step").message};
    }
    if (type == "ByteLevel") {
      split_byte_level how;
      const auto prefix = flag_or(step.member("add_prefix_space"), true);
      if (!prefix) return prefix.error();
      how.add_prefix_space = *prefix;
      const auto regex = flag_or(step.member("use_regex"), true);
      if (!regex) return regex.error();
      how.use_regex = *regex;
      spec.pre_tokenizer.emplace_back(how);
      now = alphabet::bytes;
    } else if (type == "Split") {
      auto pattern = pattern_of(step.member("pattern"));
      if (!pattern) return pattern.error();
      const auto behavior = behavior_of(step.member("behavior"));
      if (!behavior) return behavior.error();
      const auto invert = flag_or(step.member("invert"), false);
      if (!invert) return invert.error();
      spec.pre_tokenizer.emplace_back(split_pattern{pattern->first, pattern->second, *behavior, *invert});
    } else if (type == "Digits") {
      const auto individual = flag_or(step.member("individual_digits"), false);
      if (!individual) return individual.error();
      spec.pre_tokenizer.emplace_back(split_digits{*individual});
    } else if (type == "Metaspace") {
      auto how = metaspace_of(step);
      if (!how) return how.error();
      spec.pre_tokenizer.emplace_back(*std::move(how));
    } else if (type == "Punctuation") {
      const bool given = step.member("behavior").present();
      const auto behavior = given ? behavior_of(step.member("behavior")) : result<split_behavior>(split_behavior::isolated);
      if (!behavior) return behavior.error();
      spec.pre_tokenizer.emplace_back(split_punctuation{*behavior});
    } else if (type == "Whitespace" || type == "WhitespaceSplit") {
      spec.pre_tokenizer.emplace_back(split_whitespace{type == "Whitespace"});
    } else {
      return unknown_step(step.member("type"), "pre-tokenizer", type);
    }
    return {};
  });
  if (!done) return std::move(done).error();
  return now;
}

/// {"SpecialToken": {"id": "<s>"}} and {"Sequence": {"id": "A"}} in order: what stands before and after the text.
inline result<void> read_template(tokenizer_spec& spec, const json_field& step) {
  const auto parts = step.member("single").items(json_steps_max);
  if (!parts) return parts.error();
  bool before = true;
  for (const json_field& part : *parts) {
    if (part.member("Sequence").present()) {
      before = false;
      continue;
    }
    const auto name = part.member("SpecialToken").member("id").get_string();
    if (!name) return name.error();
    const auto ids = step.member("special_tokens").member(*name).member("ids").items(json_steps_max);
    if (!ids) return ids.error();
    for (const json_field& field : *ids) {
      const auto id = field.get_uint(0, 0x7FFFFFFF);
      if (!id) return id.error();
      (before ? spec.prefix : spec.suffix).push_back(static_cast<token_id>(*id));
    }
  }
  return {};
}

inline result<void> read_post_processor(tokenizer_spec& spec, const json_field& field) {
  std::size_t left = json_steps_max;
  return for_each_step(field, "processors", left, [&](const json_field& step, const std::string& type) -> result<void> {
    if (type == "ByteLevel") return {};  // only moves offsets
    if (type == "TemplateProcessing") return read_template(spec, step);
    if (type != "BertProcessing" && type != "RobertaProcessing") return unknown_step(step.member("type"), "post-processor", type);
    const std::pair<const char*, std::vector<token_id>*> ends[] = {{"cls", &spec.prefix}, {"sep", &spec.suffix}};
    for (const auto& [name, where] : ends) {
      const auto pair = step.member(name).items(2);
      if (!pair) return pair.error();
      if (pair->size() != 2) return step.member(name).complaint("is not a token and its id");
      const auto id = (*pair)[1].get_uint(0, 0x7FFFFFFF);
      if (!id) return id.error();
      where->push_back(static_cast<token_id>(*id));
    }
    return {};
  });
}

/// Which symbol becomes a space, whether names of bytes become bytes, and what goes at the beginning of a text.
inline result<void> read_decoder(tokenizer_spec& spec, const json_field& field) {
  const bool bytes = spec.kind == tokenizer_kind::byte_bpe;
  if (!field.present()) return {};
  spec.space_symbol.clear();
  spec.decode_byte_names = false;
  bool fused = false;
  std::size_t left = json_steps_max;
  return for_each_step(field, "decoders", left, [&](const json_field& step, const std::string& type) -> result<void> {
    if ((type == "ByteLevel") != bytes && type != "Fuse")
      return error{errc::unsupported,
                   step.complaint("is a decoder '" + type + "', which does not suit the pre-tokenizer").message};
    if (type == "ByteLevel") return {};
    if (type == "ByteFallback") {
      spec.decode_byte_names = true;
      return {};
    }
    if (type == "Fuse") {
      fused = true;
      return {};
    }
    if (type == "Metaspace") {
      auto how = metaspace_of(step);
      if (!how) return how.error();
      spec.space_symbol = std::move(how->replacement);
      spec.drop_first_spaces = how->prepend != prepend_scheme::never;
      return {};
    }
    if (type == "Replace") {
      auto pattern = pattern_of(step.member("pattern"));
      if (!pattern) return pattern.error();
      const auto content = step.member("content").get_string();
      if (!content) return content.error();
      if (pattern->second || *content != " " || !spec.space_symbol.empty())
        return error{errc::unsupported, step.complaint("replaces something else than one symbol by a space").message};
      spec.space_symbol = std::move(pattern->first);
      return {};
    }
    if (type != "Strip") return unknown_step(step.member("type"), "decoder", type);
    const auto start = step.member("start").get_uint();
    if (!start) return start.error();
    const auto stop = step.member("stop").get_uint();
    if (!stop) return stop.error();
    const auto content = step.member("content").get_string();
    if (!content) return content.error();
    if (*stop != 0 || *start > 1 || *content != " " || !fused) {
      return error{errc::unsupported, step.complaint("strips something else than one leading space").message};
    }
    spec.strip_space_prefix = *start == 1;
    return {};
  });
}

}  // namespace lingualinked::inline v0::detail

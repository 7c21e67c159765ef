// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/printable.hpp>
#include <lingualinked/model/gguf_tokenizer.hpp>
#include <lingualinked/text/named_pre_tokenizer.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

namespace detail {

[[nodiscard]] inline result<std::optional<token_id>> token_named(const gguf_metadata& metadata, std::string_view key,
                                                                 std::size_t vocabulary) {
  if (!metadata.has(key)) return std::optional<token_id>{};
  auto id = metadata.get_uint(key, 0, vocabulary - 1);
  if (!id) return id.error();
  return std::optional<token_id>{static_cast<token_id>(*id)};
}

}  // namespace detail

LINGUALINKED_DECL result<tokenizer_spec> tokenizer_spec_from(const gguf_metadata& metadata) {
  const std::string prefix = "tokenizer.ggml.";
  auto model = metadata.get_string(prefix + "model");
  if (!model) return model.error();
  tokenizer_spec spec;
  if (*model == "gpt2") spec.kind = tokenizer_kind::byte_bpe;
  else if (*model == "llama") spec.kind = tokenizer_kind::spm_bpe;
  else if (*model == "t5") spec.kind = tokenizer_kind::unigram;
  else
    return error{
        errc::unsupported,
        metadata.complaint(prefix + "model", "names the tokenizer " + printable(*model) + ", which is not supported").message};

  auto tokens = metadata.get_strings(prefix + "tokens");
  if (!tokens) return tokens.error();
  if (tokens->empty()) return metadata.complaint(prefix + "tokens", "is empty");
  spec.tokens.assign(tokens->begin(), tokens->end());

  if (metadata.has(prefix + "token_type")) {
    auto types = metadata.get_ints(prefix + "token_type", 1, 6);
    if (!types) return types.error();
    for (const std::int64_t t : *types) spec.types.push_back(static_cast<token_type>(t));
  }
  // Files that do not say: SentencePiece's BPE and vocabularies of the llama family begin every text with bos, others do not.
  bool bos_by_default = spec.kind == tokenizer_kind::spm_bpe;
  if (spec.kind == tokenizer_kind::byte_bpe) {
    auto merges = metadata.get_strings(prefix + "merges");
    if (!merges) return merges.error();
    spec.merges.reserve(merges->size());
    for (const std::string_view merge : *merges) {
      auto pair = split_merge(merge);
      if (!pair) return metadata.complaint(prefix + "merges", pair.error().message);
      spec.merges.push_back(*std::move(pair));
    }
    auto pre = metadata.get_string_or(prefix + "pre", "default");
    if (!pre) return pre.error();
    const auto named = find_pre_tokenizer(*pre);
    if (!named) return error{named.error().code, metadata.complaint(prefix + "pre", named.error().message).message};
    spec.pre_tokenizer_name = *std::move(pre);
    spec.ignore_merges = named->ignore_merges;
    bos_by_default = named->begins_with_bos;
  } else {
    auto scores = metadata.get_floats(prefix + "scores");
    if (!scores) return scores.error();
    spec.scores.assign(scores->begin(), scores->end());
    auto rules = metadata.has(prefix + "precompiled_charsmap") ? metadata.get_ints(prefix + "precompiled_charsmap", -128, 255)
                                                               : result<std::vector<std::int64_t>>(std::vector<std::int64_t>{});
    if (!rules) return rules.error();
    if (!rules->empty()) {
      normalize_charsmap map;
      for (const std::int64_t byte : *rules) map.rules.push_back(static_cast<char>(byte));
      spec.normalizer.emplace_back(std::move(map));
    }
    const auto fewer = metadata.get_bool_or(prefix + "remove_extra_whitespaces", false);
    if (!fewer) return fewer.error();
    if (*fewer) spec.normalizer.emplace_back(normalize_replace{"\\A +| +\\z| +(?= )", true, ""});
    auto space = metadata.get_bool_or(prefix + "add_space_prefix", true);
    if (!space) return space.error();
    spec.add_space_prefix = *space;
    if (spec.kind == tokenizer_kind::spm_bpe && !spec.normalizer.empty()) {  // else the tokenizer does this by itself
      if (*space) spec.normalizer.emplace_back(normalize_prepend{" "});
      spec.normalizer.emplace_back(normalize_replace{" ", false, "\xE2\x96\x81"});
    }
  }
  // A Unigram vocabulary lists what is no text as well; a text that spells it is made of other tokens.
  if (spec.kind == tokenizer_kind::unigram)
    for (std::size_t i = 0; i < std::min(spec.types.size(), spec.tokens.size()); ++i)
      if (spec.types[i] == token_type::control || spec.types[i] == token_type::unknown)
        spec.added.push_back({.id = static_cast<token_id>(i), .special = true, .outside_model = true});

  const std::pair<const char*, std::optional<token_id>*> named[] = {
      {"bos_token_id", &spec.bos},         {"eos_token_id", &spec.eos},
      {"eot_token_id", &spec.end_of_turn}, {"eom_token_id", &spec.end_of_message},
      {"unknown_token_id", &spec.unknown}, {"padding_token_id", &spec.padding}};
  for (const auto& [key, where] : named) {
    auto id = detail::token_named(metadata, prefix + key, spec.tokens.size());
    if (!id) return id.error();
    *where = *id;
  }
  auto bos = metadata.get_bool_or(prefix + "add_bos_token", bos_by_default);
  if (!bos) return bos.error();
  auto eos = metadata.get_bool_or(prefix + "add_eos_token", spec.kind == tokenizer_kind::unigram);
  if (!eos) return eos.error();
  spec.add_bos = *bos && spec.bos.has_value();
  spec.add_eos = *eos && spec.eos.has_value();
  return spec;
}

}  // namespace lingualinked::inline v0

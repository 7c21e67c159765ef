// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/named_pre_tokenizer.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {
namespace detail {

/// A family of tokenizers that cut alike. An expression cuts what the one before it left, each match alone.
struct pre_tokenizer_family {
  std::vector<std::string_view> names;
  std::vector<splitter> splitters;
  std::vector<std::string_view> expressions;
  bool llama3 = false;  // whole pieces win over merges, texts begin with bos
};

/// Words in mixed case end before an upper-case letter; contractions stay with their word (`ends`).
#define LINGUALINKED_CASED_WORDS(ends)                                                   \
  R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)" ends \
  R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)" ends
#define LINGUALINKED_SYMBOLS_AND_SPACES R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define LINGUALINKED_CONTRACTIONS R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"

inline constexpr std::string_view gpt4o_words =
    LINGUALINKED_CASED_WORDS(LINGUALINKED_CONTRACTIONS) R"(|\p{N}{1,3})" LINGUALINKED_SYMBOLS_AND_SPACES;
inline constexpr std::string_view tekken_words = LINGUALINKED_CASED_WORDS("") R"(|\p{N})" LINGUALINKED_SYMBOLS_AND_SPACES;

#undef LINGUALINKED_CASED_WORDS
#undef LINGUALINKED_SYMBOLS_AND_SPACES
#undef LINGUALINKED_CONTRACTIONS

inline constexpr std::string_view cjk_and_hangul = R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)";
inline constexpr std::string_view deepseek_llm_words =
    R"(\s?[A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293}\x{295}-\x{2AF}\x{370}-\x{373})"
    R"(\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481})"
    R"(\x{48A}-\x{52F}\x{531}-\x{556}\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF})"
    R"(\x{1D00}-\x{1D2B})"
    R"(\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57})"
    R"(\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC})"
    R"(\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107}\x{210A}-\x{2113})"
    R"(\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F})"
    R"(\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3})"
    R"(\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F}\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06})"
    R"(\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB})"
    R"(\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}]+)";
inline constexpr std::string_view deepseek_v3_words =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view gpt2_without_last_space =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))";

inline const std::vector<pre_tokenizer_family>& pre_tokenizer_families() {
  using enum splitter;
  static const std::vector<pre_tokenizer_family> families{
      {{"gpt-2", "phi-2", "mpt", "olmo", "jais", "gigachat", "trillion", "mellum", "a.x-4.0", "exaone4", "jina-es", "jina-de",
        "jina-v2-es", "jina-v2-de", "jina-v1-en", "jina-v2-code", "roberta-bpe"},
       {gpt2},
       {}},
      {{"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"}, {digits, gpt2}, {}},
      {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2", "midm-2.0"}, {llama3}, {}, true},
      {{"dbrx", "smaug-bpe", "chatglm-bpe", "glm4"}, {llama3}, {}},
      {{"qwen2", "deepseek-r1-qwen", "stablelm2"}, {qwen2}, {}},
      {{"bloom", "poro-chat", "gpt3-finnish"}, {bloom}, {}},
      {{"viking"}, {bloom, digits}, {}},
      {{"tekken"}, {}, {tekken_words}, true},
      {{"gpt-4o", "llama4"}, {}, {gpt4o_words}},
      {{"default"}, {}, {R"([\p{P}\$\+<=>\^~\|]+)", gpt2_without_last_space, R"(\p{N}+)", "[0-9][0-9][0-9]"}},
      {{"falcon"}, {}, {R"([\p{P}\$\+<=>\^~\|`]+)", gpt2_without_last_space, "[0-9][0-9][0-9]"}},
      {{"deepseek-llm"},
       {},
       {R"([\r\n])", deepseek_llm_words, R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)",
        R"(\s+$)", cjk_and_hangul, R"(\p{N}+)"}},
      {{"deepseek-coder"}, {}, {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", cjk_and_hangul, R"(\p{N})"}},
      {{"deepseek-v3"}, {}, {R"(\p{N}{1,3})", R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)", deepseek_v3_words}},
  };
  return families;
}

}  // namespace detail

LINGUALINKED_DECL result<named_pre_tokenizer> find_pre_tokenizer(std::string_view name) {
  std::string known;
  for (const auto& family : detail::pre_tokenizer_families()) {
    if (std::find(family.names.begin(), family.names.end(), name) == family.names.end()) {
      known += (known.empty() ? "" : ", ") + std::string(family.names.front());
      continue;
    }
    named_pre_tokenizer found;
    found.steps.assign(family.splitters.begin(), family.splitters.end());
    for (const std::string_view expression : family.expressions) {
      found.steps.emplace_back(split_pattern{std::string(expression), true, split_behavior::isolated, false});
    }
    if (name == "qwen2") found.normalizer = {normalize_form{normal_form::nfc}};
    found.ignore_merges = found.begins_with_bos = family.llama3;
    return found;
  }
  return error{errc::unsupported, "pre-tokenizer '" + valid_utf8(name.substr(0, 64)) + "' is not known; known are " + known +
                                      " and others that cut like one of these"};
}

}  // namespace lingualinked::inline v0

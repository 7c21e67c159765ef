// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How long a megabyte of text takes to become ids, in processor time, for every kind of tokenizer and the texts that hurt.
//   benchmark_tokenizer [model.gguf | folder with tokenizer.json]...
// Without a model: vocabularies of 32768 random tokens over six letters, one for each kind.
#include <lingualinked/core/random.hpp>
#include <lingualinked/formats/gguf.hpp>
#include <lingualinked/model/gguf_tokenizer.hpp>
#include <lingualinked/model/tokenizer_json.hpp>
#include <lingualinked/text/byte_alphabet.hpp>
#include <lingualinked/text/tokenizer.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace ll = lingualinked;

namespace {

constexpr std::size_t megabyte = 1'000'000;

std::size_t draw(std::uint64_t& counter, std::size_t below) {
  return static_cast<std::size_t>(ll::uniform_draw(7, counter++) * static_cast<double>(below));
}

/// Tokens grow out of earlier ones, as byte-pair training grows them.
ll::tokenizer_spec random_spec(ll::tokenizer_kind kind) {
  ll::tokenizer_spec spec;
  spec.kind = kind;
  std::unordered_set<std::string> known;
  const auto add = [&](std::string token) {
    if (!known.insert(token).second) return;
    spec.tokens.push_back(std::move(token));
    spec.scores.push_back(-static_cast<double>(spec.tokens.size()));
  };
  const bool bytes = kind == ll::tokenizer_kind::byte_bpe;
  if (bytes) {
    for (int b = 0; b < 256; ++b) add(ll::to_byte_alphabet(std::string(1, static_cast<char>(b))));
  } else {
    add("<unk>");
    spec.unknown = 0;
    add("\xE2\x96\x81");
    for (char c = '!'; c <= '~'; ++c) add(std::string(1, c));
    for (int b = 0; b < 256; ++b) {
      char name[8];
      std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(b));
      add(name);
    }
  }
  std::vector<std::string> parts{bytes ? ll::to_byte_alphabet(" ") : "\xE2\x96\x81"};
  for (char c = 'a'; c <= 'f'; ++c) parts.emplace_back(1, c);
  std::uint64_t counter = 0;
  while (spec.tokens.size() < 32768) {
    const std::string left = parts[draw(counter, parts.size())];
    const std::string right = parts[draw(counter, parts.size())];
    if (left.size() + right.size() > 24 || known.contains(left + right)) continue;
    add(left + right);
    parts.push_back(left + right);
    if (bytes) spec.merges.emplace_back(left, right);
  }
  if (bytes) spec.pre_tokenizer_name = "gpt-2";
  return spec;
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

ll::result<ll::tokenizer_spec> spec_of(const std::string& path) {
  if (!path.ends_with(".gguf"))
    return ll::tokenizer_spec_from_json(read(path + "/tokenizer.json"), read(path + "/tokenizer_config.json"));
  auto file = ll::gguf_file::open(path);
  if (!file) return file.error();
  return ll::tokenizer_spec_from(file->metadata());
}

std::string filled(std::size_t size, const std::string& with) {
  std::string text;
  while (text.size() < size) text += with;
  return text;
}

std::vector<std::pair<const char*, std::string>> texts() {
  std::uint64_t counter = 1'000'000;
  const auto random_text = [&](std::size_t longest_word) {
    std::string text;
    while (text.size() < megabyte) {
      for (std::size_t n = 1 + draw(counter, longest_word); n > 0; --n) text.push_back(static_cast<char>('a' + draw(counter, 6)));
      text.push_back(' ');
    }
    return text;
  };
  return {{"prose", filled(megabyte, "It was the best of times, it was the worst of times; we had 1859 things before us. ")},
          {"random words", random_text(10)},
          {"one word, random", random_text(2 * megabyte)},
          {"one word, repeated", filled(megabyte, "antidisestablishmentarianism")},
          {"one letter", std::string(megabyte, 'a')},
          {"spaces", std::string(megabyte, ' ')},
          {"line ends", std::string(megabyte, '\n')},
          {"emoji", filled(megabyte, "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD\xE2\x80\x8D")},
          {"Chinese", filled(megabyte, "\xE4\xBD\xA0\xE5\xA5\xBD\xE4\xB8\x96\xE7\x95\x8C")},
          {"broken bytes", filled(megabyte, "\xFF\xC3\x80")}};
}

void measure(const char* name, ll::result<ll::tokenizer_spec> spec) {
  auto made = spec ? ll::tokenizer::create(*std::move(spec)) : ll::result<ll::tokenizer>(spec.error());
  if (!made) {
    std::printf("%s: %s\n", name, made.error().message.c_str());
    return;
  }
  std::printf("%s, %zu tokens\n", name, made->size());
  for (const auto& [what, text] : texts()) {
    double best = 1e9;
    std::size_t count = 0;
    for (int i = 0; i < 3; ++i) {
      const std::clock_t start = std::clock();
      const auto ids = made->encode(text);
      best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
      count = ids ? ids->size() : 0;
    }
    std::printf("  %-20s %7.3f s  %8zu ids\n", what, best, count);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) measure(argv[i], spec_of(argv[i]));
  if (argc > 1) return 0;
  measure("byte-level BPE", random_spec(ll::tokenizer_kind::byte_bpe));
  measure("SentencePiece BPE", random_spec(ll::tokenizer_kind::spm_bpe));
  measure("Unigram", random_spec(ll::tokenizer_kind::unigram));
}

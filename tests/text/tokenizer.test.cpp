// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/text/tokenizer.hpp>

#include <lingualinked/text/byte_alphabet.hpp>

#include <doctest/doctest.h>

#include "support/mentions.hpp"
#include "vectors.hpp"

#include <random>
#include <string>
#include <vector>

namespace ll = lingualinked;

namespace {

using test_support::mentions;

/// A byte-level vocabulary of all bytes, "ab", "abc" and two special tokens.
ll::tokenizer_spec small_spec() {
  ll::tokenizer_spec spec;
  for (unsigned b = 0; b < 256; ++b) {
    const char byte = static_cast<char>(static_cast<unsigned char>(b));
    spec.tokens.push_back(ll::to_byte_alphabet(std::string_view(&byte, 1)));
  }
  spec.tokens.insert(spec.tokens.end(), {"ab", "abc", "<s>", "<|im_end|>"});
  spec.types.assign(256 + 2, ll::token_type::normal);
  spec.types.insert(spec.types.end(), 2, ll::token_type::control);
  spec.merges = {{"a", "b"}, {"ab", "c"}};
  spec.pre_tokenizer_name = "gpt-2";
  spec.bos = 258;
  return spec;
}

std::string refusal(ll::tokenizer_spec spec, ll::errc code) {
  const auto made = ll::tokenizer::create(std::move(spec));
  REQUIRE_FALSE(made);
  CHECK(made.error().code == code);
  return made.error().message;
}

}  // namespace

TEST_SUITE("text/tokenizer") {
  TEST_CASE("SmolLM2's own tokenizer gives the reference ids and texts") {
    const auto made = ll::tokenizer::create(text_tests::smollm2_spec());
    REQUIRE(made);
    text_tests::check_vectors(*made, "tokenizers/smollm2.vectors.json");
    CHECK(made->size() == 49152);
    CHECK(made->end_tokens() == std::vector<ll::token_id>{0, 2});
    CHECK(made->piece(2) == "<|im_end|>");
    CHECK(made->piece(-1).empty());
    CHECK(made->piece(49152).empty());
    CHECK(made->token_bytes(49152).empty());
    CHECK(made->is_special(1));
    CHECK_FALSE(made->is_special(100));
    CHECK(made->find("<|im_start|>") == 1);
  }

  TEST_CASE("merges happen by rank, and special tokens only where asked") {
    const auto made = ll::tokenizer::create(small_spec());
    REQUIRE(made);
    CHECK(*made->encode("abc ab<s>") == std::vector<ll::token_id>{257, ' ', 256, 258});
    CHECK(*made->encode("<s>", {.parse_special = false}) == std::vector<ll::token_id>{'<', 's', '>'});
    CHECK(made->decode(std::vector<ll::token_id>{257, 258, 'x'}) == "abc<s>x");
    CHECK(made->decode(std::vector<ll::token_id>{257, 258, 'x'}, false) == "abcx");
    CHECK(made->end_tokens() == std::vector<ll::token_id>{259});
  }

  TEST_CASE("bos and eos are added only where the tokenizer and the caller want them") {
    auto spec = small_spec();
    spec.eos = 259;
    spec.add_bos = spec.add_eos = true;
    const auto made = ll::tokenizer::create(spec);
    REQUIRE(made);
    CHECK(*made->encode("ab") == std::vector<ll::token_id>{256});
    CHECK(*made->encode("ab", {.add_bos_eos = true}) == std::vector<ll::token_id>{258, 256, 259});
    CHECK(*made->encode("ab", {.add_prefix = true}) == std::vector<ll::token_id>{258, 256});
    CHECK(*made->encode("", {.add_prefix = true}) == std::vector<ll::token_id>{258});
  }

  TEST_CASE("any bytes at all come back from a byte-level vocabulary") {
    const auto made = ll::tokenizer::create(small_spec());
    REQUIRE(made);
    constexpr unsigned seed = 7;
    CAPTURE(seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 2000; ++round) {
      std::string bytes(random() % 40, '\0');
      for (char& c : bytes) c = static_cast<char>(random() % 4 == 0 ? 0x80 + random() % 128 : random() % 128);
      const auto ids = made->encode(bytes, {.parse_special = false});
      REQUIRE(ids);
      CHECK(made->decode(*ids) == bytes);
    }
  }

  TEST_CASE("one very long word and a very long run of spaces are encoded, not waited for") {
    const auto made = ll::tokenizer::create(text_tests::smollm2_spec());
    REQUIRE(made);
    constexpr std::size_t size = 1U << 20;
    std::string word;
    while (word.size() < size) word += "antidisestablishmentarianism";
    for (const std::string& text : {word, std::string(size, ' '), std::string(size, 'a')}) {
      const auto ids = made->encode(text);
      REQUIRE(ids);
      CHECK(made->decode(*ids) == text);
    }
  }

  TEST_CASE("a spec that does not fit together is refused by name and number") {
    auto spec = small_spec();
    spec.tokens.clear();
    spec.types.clear();
    CHECK(mentions(refusal(spec, ll::errc::malformed), "empty"));

    spec = small_spec();
    spec.tokens[7] = "ab";
    CHECK(mentions(refusal(spec, ll::errc::malformed), "twice"));

    spec = small_spec();
    spec.types.pop_back();
    CHECK(mentions(refusal(spec, ll::errc::malformed), "259 token types"));

    spec = small_spec();
    spec.merges.push_back({"q", "r"});
    CHECK(mentions(refusal(spec, ll::errc::malformed), "merge 2 needs the token 'qr'"));

    spec = small_spec();
    spec.bos = 260;
    CHECK(mentions(refusal(spec, ll::errc::malformed), "bos token id 260"));

    spec = small_spec();
    spec.eos = -1;
    CHECK(mentions(refusal(spec, ll::errc::malformed), "eos token id -1"));

    spec = small_spec();
    spec.bos.reset();
    spec.add_bos = true;
    CHECK(mentions(refusal(spec, ll::errc::malformed), "bos"));

    spec = small_spec();
    spec.added = {{.id = 1000}};
    CHECK(mentions(refusal(spec, ll::errc::malformed), "added token id 1000"));

    spec = small_spec();
    spec.pre_tokenizer_name = "no-such-thing";
    CHECK(mentions(refusal(spec, ll::errc::unsupported), "no-such-thing"));

    spec = small_spec();
    spec.kind = ll::tokenizer_kind::unigram;
    spec.merges.clear();
    CHECK(mentions(refusal(spec, ll::errc::malformed), "0 scores"));

    spec = small_spec();
    spec.tokens[258] = std::string(2000, 'x');
    CHECK(mentions(refusal(spec, ll::errc::limit), "2000 bytes"));
  }

  TEST_CASE("a merge line is cut at the first space that is not its first character") {
    CHECK(*ll::split_merge("a b") == std::pair<std::string, std::string>{"a", "b"});
    CHECK(*ll::split_merge("  b") == std::pair<std::string, std::string>{" ", "b"});
    CHECK_FALSE(ll::split_merge("ab"));
    CHECK_FALSE(ll::split_merge("a "));
    CHECK_FALSE(ll::split_merge(""));
  }
}

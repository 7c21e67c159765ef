// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/text/detokenizer.hpp>

#include <doctest/doctest.h>

#include "vectors.hpp"

#include <random>
#include <string>
#include <vector>

namespace ll = lingualinked;

namespace {

/// Code points, cut-off code points, stray continuation bytes, overlong forms, surrogates.
std::string random_bytes(std::mt19937& random, std::size_t parts) {
  static const std::vector<std::string> stock{"a",
                                              " ",
                                              "\xC3\xA9",
                                              "\xE2\x82\xAC",
                                              "\xF0\x9F\x91\x8D",
                                              "\xF0\x9F\x91",
                                              "\xE2\x82",
                                              "\xC3",
                                              "\x80",
                                              "\xC0\xAF",
                                              "\xED\xA0\x80",
                                              "\xF5",
                                              "\xFF",
                                              "\xF4\x90\x80\x80",
                                              "\n"};
  std::string bytes;
  for (std::size_t i = 0; i < parts; ++i) bytes += stock[random() % stock.size()];
  return bytes;
}

}  // namespace

TEST_SUITE("text/detokenizer") {
  TEST_CASE("a code point comes out when its last byte is there, and not before") {
    ll::utf8_stream stream;
    CHECK(stream.push("\xF0\x9F").empty());
    CHECK(stream.push("\x91").empty());
    CHECK(stream.push("\x8D!") == "\xF0\x9F\x91\x8D!");
  }

  TEST_CASE("impossible bytes become U+FFFD, one for each maximal part, as the Unicode Standard shows it") {
    // Table 3-8 of the standard: 61 F1 80 80 E1 80 C2 62 80 63 80 BF 64
    CHECK(ll::valid_utf8("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64") ==
          "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
          "b\xEF\xBF\xBD"
          "c\xEF\xBF\xBD\xEF\xBF\xBD"
          "d");
    CHECK(ll::valid_utf8("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(ll::valid_utf8("a\xF0\x9F\x91") == "a");
  }

  TEST_CASE("however a stream of bytes is cut, the joined text is that of the whole") {
    constexpr unsigned seed = 3;
    CAPTURE(seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 3000; ++round) {
      const std::string bytes = random_bytes(random, random() % 20);
      ll::utf8_stream stream;
      std::string joined;
      for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t size = std::min<std::size_t>(1 + random() % 5, bytes.size() - at);
        const std::string text = stream.push(std::string_view(bytes).substr(at, size));
        CHECK(ll::valid_utf8(text) == text);
        joined += text;
        at += size;
      }
      CHECK(joined == ll::valid_utf8(bytes));
    }
  }

  TEST_CASE("random tokens, pushed one by one, give the text of the batch") {
    const auto made = ll::tokenizer::create(text_tests::smollm2_spec());
    REQUIRE(made);
    constexpr unsigned seed = 5;
    CAPTURE(seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 500; ++round) {
      const bool keep_special = round % 2 == 0;
      ll::detokenizer stream(*made, false, keep_special);
      std::vector<ll::token_id> ids(random() % 50);
      std::string joined;
      for (ll::token_id& id : ids) {
        // The first 256 + specials are mostly single bytes, where code points break.
        id = static_cast<ll::token_id>(random() % (random() % 2 == 0 ? 300U : 49152U));
        joined += stream.push(id);
      }
      CHECK(joined == ll::valid_utf8(made->decode(ids, keep_special)));
    }
  }

  TEST_CASE("the space that encoding put in front is dropped at the beginning of a text only") {
    ll::tokenizer_spec spec;
    spec.kind = ll::tokenizer_kind::spm_bpe;
    spec.tokens = {"<unk>", "\xE2\x96\x81", "a",
                   "\xE2\x96\x81"
                   "a"};
    spec.scores = {0, -2, -3, -1};
    spec.add_space_prefix = true;
    const auto made = ll::tokenizer::create(spec);
    REQUIRE(made);
    CHECK(*made->encode("a a") == std::vector<ll::token_id>{3, 3});
    ll::detokenizer whole(*made, false);
    CHECK(whole.push(3) == "a");
    CHECK(whole.push(3) == " a");
    ll::detokenizer answer(*made);
    CHECK(answer.push(3) == " a");
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/text/named_pre_tokenizer.hpp>

#include <lingualinked/text/pre_tokenizer.hpp>

#include <doctest/doctest.h>

#include "vectors.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ll = lingualinked;

TEST_SUITE("text/named_pre_tokenizer") {
  TEST_CASE("every family cuts as its own regular expressions do in the reference engine") {
    const auto stored = text_tests::load_json("tokenizers/named.json");
    const auto texts = stored.at("texts").get<std::vector<std::string>>();
    for (const auto& family : stored.at("families")) {
      const auto name = family.at("name").get<std::string>();
      CAPTURE(name);
      auto named = ll::find_pre_tokenizer(name);
      REQUIRE(named);
      const auto cut = ll::pre_tokenizer::create(std::move(named->steps));
      REQUIRE_MESSAGE(cut, (cut ? "" : cut.error().message));
      for (std::size_t i = 0; i < texts.size(); ++i) {
        CAPTURE(texts[i]);
        const auto pieces = cut->apply(texts[i], true);
        REQUIRE(pieces);
        CHECK(std::vector<std::string>(pieces->views.begin(), pieces->views.end()) ==
              family.at("pieces").at(i).get<std::vector<std::string>>());
      }
    }
  }

  TEST_CASE("names of the llama 3 family take whole pieces and begin texts with bos, others do not") {
    for (const char* name : {"llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral", "tekken"}) {
      CAPTURE(name);
      const auto named = ll::find_pre_tokenizer(name);
      REQUIRE(named);
      CHECK(named->ignore_merges);
      CHECK(named->begins_with_bos);
    }
    for (const char* name : {"dbrx", "smaug-bpe", "gpt-2", "qwen2", "gpt-4o", "deepseek-llm", "default"}) {
      CAPTURE(name);
      const auto named = ll::find_pre_tokenizer(name);
      REQUIRE(named);
      CHECK_FALSE(named->ignore_merges);
      CHECK_FALSE(named->begins_with_bos);
    }
  }

  TEST_CASE("a name that is not known is refused, and the known ones listed") {
    for (const char* name : {"", "no-such-thing", "Llama-BPE", "chameleon"}) {
      const auto named = ll::find_pre_tokenizer(name);
      REQUIRE_FALSE(named);
      CHECK(named.error().code == ll::errc::unsupported);
      CHECK(named.error().message.find("'" + std::string(name) + "'") != std::string::npos);
      CHECK(named.error().message.find("llama-bpe") != std::string::npos);
    }
  }

  TEST_CASE("text that is not valid UTF-8 loses no byte to an expression") {
    const std::string text = "abc\xFF\xFE de\xE2\x82 FG\xF0\x9F\x91 12345\x80";
    for (const char* name : {"tekken", "gpt-4o", "default", "falcon", "deepseek-llm", "deepseek-coder", "deepseek-v3"}) {
      CAPTURE(name);
      const auto pieces = ll::pre_tokenizer::create(ll::find_pre_tokenizer(name)->steps)->apply(text, true);
      REQUIRE(pieces);
      std::string joined;
      for (const std::string_view piece : pieces->views) joined += piece;
      CHECK(joined == text);
    }
  }
}

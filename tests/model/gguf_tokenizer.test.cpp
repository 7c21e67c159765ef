// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/model/gguf_tokenizer.hpp>

#include "model/tiny_gguf.hpp"
#include "support/temporary_folder.hpp"
#include "text/vectors.hpp"

#include <lingualinked/formats/gguf.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

namespace ll = lingualinked;
using namespace test_support;

const std::vector<std::string> eleven{"<s>", "</s>", "a", "b", "c", "ab", "bc", "abc", "x", "y", "z"};

tiny_gguf bpe_file() {
  tiny_gguf file;
  file.text("tokenizer.ggml.model", "gpt2")
      .texts("tokenizer.ggml.tokens", eleven)
      .texts("tokenizer.ggml.merges", {"a b", "ab c"});
  file.numbers("tokenizer.ggml.token_type", std::vector<std::int32_t>{3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  return file;
}

ll::result<ll::tokenizer_spec> spec_of(const tiny_gguf& file) {
  const temporary_folder folder;
  const auto opened = ll::gguf_file::open(folder.write("tiny.gguf", file.build())).value();
  return ll::tokenizer_spec_from(opened.metadata());
}

}  // namespace

TEST_SUITE("model/gguf_tokenizer") {
  TEST_CASE("byte-level BPE: vocabulary, merges, types, special tokens") {
    auto file = bpe_file();
    file.text("tokenizer.ggml.pre", "smollm").number("tokenizer.ggml.bos_token_id", std::uint32_t{0});
    file.number("tokenizer.ggml.eos_token_id", std::uint32_t{1}).boolean("tokenizer.ggml.add_bos_token", true);
    const auto spec = spec_of(file).value();
    CHECK(spec.kind == ll::tokenizer_kind::byte_bpe);
    CHECK(spec.tokens == eleven);
    REQUIRE(spec.types.size() == 11);
    CHECK(spec.types[0] == ll::token_type::control);
    CHECK(spec.types[2] == ll::token_type::normal);
    CHECK(spec.merges == std::vector<std::pair<std::string, std::string>>{{"a", "b"}, {"ab", "c"}});
    CHECK(spec.pre_tokenizer_name == "smollm");
    CHECK(spec.bos == 0);
    CHECK(spec.eos == 1);
    CHECK(!spec.unknown);
    CHECK(spec.add_bos);
    CHECK(!spec.add_eos);
    CHECK(!spec.ignore_merges);
  }
  TEST_CASE("llama 3 files ignore merges for whole pieces and begin with bos unless they say otherwise") {
    auto file = bpe_file();
    file.text("tokenizer.ggml.pre", "llama-bpe").number("tokenizer.ggml.bos_token_id", std::uint32_t{0});
    CHECK(spec_of(file).value().ignore_merges);
    CHECK(spec_of(file).value().add_bos);
    file.boolean("tokenizer.ggml.add_bos_token", false);
    CHECK(!spec_of(file).value().add_bos);
  }
  TEST_CASE("other names of the family do too; the key that is missing stands for the default expressions") {
    for (const char* name : {"llama3", "llama-v3"}) {
      auto file = bpe_file();
      file.text("tokenizer.ggml.pre", name).number("tokenizer.ggml.bos_token_id", std::uint32_t{0});
      CHECK(spec_of(file).value().ignore_merges);
      CHECK(spec_of(file).value().add_bos);
    }
    CHECK(spec_of(bpe_file()).value().pre_tokenizer_name == "default");
  }
  TEST_CASE("the tokenizers inside the reference files give the ids of the tokenizers they were made from") {
    const std::pair<std::string, std::string> files[] = {{"bloom-h4", "bloom"},     {"bloom-h6", "bloom"}, {"gpt2", "gpt2"},
                                                         {"llama-rope3", "llama3"}, {"qwen2", "qwen2"},    {"qwen3", "qwen2"},
                                                         {"llama-gqa", "llama2"},   {"gemma3", "gemma"}};
    for (const auto& [name, family] : files) {
      CAPTURE(name);
      const auto opened = ll::gguf_file::open(std::string(LINGUALINKED_TEST_DATA) + "/gguf/" + name + ".gguf");
      REQUIRE(opened);
      auto spec = ll::tokenizer_spec_from(opened->metadata());
      REQUIRE_MESSAGE(spec, (spec ? "" : spec.error().message));
      const auto made = ll::tokenizer::create(*std::move(spec));
      REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
      text_tests::check_prompts(*made, "models/" + name + "/expected.json");
      text_tests::check_vectors(*made, "tokenizers/" + family + ".vectors.json");
    }
  }
  TEST_CASE("SentencePiece files have scores") {
    tiny_gguf file;
    file.text("tokenizer.ggml.model", "llama").texts("tokenizer.ggml.tokens", eleven);
    file.numbers("tokenizer.ggml.scores", std::vector<float>{0, 0, -1, -2, -3, -4, -5, -6, -7, -8, -9});
    file.boolean("tokenizer.ggml.add_space_prefix", false);
    const auto spec = spec_of(file).value();
    CHECK(spec.kind == ll::tokenizer_kind::spm_bpe);
    CHECK(spec.scores.back() == -9);
    CHECK(!spec.add_space_prefix);
    CHECK(!spec.add_bos);  // no bos to add
    file.without("tokenizer.ggml.scores");
    CHECK(spec_of(file).error().code == ll::errc::malformed);
  }
  TEST_CASE("spaces that the file calls superfluous go, and what only controls is never part of a word") {
    tiny_gguf file;
    std::vector<std::string> tokens{"<unk>", "</s>", "\xE2\x96\x81", "a", "b", "<", "/", "s", ">", "y", "z"};
    file.text("tokenizer.ggml.model", "t5").texts("tokenizer.ggml.tokens", tokens);
    file.numbers("tokenizer.ggml.scores", std::vector<float>{0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1});
    file.numbers("tokenizer.ggml.token_type", std::vector<std::int32_t>{2, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1});
    file.number("tokenizer.ggml.unknown_token_id", std::uint32_t{0}).boolean("tokenizer.ggml.remove_extra_whitespaces", true);
    for (const char* model : {"t5", "llama"}) {
      CAPTURE(model);
      file.text("tokenizer.ggml.model", model);
      const auto made = ll::tokenizer::create(spec_of(file).value()).value();
      CHECK(made.encode("  a   b ").value() == std::vector<ll::token_id>{2, 3, 2, 4});
      CHECK(made.encode("</s>").value() == std::vector<ll::token_id>{1});
      CHECK(made.encode("</s>", {.parse_special = false}).value() == std::vector<ll::token_id>{2, 5, 6, 7, 8});
    }
  }
  TEST_CASE("what does not fit is refused with the key") {
    struct attack {
      std::string what;
      void (*change)(tiny_gguf&);
      ll::errc code;
      const char* says;
    };
    const attack table[] = {
        {"no model", [](tiny_gguf& g) { g.without("tokenizer.ggml.model"); }, ll::errc::malformed, "tokenizer.ggml.model"},
        {"unknown pre-tokenizer", [](tiny_gguf& g) { g.text("tokenizer.ggml.pre", "chameleon"); }, ll::errc::unsupported,
         "tokenizer.ggml.pre"},
        {"unknown model", [](tiny_gguf& g) { g.text("tokenizer.ggml.model", "rwkv"); }, ll::errc::unsupported, "rwkv"},
        {"no tokens", [](tiny_gguf& g) { g.without("tokenizer.ggml.tokens").without("tokenizer.ggml.token_type"); },
         ll::errc::malformed, "tokenizer.ggml.tokens"},
        {"no merges", [](tiny_gguf& g) { g.without("tokenizer.ggml.merges"); }, ll::errc::malformed, "tokenizer.ggml.merges"},
        {"merge of one symbol",
         [](tiny_gguf& g) {
           g.texts("tokenizer.ggml.merges", {"a b", "ab"});
         },
         ll::errc::malformed, "not two symbols"},
        {"type beyond the list",
         [](tiny_gguf& g) {
           g.numbers("tokenizer.ggml.token_type", std::vector<std::int32_t>{3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 7});
         },
         ll::errc::malformed, "token_type"},
        {"bos beyond the vocabulary", [](tiny_gguf& g) { g.number("tokenizer.ggml.bos_token_id", std::uint32_t{11}); },
         ll::errc::malformed, "bos_token_id"},
        {"add_bos as a number", [](tiny_gguf& g) { g.number("tokenizer.ggml.add_bos_token", std::uint32_t{1}); },
         ll::errc::malformed, "add_bos_token"},
    };
    for (const attack& a : table) {
      CAPTURE(a.what);
      auto file = bpe_file();
      a.change(file);
      const auto spec = spec_of(file);
      REQUIRE(!spec);
      INFO(spec.error().message);
      CHECK(spec.error().code == a.code);
      CHECK(spec.error().message.find(a.says) != std::string::npos);
    }
  }
}

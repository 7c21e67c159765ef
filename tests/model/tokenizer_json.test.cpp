// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/model/tokenizer_json.hpp>

#include <lingualinked/text/tokenizer.hpp>

#include <doctest/doctest.h>

#include "text/vectors.hpp"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace ll = lingualinked;

namespace {

std::string file_text(const std::string& path) {
  std::ifstream file(std::string(LINGUALINKED_TEST_DATA) + "/" + path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), "cannot open test data " << path);
  return {std::istreambuf_iterator<char>(file), {}};
}

ll::result<ll::tokenizer> load(const std::string& json, const std::string& config = {}) {
  auto spec = ll::tokenizer_spec_from_json(json, config);
  if (!spec) return spec.error();
  return ll::tokenizer::create(*std::move(spec));
}

/// gpt2's file with a change made to the document.
template <class Change>
std::string changed(Change change) {
  auto document = text_tests::load_json("tokenizers/gpt2/tokenizer.json");
  change(document);
  return document.dump();
}

}  // namespace

TEST_SUITE("model/tokenizer_json") {
  TEST_CASE("every family gives the reference ids and texts") {
    for (const std::string family : {"gpt2", "llama3", "qwen2", "bloom", "llama2", "gemma", "unigram"}) {
      CAPTURE(family);
      const auto made = load(file_text("tokenizers/" + family + "/tokenizer.json"),
                             file_text("tokenizers/" + family + "/tokenizer_config.json"));
      REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
      text_tests::check_vectors(*made, "tokenizers/" + family + ".vectors.json");
    }
  }

  TEST_CASE("the tokenizer of every reference model begins and cuts its text as the reference does") {
    for (const std::string name : {"bloom-cls", "bloom-h4", "bloom-h6", "gemma3", "gemma3-linear", "gpt2", "gpt2-cls",
                                   "llama-cls", "llama-gqa", "llama-rope3", "mistral-swa", "qwen2", "qwen3"}) {
      CAPTURE(name);
      const std::string folder = "models/" + name;
      const auto made = load(file_text(folder + "/tokenizer.json"), file_text(folder + "/tokenizer_config.json"));
      REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
      text_tests::check_prompts(*made, folder + "/expected.json");
    }
  }

  TEST_CASE("every kind of step does what the reference implementation does") {
    const auto stored = text_tests::load_json("tokenizers/steps.json");
    for (const auto& one : stored.at("cases")) {
      CAPTURE(one.at("name").get<std::string>());
      const auto made = load(one.at("tokenizer").dump());
      REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
      for (const auto& vector : one.at("vectors")) {
        CAPTURE(vector.at("text").get<std::string>());
        CHECK(made->encode(vector.at("text").get<std::string>()).value() == vector.at("ids").get<std::vector<ll::token_id>>());
        const auto wrapped = made->encode(vector.at("text").get<std::string>(), {.add_bos_eos = true});
        CHECK(wrapped.value() == vector.at("wrapped").get<std::vector<ll::token_id>>());
        if (!vector.contains("decoded")) continue;
        const auto plain = made->encode(vector.at("text").get<std::string>(), {.parse_special = false});
        CHECK(plain.value() == vector.at("plain").get<std::vector<ll::token_id>>());
        CHECK(made->decode(vector.at("ids").get<std::vector<ll::token_id>>()) == vector.at("decoded").get<std::string>());
      }
    }
  }

  TEST_CASE("a file of as many values as the largest vocabularies have is read") {
    // Gemma 3's: 262 thousand tokens, and 515 thousand merges as newer versions of the reference write them, as lists of two.
    std::string json = R"({"padding":[0)";
    for (int i = 0; i < 262'144 + 3 * 514'906; ++i) json += ",0";
    const auto made = load(json + R"(],"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]}})");
    REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
    CHECK(made->encode("ab").value() == std::vector<ll::token_id>{2});
  }

  TEST_CASE("what is broken or not supported is refused by name") {
    using json = nlohmann::json;
    using enum ll::errc;
    const auto refuses = [](auto change, ll::errc code, std::string_view part) {
      const auto made = load(changed(change));
      CAPTURE(part);
      REQUIRE_FALSE(made);
      CAPTURE(made.error().message);
      CHECK(ll::name_of(made.error().code) == ll::name_of(code));
      CHECK(made.error().message.find(part) != std::string::npos);
    };
    refuses([](json& d) { d["model"]["type"] = "WordPiece"; }, unsupported, "'WordPiece'");
    refuses([](json& d) { d["model"]["vocab"] = json::object(); }, malformed, "merge 0");
    refuses(
        [](json& d) {
          d["model"]["vocab"] = json::object(), d["model"]["merges"] = json::array(), d["added_tokens"] = json::array();
        },
        malformed, "empty");
    refuses([](json& d) { d["model"]["vocab"]["zzz"] = 2147483648U; }, malformed, "vocab.zzz");
    refuses([](json& d) { d["model"]["vocab"]["zzz"] = -1; }, malformed, "vocab.zzz");
    refuses([](json& d) { d["model"]["vocab"]["zzz"] = 1.5; }, malformed, "vocab.zzz");
    refuses([](json& d) { d["model"]["vocab"]["zzz"] = 5; }, malformed, "another token's id");
    refuses([](json& d) { d["model"]["merges"].push_back("q qqq"); }, malformed, "'qqq'");
    refuses([](json& d) { d["model"]["merges"].push_back("qq"); }, malformed, "merges[255]");
    refuses([](json& d) { d["model"]["merges"].push_back(json::array({"a", "b", "c"})); }, malformed, "merges[255]");
    refuses([](json& d) { d["model"]["dropout"] = 0.1; }, malformed, "dropout");
    refuses([](json& d) { d["model"]["continuing_subword_prefix"] = "##"; }, malformed, "continuing_subword_prefix");
    refuses([](json& d) { d["normalizer"] = {{"type", "BertNormalizer"}}; }, unsupported, "'BertNormalizer'");
    refuses([](json& d) { d["pre_tokenizer"] = {{"type", "UnicodeScripts"}}; }, unsupported, "'UnicodeScripts'");
    refuses([](json& d) { d["post_processor"] = {{"type", "Nothing"}}; }, unsupported, "'Nothing'");
    refuses([](json& d) { d["decoder"] = {{"type", "CTC"}}; }, unsupported, "'CTC'");
    refuses([](json& d) { d["decoder"] = {{"type", "Metaspace"}}; }, unsupported, "'Metaspace'");
    refuses([](json& d) { d["added_tokens"][0]["id"] = 100000000; }, malformed, "added_tokens[0].id");
    refuses(
        [](json& d) {
          d["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {d["pre_tokenizer"], {{"type", "Whitespace"}}}}};
        },
        unsupported, "ByteLevel");
    const auto with_expression = [](const char* expression) {
      return [expression](json& d) {
        const json split = {{"type", "Split"}, {"pattern", {{"Regex", expression}}}, {"behavior", "Isolated"}, {"invert", false}};
        d["pre_tokenizer"] = {
            {"type", "Sequence"},
            {"pretokenizers", {split, {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}};
      };
    };
    refuses(with_expression("(a"), malformed, "regular expression");
    refuses(with_expression("[a[b]]"), unsupported, "a class inside a class");
    refuses(with_expression("[a-z&&b]"), unsupported, "&&");
    refuses(with_expression("\\h"), unsupported, "\\h");
    const auto catastrophic = load(changed(with_expression("(a|aa)+$")));
    REQUIRE(catastrophic);
    const auto ids = catastrophic->encode(std::string(5000, 'a') + "!");
    REQUIRE_FALSE(ids);
    CHECK(ids.error().code == ll::errc::limit);

    CHECK_FALSE(load("{"));
    CHECK_FALSE(load("[]"));
    CHECK_FALSE(load(std::string(100000, '[')));
    CHECK(load(R"({"a":1,"a":2})").error().code == malformed);
  }

  TEST_CASE("hostile files meet a limit before they cost memory or time") {
    using json = nlohmann::json;
    const auto limited = [](const ll::result<ll::tokenizer>& made, std::string_view part) {
      REQUIRE_FALSE(made);
      CAPTURE(made.error().message);
      CHECK(ll::name_of(made.error().code) == ll::name_of(ll::errc::limit));
      CHECK(made.error().message.find(part) != std::string::npos);
    };
    limited(load(std::string(ll::tokenizer_json_bytes_max + 1, ' ')), "bytes");
    json nested = {{"type", "NFC"}};
    for (int i = 0; i < 70; ++i) nested = {{"type", "Sequence"}, {"normalizers", json::array({nested})}};
    CHECK_FALSE(load(changed([&](json& d) { d["normalizer"] = nested; })));
    json wide = {{"type", "Sequence"}, {"normalizers", json::array()}};
    for (int i = 0; i < 1000; ++i) wide["normalizers"].push_back({{"type", "NFC"}});
    CHECK_FALSE(load(changed([&](json& d) { d["normalizer"] = wide; })));
    limited(load(changed([](json& d) {
              d["added_tokens"].push_back({{"id", 600}, {"content", std::string(300, 'x')}});
            })),
            "300 bytes");
    const json space{{"type", "Metaspace"}, {"replacement", std::string(1000, 'x')}, {"prepend_scheme", "always"}};
    auto unigram = text_tests::load_json("tokenizers/unigram/tokenizer.json");
    unigram["pre_tokenizer"] = space;
    limited(load(unigram.dump()), "1000 bytes");
    unigram = text_tests::load_json("tokenizers/unigram/tokenizer.json");
    unigram["model"]["vocab"].push_back({std::string(300, 'x'), -1.0});
    limited(load(unigram.dump()), "300 bytes");
    unigram = text_tests::load_json("tokenizers/unigram/tokenizer.json");
    unigram["normalizer"] = {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", std::string(1 << 16, 'b')}};
    const auto growing = load(unigram.dump());
    REQUIRE(growing);
    const auto ids = growing->encode(std::string(1000, 'a'));
    REQUIRE_FALSE(ids);
    CHECK(ids.error().code == ll::errc::limit);
    CHECK_FALSE(load("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"\xFF\":0},\"merges\":[]}}"));
  }

  TEST_CASE("a truncated file gives an error, wherever it ends") {
    const std::string whole = file_text("tokenizers/llama2/tokenizer.json");
    for (std::size_t size = 0; size + 2 < whole.size(); size += 97) CHECK_FALSE(load(whole.substr(0, size)));
  }

  TEST_CASE("the chat template of a config is found, alone or among several") {
    CHECK(ll::chat_template_from_json(R"({"chat_template":"abc"})").value() == "abc");
    CHECK(
        ll::chat_template_from_json(R"({"chat_template":[{"name":"tool_use","template":"x"},{"name":"default","template":"y"}]})")
            .value() == "y");
    CHECK_FALSE(ll::chat_template_from_json("{}").value().has_value());
    CHECK_FALSE(ll::chat_template_from_json(R"({"chat_template":5})"));
  }
}

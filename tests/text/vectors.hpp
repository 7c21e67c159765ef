// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/tokenizer.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <string>
#include <vector>

namespace text_tests {

inline nlohmann::json load_json(const std::string& path) {
  std::ifstream file(std::string(LINGUALINKED_TEST_DATA) + "/" + path);
  REQUIRE_MESSAGE(file.good(), "cannot open test data " << path);
  return nlohmann::json::parse(file);
}

/// The tokenizer inside SmolLM2's model file.
inline lingualinked::tokenizer_spec smollm2_spec() {
  const nlohmann::json stored = load_json("tokenizers/smollm2/vocabulary.json");
  lingualinked::tokenizer_spec spec;
  spec.kind = lingualinked::tokenizer_kind::byte_bpe;
  spec.tokens = stored.at("tokens").get<std::vector<std::string>>();
  spec.types.assign(spec.tokens.size(), lingualinked::token_type::normal);
  for (const std::size_t id : stored.at("control")) spec.types[id] = lingualinked::token_type::control;
  for (const std::string merge : stored.at("merges")) {
    auto pair = lingualinked::split_merge(merge);
    REQUIRE(pair);
    spec.merges.push_back(*std::move(pair));
  }
  spec.pre_tokenizer_name = stored.at("pre").get<std::string>();
  spec.bos = stored.at("bos").get<lingualinked::token_id>();
  spec.eos = stored.at("eos").get<lingualinked::token_id>();
  spec.unknown = stored.at("unknown").get<lingualinked::token_id>();
  spec.padding = stored.at("padding").get<lingualinked::token_id>();
  spec.add_bos = stored.at("add_bos").get<bool>();
  return spec;
}

/// Checks every vector of a file: ids, ids with special tokens read as text, ids with bos and eos, and the way back.
inline void check_vectors(const lingualinked::tokenizer& tokenizer, const std::string& path) {
  const nlohmann::json stored = load_json(path);
  using ids = std::vector<lingualinked::token_id>;
  for (const auto& vector : stored.at("vectors")) {
    const auto text = vector.at("text").get<std::string>();
    CAPTURE(path);
    CAPTURE(text);
    const auto expected = vector.at("ids").get<ids>();
    const auto encoded = tokenizer.encode(text);
    REQUIRE(encoded);
    CHECK(*encoded == expected);
    const auto plain = tokenizer.encode(text, {.parse_special = false, .add_bos_eos = false});
    REQUIRE(plain);
    CHECK(*plain == vector.value("plain_ids", expected));
    const auto wrapped = tokenizer.encode(text, {.parse_special = true, .add_bos_eos = true});
    REQUIRE(wrapped);
    CHECK(*wrapped == vector.value("ids_with_bos_eos", expected));
    CHECK(lingualinked::valid_utf8(tokenizer.decode(expected)) == vector.at("decoded").get<std::string>());
  }
}

/// Checks the prompts of a reference model that are texts; their ids begin with bos where the tokenizer adds one.
inline void check_prompts(const lingualinked::tokenizer& tokenizer, const std::string& path) {
  const nlohmann::json stored = load_json(path);
  int checked = 0;
  for (const auto& prompt : stored.at("prompts")) {
    if (!prompt.at("text").is_string()) continue;
    const auto encoded = tokenizer.encode(prompt.at("text").get<std::string>(), {.parse_special = true, .add_bos_eos = true});
    REQUIRE(encoded);
    CHECK(*encoded == prompt.at("ids").get<std::vector<lingualinked::token_id>>());
    ++checked;
  }
  CHECK(checked > 0);
}

}  // namespace text_tests

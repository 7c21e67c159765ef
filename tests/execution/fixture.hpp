// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "execution/stage_chain.hpp"

#include <lingualinked/core/sequence.hpp>
#include <lingualinked/model/language_model.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace test_support {

namespace ll = lingualinked;

inline nlohmann::json read_json(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot open " + path);
  return nlohmann::json::parse(in);
}

/// A model of tests/data with what a reference implementation says of it: a file of gguf/, or a folder of models/.
class golden_model {
 public:
  struct prompt {
    std::vector<ll::token_id> ids;
    std::vector<ll::token_id> greedy;
    std::vector<float> logits;  // [ids.size(), vocabulary]; of a classifier [labels], after the last id
  };

  enum class form : unsigned char { gguf, folder };

  explicit golden_model(const std::string& name, form how = form::gguf)
      : model(ll::language_model::open(how == form::gguf ? folder() + name + ".gguf" : models_folder() + name).value()) {
    std::string base = how == form::gguf ? folder() : models_folder() + name + "/";
    auto said = read_json(base + (how == form::gguf ? name : "expected") + ".json");
    if (said.contains("expected")) {
      const std::string elsewhere = base + said["expected"].get<std::string>();
      base = elsewhere.substr(0, elsewhere.rfind('/') + 1);
      said = read_json(elsewhere);
    }
    tolerance = said["accuracy"]["atol"].get<double>();
    for (const auto& p : said["prompts"]) {
      prompt made{p["ids"], p.value("greedy", std::vector<ll::token_id>()), {}};
      std::size_t count = 1;
      for (const auto& n : p["logits"]["shape"]) count *= n.get<std::size_t>();
      made.logits.resize(count);
      std::ifstream in(base + p["logits"]["file"].get<std::string>(), std::ios::binary);
      in.seekg(p["logits"]["offset"].get<std::streamoff>() * 4);
      in.read(reinterpret_cast<char*>(made.logits.data()), static_cast<std::streamsize>(made.logits.size() * 4));
      if (!in) throw std::runtime_error("logits of " + name + " are incomplete");
      prompts.push_back(std::move(made));
    }
  }

  static std::string folder() { return std::string(LINGUALINKED_TEST_DATA) + "/gguf/"; }
  static std::string models_folder() { return std::string(LINGUALINKED_TEST_DATA) + "/models/"; }

  ll::language_model model;
  double tolerance = 0;
  std::vector<prompt> prompts;
};

/// The model as its reference ran it: its own type of KV cache, room for every prompt.
[[nodiscard]] inline chain_options options_for(const ll::language_model& model) {
  return {.kv_type = model.default_kv_type(), .context_tokens = std::min<std::size_t>(96, model.sizes().context_length)};
}

}  // namespace test_support

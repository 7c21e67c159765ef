// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/sequence.hpp>
#include <lingualinked/model/language_model.hpp>

#include <nlohmann/json.hpp>

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

/// A model of tests/data/gguf with what a reference implementation says of it.
class golden_model {
 public:
  struct prompt {
    std::vector<ll::token_id> ids;
    std::vector<ll::token_id> greedy;
    std::vector<float> logits;  // [ids.size(), vocabulary]
  };

  explicit golden_model(const std::string& name) : model(ll::language_model::open(folder() + name + ".gguf").value()) {
    auto said = read_json(folder() + name + ".json");
    std::string base = folder();
    if (said.contains("expected")) {
      const std::string elsewhere = base + said["expected"].get<std::string>();
      base = elsewhere.substr(0, elsewhere.rfind('/') + 1);
      said = read_json(elsewhere);
    }
    tolerance = said["accuracy"]["atol"].get<double>();
    for (const auto& p : said["prompts"]) {
      prompt made{p["ids"], p["greedy"], {}};
      made.logits.resize(p["logits"]["shape"][0].get<std::size_t>() * p["logits"]["shape"][1].get<std::size_t>());
      std::ifstream in(base + p["logits"]["file"].get<std::string>(), std::ios::binary);
      in.seekg(p["logits"]["offset"].get<std::streamoff>() * 4);
      in.read(reinterpret_cast<char*>(made.logits.data()), static_cast<std::streamsize>(made.logits.size() * 4));
      if (!in) throw std::runtime_error("logits of " + name + " are incomplete");
      prompts.push_back(std::move(made));
    }
  }

  static std::string folder() { return std::string(LINGUALINKED_TEST_DATA) + "/gguf/"; }

  ll::language_model model;
  double tolerance = 0;
  std::vector<prompt> prompts;
};

}  // namespace test_support

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <doctest/doctest.h>

#include <model/tiny_folder.hpp>
#include <support/run_tool.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

using namespace testing_tool;

namespace {

const std::string& folder_ids() {
  static const std::string path = scratch_file("prompt.json", "[1,5,9,33,7,300,21,4,4,90,17]");
  return path;
}

}  // namespace

TEST_SUITE("tool/folders") {
  TEST_CASE("a folder is inspected, planned, tokenized and run like a file") {
    const std::string folder = data("models/llama-gqa");
    const outcome seen = run_tool({"inspect", "-m", folder, "--json"});
    REQUIRE_MESSAGE(seen.status == 0, seen.err);
    CHECK(seen.json()["architecture"] == "llama");
    CHECK(seen.json()["modules"].size() == 8);
    CHECK(seen.json()["tokenizer"]["vocabulary"] == 512);
    CHECK(seen.json()["tensor_types"]["f32"] == 30);
    CHECK(seen.json()["rope"]["divisors"].is_null());
    const auto scaled = run_tool({"inspect", "-m", data("gguf/llama-rope3.gguf"), "--json"}).json();
    CHECK(scaled["rope"]["base"] == 500000);
    CHECK(scaled["rope"]["divisors"] == nlohmann::json{1, 8});
    CHECK(run_tool({"inspect", "-m", data("gguf/bloom-h4.gguf"), "--json"}).json()["rope"].is_null());
    const std::string npy = scratch_path("tensor.npy");
    CHECK(run_tool({"inspect", "-m", folder, "--tensor", "model.norm.weight", "--npy", npy}).status == 0);
    CHECK(contents(npy).size() > 48 * sizeof(float));

    const auto expected = nlohmann::json::parse(contents(folder + "/expected.json"));
    const auto& prompt = expected["prompts"][0];
    const std::string text = prompt["text"].get<std::string>();
    const outcome tokens = run_tool({"tokenize", "-m", folder, "--text", text, "--add-bos-eos", "--json"});
    REQUIRE_MESSAGE(tokens.status == 0, tokens.err);
    CHECK(tokens.json()["ids"] == prompt["ids"]);
    const outcome written = run_tool({"run", "-m", folder, "-p", text, "-n", "24", "--ignore-eos", "--devices", "3", "--json"});
    REQUIRE_MESSAGE(written.status == 0, written.err);
    CHECK(written.json()["prompt_tokens"] == prompt["ids"]);
    CHECK(written.json()["tokens"] == prompt["greedy"]);
  }

  TEST_CASE("a text begins with bos even when it is empty, or begins with bos itself") {
    const std::string folder = data("models/llama-gqa");
    const auto prompt = [&](const std::string& text) {
      const outcome o = run_tool({"run", "-m", folder, "-p", text, "-n", "1", "--json"});
      REQUIRE_MESSAGE(o.status == 0, o.err);
      return o.json()["prompt_tokens"].get<std::vector<int>>();
    };
    CHECK(prompt("") == std::vector<int>{1});
    CHECK(prompt("<s>") == std::vector<int>{1, 1});
    const outcome o = run_tool({"eval", "-m", folder, "--text-file", scratch_file("empty.txt", ""), "--json"});
    REQUIRE_MESSAGE(o.status == 0, o.err);
    CHECK(o.json()["tokens"] == 0);
    CHECK(o.json()["perplexity"].is_null());
  }

  TEST_CASE("a classifier gives the reference's labels, on one device and on three") {
    const std::string folder = data("models/llama-cls");
    const auto expected = nlohmann::json::parse(contents(folder + "/expected.json"));
    const std::string raw = contents(folder + "/logits.f32");
    for (const auto& prompt : expected["prompts"]) {
      const std::string file = scratch_file("ids.json", prompt["ids"].dump());
      const outcome one = run_tool({"classify", "-m", folder, "--ids-file", file, "--json"});
      REQUIRE_MESSAGE(one.status == 0, one.err);
      const auto logits = one.json()["logits"];
      REQUIRE(logits.size() == 3);
      double sum = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        float wanted = 0;
        std::memcpy(&wanted, raw.data() + (prompt["logits"]["offset"].get<std::size_t>() + i) * sizeof(float), sizeof(float));
        CHECK(std::abs(logits[i].get<double>() - double{wanted}) <= expected["accuracy"]["atol"].get<double>());
        sum += one.json()["labels"][i]["score"].get<double>();
      }
      CHECK(sum == doctest::Approx(1));
      const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
      CHECK(one.json()["labels"][0]["label"] == "LABEL_" + std::to_string(best));
      if (prompt["text"].is_null()) continue;
      const outcome three =
          run_tool({"classify", "-m", folder, "--text", prompt["text"].get<std::string>(), "--devices", "3", "--json"});
      REQUIRE_MESSAGE(three.status == 0, three.err);
      CHECK(three.json()["logits"] == logits);
      CHECK(three.json()["devices"].size() == 3);
    }
  }

  TEST_CASE("padding behind a text does not change its labels") {
    const std::string folder = data("models/llama-cls");  // padding is token 2
    const auto bare = run_tool({"classify", "-m", folder, "--ids-file", scratch_file("a.json", "[1,40,41]"), "--json"}).json();
    const auto padded =
        run_tool({"classify", "-m", folder, "--ids-file", scratch_file("b.json", "[1,40,41,2,2]"), "--json"}).json();
    CHECK(bare["labels"] == padded["labels"]);
  }

  TEST_CASE("weights rounded while loading give the same bytes on one device and on three") {
    const std::string folder = data("models/llama-rope3");
    const auto logits = [&](const std::string& name, std::vector<std::string> more) {
      const std::string path = scratch_path(name);
      std::vector<std::string> words{"eval", "-m", folder, "--ids-file", folder_ids(), "--logits", path, "--json"};
      words.insert(words.end(), more.begin(), more.end());
      const outcome o = run_tool(words);
      REQUIRE_MESSAGE(o.status == 0, o.err);
      return contents(path);
    };
    const std::string one = logits("one.npy", {"--weights", "q8_0"});
    CHECK(one == logits("three.npy", {"--weights", "q8_0", "--devices", "3"}));
    CHECK(one != logits("stored.npy", {}));
    CHECK(one != logits("coarse.npy", {"--weights", "q4_0"}));
    const outcome seen = run_tool({"inspect", "-m", folder, "--weights", "q8_0", "--json"});
    CHECK(seen.json()["tensor_types"]["q8_0"] > 10);
    CHECK(seen.json()["kv_dtype"] == "f16");
  }

  TEST_CASE("a damaged folder is one line that names the place, for every command and on several devices") {
    const std::string q = "model.layers.0.self_attn.q_proj.weight";
    std::array<test_support::tiny_folder, 5> tiny;
    tiny[1].weights.tensors.erase(q);
    tiny[2].weights.set(q, {16, 8});
    tiny[3].weights.set("model.extra.weight", {16});
    std::string numbers;
    for (int i = 0; i < 16 * 16; ++i) numbers += i == 40 ? std::string("\0\0\xc0\x7f", 4) : std::string("\0\0\x80\x3f", 4);
    tiny[4].weights.tensors[q] = {{16, 16}, "F32", numbers};
    const std::string shards = tiny[0].write();
    std::filesystem::remove(shards + "/model.safetensors");
    tiny[0].folder().write("model.safetensors.index.json", R"({"weight_map":{"lm_head.weight":"b.safetensors"}})");
    struct row {
      std::string folder;
      std::string says;
      bool seen_at_once;  // without reading weights
    };
    const row rows[] = {
        {shards, "b.safetensors", true},
        {tiny[1].write(), q + "' is missing", true},
        {tiny[2].write(), q + "' is 16 x 8", true},
        {tiny[3].write(), "'model.extra.weight' has no place", true},
        {tiny[4].write(), q + "' row 2 holds a value that is not finite", false},
    };
    const std::string ids = scratch_file("three.json", "[1,2,3]");
    for (const row& r : rows) {
      for (std::vector<std::string> words : {std::vector<std::string>{"inspect"},
                                             {"eval", "--ids-file", ids},
                                             {"eval", "--ids-file", ids, "--devices", "2"},
                                             {"classify", "--ids-file", ids},
                                             {"run", "--ids-file", ids, "-n", "2", "--devices", "3"}}) {
        if (!r.seen_at_once && (words[0] == "inspect" || words[0] == "classify")) continue;
        words.insert(words.end(), {"-m", r.folder, "--json"});
        const outcome o = run_tool(words);
        CAPTURE(r.says);
        CAPTURE(words[0]);
        INFO(o.err);
        CHECK(o.status == 3);
        CHECK(o.err.find(r.says) != std::string::npos);
        CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
        CHECK(o.json()["error"]["message"].get<std::string>().find(r.says) != std::string::npos);
      }
    }
  }

  TEST_CASE("a tensor is written with its own shape") {
    const std::string npy = scratch_path("vector.npy");
    const outcome o =
        run_tool({"inspect", "-m", data("gguf/qwen2.gguf"), "--tensor", "blk.0.attn_q.bias", "--npy", npy, "--json"});
    REQUIRE_MESSAGE(o.status == 0, o.err);
    CHECK(o.json() == nlohmann::json{{"tensor", "blk.0.attn_q.bias"}, {"type", "f32"}, {"shape", {48}}});
    CHECK(contents(npy).find("'shape': (48,)") != std::string::npos);
    const auto said = run_tool({"inspect", "-m", data("gguf/qwen2.gguf"), "--metadata", "--json"}).json();
    CHECK(said["general.architecture"] == "qwen2");
    CHECK(said["qwen2.block_count"] == 3);
  }

  TEST_CASE("a folder that is no model is unusable input, in one line") {
    const outcome o = run_tool({"run", "-m", data("tokenizers/llama3"), "--ids-file", folder_ids(), "--json"});
    CHECK(o.status == 3);
    CHECK(o.err.find("config.json") != std::string::npos);
    CHECK(o.err.find('\n') == o.err.size() - 1);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/model/hf_folder.hpp>

#include "model/tiny_folder.hpp"

#include <lingualinked/execution/stage_weights.hpp>
#include <lingualinked/formats/gguf.hpp>
#include <lingualinked/kernels/panels.hpp>
#include <lingualinked/model/language_model.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace ll = lingualinked;
using ll::errc;
using test_support::tiny_folder;

const std::string data_folder = std::string(LINGUALINKED_TEST_DATA) + "/models/";

struct damage {
  const char* name;
  std::function<void(tiny_folder&)> make;
  errc code;
  const char* says;
};

void check(const damage& d) {
  CAPTURE(d.name);
  tiny_folder tiny;
  d.make(tiny);
  const auto opened = ll::language_model::open(tiny.write());
  REQUIRE(!opened.has_value());
  INFO(opened.error().message);
  CHECK(opened.error().code == d.code);
  CHECK(opened.error().message.find(d.says) != std::string::npos);
  CHECK(opened.error().message.find('\n') == std::string::npos);
}

std::vector<float> floats_of(const ll::tensor_source& source, std::string_view name) {
  const auto* tensor = source.find(name);
  REQUIRE(tensor != nullptr);
  REQUIRE(tensor->type == ll::dtype::f32);
  std::vector<float> out(tensor->rows * tensor->columns);
  REQUIRE(source.read(*tensor, 0, std::as_writable_bytes(std::span(out))).has_value());
  return out;
}

std::vector<float> decoded(const ll::tensor_source& source, const ll::tensor_info& tensor) {
  std::vector<std::byte> raw(tensor.bytes);
  REQUIRE(source.read(tensor, 0, raw).has_value());
  std::vector<float> out(tensor.rows * tensor.columns);
  REQUIRE(ll::kernels::decode(tensor.type, raw, out).has_value());
  return out;
}

}  // namespace

TEST_SUITE("model/hf_folder") {
  TEST_CASE("a small folder opens, and says what it is") {
    tiny_folder tiny;
    const auto m = ll::language_model::open(tiny.write());
    REQUIRE_MESSAGE(m.has_value(), m.error().message);
    CHECK(m->sizes().architecture == "llama");
    CHECK(m->sizes().head_size == 8);
    CHECK(m->modules(ll::dtype::f32).node_count() == 4);
    CHECK(m->weights().find("blk.0.attn_q.weight") != nullptr);
    CHECK(m->weights().stored_name("blk.0.attn_q.weight") == "model.layers.0.self_attn.q_proj.weight");
    CHECK(m->default_kv_type() == ll::dtype::f32);
    CHECK(!m->make_tokenizer());
    CHECK(!m->chat_template());
    CHECK(m->fingerprint().value() == ll::language_model::open(tiny.write())->fingerprint().value());
    CHECK(m->sha256().value().size() == 64);
    const std::string before = m->fingerprint().value();
    tiny.config["rms_norm_eps"] = 1e-6;
    CHECK(ll::language_model::open(tiny.write())->fingerprint().value() != before);
  }

  TEST_CASE("names without the model's prefix, tied heads and old tables are taken") {
    tiny_folder tiny;
    auto bare = tiny.weights;
    bare.tensors.clear();
    for (const auto& [name, t] : tiny.weights.tensors) bare.tensors[name.starts_with("model.") ? name.substr(6) : name] = t;
    tiny.weights = bare;
    tiny.weights.set("layers.0.self_attn.rotary_emb.inv_freq", {4});
    CHECK(ll::language_model::open(tiny.write()).has_value());
    tiny.config["tie_word_embeddings"] = true;  // a stored head is not what the reference would use
    const auto tied = ll::language_model::open(tiny.write());
    REQUIRE(tied.has_value());
    CHECK(tied->tied_bytes() > 0);
    tiny.weights.tensors.erase("lm_head.weight");
    CHECK(ll::language_model::open(tiny.write()).has_value());
  }

  TEST_CASE("settings that published configs hold and that change nothing are passed over") {
    tiny_folder tiny;
    for (const char* name : {"gradient_checkpointing", "output_past", "_flash_attn_2_enabled", "unsloth_fixed"})
      tiny.config[name] = true;
    tiny.config["pruned_heads"] = nlohmann::json::object();
    tiny.config["_num_labels"] = 1;
    tiny.config["max_sequence_length"] = 64;
    tiny.config["_attn_implementation"] = "eager";
    tiny.config["rope_scaling"] = {{"type", "dynamic"}, {"factor", 2.0}};  // begins beyond the context
    const auto m = ll::language_model::open(tiny.write());
    REQUIRE_MESSAGE(m.has_value(), m.error().message);
    CHECK(m->sizes().rope_divisors.empty());
  }

  TEST_CASE("windows that a family's configs write as none are none") {
    tiny_folder tiny;
    tiny.config["model_type"] = "mistral";
    const auto window = [&] { return ll::hf_folder::open(tiny.write()).value().sizes.window; };
    CHECK(window() == 4096);
    tiny.config["sliding_window"] = nullptr;
    CHECK(window() == 0);
    tiny.config["model_type"] = "qwen3";
    tiny.config["head_dim"] = 8;
    tiny.weights.set("model.layers.0.self_attn.q_norm.weight", {8}).set("model.layers.0.self_attn.k_norm.weight", {8});
    tiny.config["use_sliding_window"] = true;
    tiny.config["max_window_layers"] = 0;
    CHECK(window() == 0);
    tiny.config["sliding_window"] = 0;
    CHECK(window() == 0);
    tiny.config["sliding_window"] = 7;
    CHECK(window() == 7);
    tiny.config["use_sliding_window"] = false;
    CHECK(window() == 0);
  }

  TEST_CASE("a folder that does not hold together is refused in one line that names the place") {
    const std::string q = "model.layers.0.self_attn.q_proj.weight";
    const damage all[] = {
        {"no tensor", [&](tiny_folder& t) { t.weights.tensors.erase(q); }, errc::malformed,
         "'model.layers.0.self_attn.q_proj.weight' is missing"},
        {"no head", [](tiny_folder& t) { t.weights.tensors.erase("lm_head.weight"); }, errc::malformed,
         "'lm_head.weight' is missing"},
        {"no second layer", [](tiny_folder& t) { t.config["num_hidden_layers"] = 2; }, errc::malformed, "'model.layers.1."},
        {"a layer too many", [](tiny_folder& t) { t.weights.set("model.layers.1.input_layernorm.weight", {16}); },
         errc::unsupported, "'model.layers.1.input_layernorm.weight' has no place"},
        {"an unknown tensor", [](tiny_folder& t) { t.weights.set("model.extra.weight", {16}); }, errc::unsupported,
         "'model.extra.weight' has no place"},
        {"an unknown mask",
         [](tiny_folder& t) {
           t.weights.tensors["model.mask"] = {{1, 4}, "BOOL", "abcd"};
         },
         errc::unsupported, "'model.mask' has no place"},
        {"a bias that the config denies", [](tiny_folder& t) { t.weights.set("model.layers.0.self_attn.q_proj.bias", {16}); },
         errc::unsupported, "q_proj.bias' has no place"},
        {"a bias that is promised", [](tiny_folder& t) { t.config["attention_bias"] = true; }, errc::malformed,
         "q_proj.bias' is missing"},
        {"a wrong shape",
         [&](tiny_folder& t) {
           t.weights.set(q, {16, 8});
         },
         errc::malformed, "'model.layers.0.self_attn.q_proj.weight' is 16 x 8, but the model's sizes ask for 16 x 16"},
        {"a wrong type",
         [&](tiny_folder& t) {
           t.weights.tensors[q] = {{16, 16}, "I8", std::string(256, 'a')};
         },
         errc::unsupported, "is stored as 'I8'"},
        {"a vector where a matrix stands", [&](tiny_folder& t) { t.weights.set(q, {256}); }, errc::malformed, "is 1 x 256"},
        {"an unknown family", [](tiny_folder& t) { t.config["model_type"] = "mamba"; }, errc::unsupported,
         "model_type: 'mamba' is not supported"},
        {"no family", [](tiny_folder& t) { t.config.erase("model_type"); }, errc::malformed, "model_type"},
        {"an unknown head", [](tiny_folder& t) { t.config["architectures"] = {"LlamaForTokenClassification"}; },
         errc::unsupported, "LlamaForTokenClassification"},
        {"an unknown switch", [](tiny_folder& t) { t.config["use_magic"] = true; }, errc::unsupported,
         "use_magic: is a switch that this library does not know"},
        {"heads that were cut out",
         [](tiny_folder& t) {
           t.config["pruned_heads"] = {{"0", {1}}};
         },
         errc::unsupported, "pruned_heads"},
        {"other quantisation",
         [](tiny_folder& t) {
           t.config["quantization_config"] = {{"bits", 4}};
         },
         errc::unsupported, "quantization_config"},
        {"an unknown rope scaling",
         [](tiny_folder& t) {
           t.config["rope_scaling"] = {{"rope_type", "ntk"}, {"factor", 2.0}};
         },
         errc::unsupported, "rope scaling 'ntk' is not supported"},
        {"more of a head than there is turns",
         [](tiny_folder& t) {
           t.config["rope_parameters"] = {{"rope_type", "default"}, {"partial_rotary_factor", 2.0}};
         },
         errc::malformed, "16 of 8 elements of a head cannot turn"},
        {"longrope from one token",
         [](tiny_folder& t) {
           t.config["max_position_embeddings"] = 1;
           t.config["rope_scaling"] = {{"rope_type", "longrope"}, {"short_factor", {1.0}}, {"long_factor", {2.0}}};
         },
         errc::malformed, "began from a context of 1"},
        {"longrope without short factors",
         [](tiny_folder& t) {
           t.config["rope_scaling"] = {{"rope_type", "longrope"}, {"short_factor", {1.0}}, {"long_factor", {2.0}}};
         },
         errc::malformed, "'longrope' needs 4 positive short factors"},
        {"longrope whose original context is in either place",
         [](tiny_folder& t) {
           t.config["rope_scaling"] = {{"rope_type", "longrope"}, {"original_max_position_embeddings", 16}};
         },
         errc::unsupported, "versions of the reference differ"},
        {"llama3 without its factors",
         [](tiny_folder& t) {
           t.config["rope_scaling"] = {{"rope_type", "llama3"}, {"factor", 2.0}};
         },
         errc::malformed, "original_max_position_embeddings"},
        {"an unknown activation", [](tiny_folder& t) { t.config["hidden_act"] = "tanh"; }, errc::unsupported, "'tanh'"},
        {"heads that do not divide", [](tiny_folder& t) { t.config["num_key_value_heads"] = 3; }, errc::malformed,
         "does not divide"},
        {"no heads", [](tiny_folder& t) { t.config["num_attention_heads"] = 0; }, errc::malformed, "num_attention_heads"},
        {"too many layers", [](tiny_folder& t) { t.config["num_hidden_layers"] = 1 << 20; }, errc::malformed,
         "num_hidden_layers"},
        {"a vocabulary of another size", [](tiny_folder& t) { t.config["vocab_size"] = 12; }, errc::malformed,
         "'model.embed_tokens.weight' is 11 x 16"},
        {"an encoder", [](tiny_folder& t) { t.config["is_encoder_decoder"] = true; }, errc::unsupported, "is_encoder_decoder"},
    };
    for (const damage& d : all) check(d);
  }

  TEST_CASE("a missing shard and a missing config are named") {
    const test_support::temporary_folder folder;
    CHECK(ll::language_model::open(folder.path().string()).error().message.find("config.json") != std::string::npos);
    const tiny_folder tiny;
    folder.write("config.json", tiny.config.dump());
    CHECK(ll::language_model::open(folder.path().string()).error().message.find("model.safetensors") != std::string::npos);
    folder.write("model.safetensors.index.json", R"({"weight_map":{"lm_head.weight":"model-00001-of-00002.safetensors"}})");
    const auto opened = ll::language_model::open(folder.path().string());
    CHECK(opened.error().code == errc::io);
    CHECK(opened.error().message.find("model-00001-of-00002.safetensors") != std::string::npos);
  }

  TEST_CASE("a weight that is no number is found by the stage that loads it, and by no other") {
    tiny_folder tiny;
    std::string data;
    for (int i = 0; i < 24 * 16; ++i) data += i == 16 * 5 + 3 ? std::string("\0\0\xc0\x7f", 4) : std::string("\0\0\x80\x3f", 4);
    tiny.weights.tensors["model.layers.0.mlp.up_proj.weight"] = {{24, 16}, "F32", data};
    const auto m = ll::language_model::open(tiny.write()).value();
    const auto modules = m.modules(ll::dtype::f32);
    const std::span operations(m.graph().operations);
    for (const auto& part : modules.modules()) {
      CAPTURE(part.name);
      const auto loaded = ll::stage_weights::load(
          operations.subspan(part.first_operation, part.end_operation - part.first_operation), m.weights());
      CHECK(loaded.has_value() == (part.name != "layer 0 feed-forward"));
      if (loaded) continue;
      CHECK(loaded.error().code == errc::malformed);
      CHECK(loaded.error().message.find("'model.layers.0.mlp.up_proj.weight' row 5") != std::string::npos);
    }
  }

  TEST_CASE("layouts of other families are read as GGUF has them, whole and in pieces") {
    struct pair {
      const char* name;
      const char* tensor;
    };
    for (const auto& [name, tensor] : {pair{"gpt2", "blk.0.attn_qkv.weight"}, pair{"bloom-h6", "blk.1.attn_qkv.weight"},
                                       pair{"bloom-h6", "blk.1.attn_qkv.bias"}, pair{"gemma3", "blk.2.attn_q_norm.weight"},
                                       pair{"gpt2", "blk.2.ffn_down.weight"}, pair{"gemma3", "output_norm.weight"}}) {
      CAPTURE(name);
      CAPTURE(tensor);
      const auto folder = ll::hf_folder::open(data_folder + name);
      REQUIRE_MESSAGE(folder.has_value(), folder.error().message);
      const auto file = ll::gguf_file::open(std::string(LINGUALINKED_TEST_DATA) + "/gguf/" + name + ".gguf").value();
      const auto* mine = folder->weights.find(tensor);
      const auto* theirs = file.find(tensor);
      REQUIRE(mine != nullptr);
      REQUIRE(theirs != nullptr);
      CHECK(mine->rows == theirs->rows);
      CHECK(mine->columns == theirs->columns);
      REQUIRE(mine->type == theirs->type);
      std::vector<std::byte> expected(theirs->bytes);
      REQUIRE(file.read(*theirs, 0, expected).has_value());
      for (const std::size_t piece : {expected.size(), std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
        std::vector<std::byte> read(expected.size());
        for (std::size_t at = 0; at < read.size(); at += piece)
          REQUIRE(folder->weights.read(*mine, at, std::span(read).subspan(at, std::min(piece, read.size() - at))).has_value());
        CHECK(read == expected);
      }
      std::vector<std::byte> beyond(2);
      CHECK(folder->weights.read(*mine, mine->bytes - 1, beyond).error().code == errc::invalid_argument);
    }
  }

  TEST_CASE("every tensor of a folder holds the numbers of the GGUF file of the same model") {
    for (const std::string name :
         {"llama-gqa", "qwen2", "qwen3", "gpt2", "bloom-h4", "bloom-h6", "gemma3", "stablelm-parallel"}) {
      CAPTURE(name);
      const auto folder = ll::hf_folder::open(data_folder + name);
      REQUIRE_MESSAGE(folder.has_value(), folder.error().message);
      const auto file = ll::gguf_file::open(std::string(LINGUALINKED_TEST_DATA) + "/gguf/" + name + ".gguf").value();
      CHECK(folder->weights.tensors().size() == file.tensors().size());
      for (const ll::tensor_info& t : file.tensors()) {
        CAPTURE(t.name);
        // GGUF keeps the rows of a Llama's q and k in pairs.
        if (name == "llama-gqa" && (t.name.find("attn_q.") != t.name.npos || t.name.find("attn_k.") != t.name.npos)) continue;
        const auto* mine = folder->weights.find(t.name);
        REQUIRE(mine != nullptr);
        const auto ours = decoded(folder->weights, *mine);
        const auto theirs = decoded(file, t);
        REQUIRE(ours.size() == theirs.size());
        double worst = 0;
        for (std::size_t i = 0; i < ours.size(); ++i) worst = std::max(worst, std::abs(double{ours[i]} - double{theirs[i]}));
        CHECK(worst <= (name == "qwen2" || name == "gemma3" ? 0x1p-25 : 0.0));  // the smallest bfloat16 numbers round in float16
      }
    }
  }

  TEST_CASE("every folder of a supported family is understood") {
    for (const std::string name : {"bloom-cls", "bloom-h4", "bloom-h6", "gemma3", "gemma3-linear", "gpt2", "gpt2-cls",
                                   "llama-cls", "llama-gqa", "llama-rope3", "mistral-swa", "qwen2", "qwen3"}) {
      CAPTURE(name);
      const auto folder = ll::hf_folder::open(data_folder + name);
      CHECK_MESSAGE(folder.has_value(), folder.error().message);
    }
    CHECK(ll::hf_folder::open(data_folder + "gemma3-linear")->sizes.rope_divisors == std::vector<double>(8, 8.0));
    CHECK(ll::hf_folder::open(data_folder + "gemma3-linear")->sizes.window_rope_base == 10'000);
    CHECK(ll::hf_folder::open(data_folder + "gemma3")->sizes.window_of(5) == 0);
    CHECK(ll::hf_folder::open(data_folder + "gemma3")->sizes.window_of(4) == 8);
    CHECK(ll::hf_folder::open(data_folder + "bloom-cls")->sizes.residual_after_norm);
    CHECK(ll::hf_folder::open(data_folder + "qwen2")->sizes.window == 0);
  }

  TEST_CASE("experts stand one behind the other, and all of them must be there") {
    tiny_folder tiny;
    tiny.config["model_type"] = "mixtral";
    tiny.config["sliding_window"] = nullptr;
    tiny.config["num_local_experts"] = 3;
    tiny.config["num_experts_per_tok"] = 2;
    std::erase_if(tiny.weights.tensors, [](const auto& t) { return t.first.find(".mlp.") != std::string::npos; });
    const std::string part = "model.layers.0.block_sparse_moe.";
    tiny.weights.set(part + "gate.weight", {3, 16});
    for (const std::string e : {"0", "1", "2"}) {
      const std::string data(24 * 16 * 2, static_cast<char>('a' + e[0] - '0'));
      tiny.weights.tensors[part + "experts." + e + ".w1.weight"] = {{24, 16}, "F16", data};
      tiny.weights.set(part + "experts." + e + ".w2.weight", {16, 24}).set(part + "experts." + e + ".w3.weight", {24, 16});
    }
    const auto folder = ll::hf_folder::open(tiny.write());
    REQUIRE_MESSAGE(folder.has_value(), folder.error().message);
    const auto& gate = *folder->weights.find("blk.0.ffn_gate_exps.weight");
    CHECK(gate.shape == std::vector<std::uint64_t>{3, 24, 16});
    CHECK(gate.rows == 72);
    std::string read(24 * 16 * 2 + 4, ' ');
    REQUIRE(folder->weights.read(gate, 24 * 16 * 2 - 2, std::as_writable_bytes(std::span(read))).has_value());
    CHECK(read == "aa" + std::string(24 * 16 * 2, 'b') + "cc");
    tiny.weights.set(part + "experts.1.w2.weight", {16, 12});
    CHECK(ll::hf_folder::open(tiny.write()).error().message.find("experts.1.w2.weight' differs") != std::string::npos);
    tiny.weights.tensors.erase(part + "experts.1.w2.weight");
    CHECK(ll::hf_folder::open(tiny.write()).error().message.find("experts.1.w2.weight' is missing") != std::string::npos);
  }

  TEST_CASE("norms of float16 files become float32") {
    const auto folder = ll::hf_folder::open(data_folder + "mistral-swa").value();
    const auto norm = floats_of(folder.weights, "output_norm.weight");
    REQUIRE(norm.size() == 32);
    for (const float x : norm) CHECK((std::isfinite(x) && x != 0));
    CHECK(folder.sizes.window == 8);
  }

  TEST_CASE("classifiers bring the names of their labels") {
    const auto folder = ll::hf_folder::open(data_folder + "llama-cls").value();
    CHECK(folder.sizes.labels == std::vector<std::string>{"LABEL_0", "LABEL_1", "LABEL_2"});
    tiny_folder tiny;
    tiny.config["architectures"] = {"LlamaForSequenceClassification"};
    tiny.weights.tensors.erase("lm_head.weight");
    tiny.weights.set("score.weight", {2, 16});
    const auto two = ll::language_model::open(tiny.write());
    REQUIRE_MESSAGE(two.has_value(), two.error().message);
    CHECK(two->sizes().labels == std::vector<std::string>{"LABEL_0", "LABEL_1"});
    tiny.config["id2label"] = {{"0", "bad"}, {"1", "fine"}, {"2", "good"}};
    CHECK(ll::language_model::open(tiny.write()).error().message.find("'score.weight' is 2 x 16") != std::string::npos);
    tiny.config["problem_type"] = "ranking";
    CHECK(ll::language_model::open(tiny.write()).error().code == errc::unsupported);
  }

  TEST_CASE("scores are what the kind of problem makes them") {
    tiny_folder tiny;
    tiny.config["architectures"] = {"LlamaForSequenceClassification"};
    tiny.weights.tensors.erase("lm_head.weight");
    const auto rule = [&] { return ll::hf_folder::open(tiny.write()).value().sizes.scores; };
    for (const char* kind : {"", "single_label_classification", "multi_label_classification", "regression"}) {
      CAPTURE(kind);
      if (*kind != 0) tiny.config["problem_type"] = kind;
      const bool none = kind == std::string("regression");
      tiny.config["id2label"] = {{"0", "good"}};
      tiny.weights.set("score.weight", {1, 16});
      CHECK(rule() == (none ? ll::score_rule::none : ll::score_rule::sigmoid));
      tiny.config["id2label"] = {{"0", "bad"}, {"1", "good"}};
      tiny.weights.set("score.weight", {2, 16});
      const bool several = kind == std::string("multi_label_classification");
      CHECK(rule() == (none ? ll::score_rule::none : several ? ll::score_rule::sigmoid : ll::score_rule::softmax));
    }
  }

  TEST_CASE("a folder's tokenizer knows the end tokens of its generation settings") {
    const test_support::temporary_folder folder;
    for (const char* name : {"tokenizer.json", "tokenizer_config.json"})
      folder.write(name, [&] {
        std::ifstream in(data_folder + "llama-gqa/" + name, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(in), {});
      }());
    folder.write("generation_config.json", R"({"eos_token_id":[2,77]})");
    const auto spec = ll::tokenizer_spec_from_folder(folder.path().string());
    REQUIRE_MESSAGE(spec.has_value(), spec.error().message);
    CHECK(spec->eos == 2);
    CHECK(spec->end_of_turn == 77);
    CHECK(ll::chat_template_from_folder(folder.path().string()).value()->find("[INST]") != std::string::npos);
    folder.write("chat_template.jinja", "{{ messages }}");
    CHECK(ll::chat_template_from_folder(folder.path().string()).value() == "{{ messages }}");
    folder.write("generation_config.json", R"({"eos_token_id":"two"})");
    CHECK(ll::tokenizer_spec_from_folder(folder.path().string()).error().code == errc::malformed);
  }
}

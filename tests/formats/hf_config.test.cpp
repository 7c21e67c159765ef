// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/formats/hf_config.hpp>

#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ll = lingualinked;
using ll::errc;

namespace {

ll::hf_config config_of(std::string_view fields) {
  auto config = ll::hf_config::parse(R"({"model_type":"llama",)" + std::string(fields) + '}');
  REQUIRE_MESSAGE(config.has_value(), config.error().message);
  return *std::move(config);
}

template <class T>
void refused(const ll::result<T>& r, std::string_view words) {
  REQUIRE_FALSE(r.has_value());
  INFO(r.error().message);
  CHECK(r.error().message.find(words) != std::string::npos);
}

}  // namespace

TEST_SUITE("formats/hf_config") {
  TEST_CASE("the config of a real folder reads, by folder and by file") {
    const std::string folder = LINGUALINKED_TEST_DATA "/models/llama-rope3";
    for (const std::string& path : {folder, folder + "/config.json"}) {
      const auto config = ll::hf_config::open(path);
      REQUIRE_MESSAGE(config.has_value(), config.error().message);
      CHECK(config->model_type() == "llama");
      CHECK(config->architectures() == std::vector<std::string>{"LlamaForCausalLM"});
      CHECK(config->get_uint({"num_hidden_layers"}, 1, 1024).value() == 2);
      CHECK(config->get_uint({"n_embd", "hidden_size"}, 1, 1 << 20).value() == 32);
      CHECK(config->get_float({"rms_norm_eps"}, 0, 1).value() == 1e-5);
      CHECK(config->get_bool_or({"tie_word_embeddings"}, false).value());
      CHECK(config->get_string_or({"dtype", "torch_dtype"}, "").value() == "float16");
      const auto rope = config->rope().value();
      CHECK(rope.type == "llama3");
      CHECK(rope.theta == 500'000);
      CHECK(rope.factor == 8);
      CHECK(rope.low_freq_factor == 1);
      CHECK(rope.high_freq_factor == 4);
      CHECK(rope.original_max_position_embeddings == 512);
      CHECK_FALSE(rope.beta_fast.has_value());
    }
    CHECK(ll::hf_config::open(folder + "/absent.json").error().code == errc::io);
  }

  TEST_CASE("both generations of the same rope settings say the same") {
    const auto first = config_of(R"("rope_theta":500000.0,"rope_scaling":{"type":"linear","factor":4.0})").rope().value();
    const auto second = config_of(R"("rope_parameters":{"rope_theta":500000,"rope_type":"linear","factor":4})").rope().value();
    CHECK(first.type == second.type);
    CHECK(first.theta == second.theta);
    CHECK(first.factor == second.factor);
    const auto none = config_of(R"("rope_scaling":null)").rope({}, 25'000).value();
    CHECK(none.type == "default");
    CHECK(none.theta == 25'000);
  }

  TEST_CASE("layer types have their own settings in both generations") {
    const auto first =
        config_of(R"("rope_theta":1e6,"rope_local_base_freq":10000.0,"rope_scaling":{"rope_type":"linear","factor":8.0})");
    const auto second = config_of(
        R"("rope_parameters":{"full_attention":{"rope_type":"linear","factor":8.0,"rope_theta":1e6},
                              "sliding_attention":{"rope_type":"default","rope_theta":10000.0}})");
    for (const auto* config : {&first, &second}) {
      const auto full = config->rope("full_attention").value();
      CHECK(full.theta == 1e6);
      CHECK(full.type == "linear");
      CHECK(full.factor == 8);
      const auto local = config->rope("sliding_attention").value();
      CHECK(local.theta == 10'000);
      CHECK(local.type == "default");
      CHECK_FALSE(local.factor.has_value());
    }
    refused(second.rope("chunked_attention"), "rope_parameters.chunked_attention: missing");
    refused(second.rope(), "one entry for each layer type");
  }

  TEST_CASE("long factors come as lists, and unknown rope settings are refused by name") {
    const auto rope =
        config_of(R"("rope_scaling":{"type":"su","rope_type":"longrope","short_factor":[1,1.5],"long_factor":[2,4.0]})")
            .rope()
            .value();
    CHECK(rope.type == "longrope");
    CHECK(rope.short_factor == std::vector<double>{1, 1.5});
    CHECK(rope.long_factor == std::vector<double>{2, 4});
    const auto unknown = config_of(R"("rope_scaling":{"rope_type":"default","mrope_section":[16,24,24]})").rope();
    refused(unknown, "rope_scaling.mrope_section");
    CHECK(unknown.error().code == errc::unsupported);
    refused(config_of(R"("rope_scaling":"linear")").rope(), "rope_scaling: expected an object");
    refused(config_of(R"("rope_scaling":{"type":3})").rope(), "rope_scaling.type");
    refused(config_of(R"("rope_scaling":{"type":"linear","factor":-1})").rope(), "rope_scaling.factor");
    refused(config_of(R"("rope_theta":0)").rope(), "rope_theta");
    refused(config_of(R"("rope_theta":"10000")").rope(), "rope_theta");
    refused(config_of(R"("rope_scaling":{"type":"longrope","long_factor":[1,"x"]})").rope(), "rope_scaling.long_factor[1]");
    refused(config_of(R"("rope_scaling":{"original_max_position_embeddings":0})").rope(), "original_max_position_embeddings");
  }

  TEST_CASE("a text model wrapped in another is found, and what it lacks is looked up around it") {
    const auto config = ll::hf_config::parse(R"({"model_type":"gemma3","architectures":["Gemma3ForConditionalGeneration"],
      "text_config":{"model_type":"gemma3_text","hidden_size":64},"hidden_size":1,"eos_token_id":[1,106],"vision_config":{}})");
    REQUIRE(config.has_value());
    CHECK(config->model_type() == "gemma3_text");
    CHECK(config->architectures().size() == 1);
    CHECK(config->get_uint({"hidden_size"}, 1, 1000).value() == 64);
    CHECK(config->get_ids({"eos_token_id"}, 1000).value() == std::vector<std::uint64_t>{1, 106});
    CHECK(config->fields() == std::vector<std::string>{"hidden_size", "model_type"});
    refused(config->get_uint({"num_hidden_layers", "n_layer"}, 1, 100), "text_config.num_hidden_layers: missing");
    refused(ll::hf_config::parse(R"({"model_type":"x","text_config":5})"), "text_config: expected an object");
  }

  TEST_CASE("ids, labels and lists are checked") {
    const auto config = config_of(R"("eos_token_id":2,"bad":[1,-1],"far":[70000],"id2label":{"1":"b","0":"a","2":"c"},"none":null,
                                     "layer_types":["full_attention","sliding_attention"],"mixed":["a",1])");
    CHECK(config.get_ids({"eos_token_id"}, 100).value() == std::vector<std::uint64_t>{2});
    CHECK(config.get_ids({"absent"}, 100).value().empty());
    CHECK(config.get_ids({"none"}, 100).value().empty());
    refused(config.get_ids({"bad"}, 100), "bad[1]");
    refused(config.get_ids({"far"}, 65'535), "far[0]");
    CHECK(config.labels().value() == std::vector<std::string>{"a", "b", "c"});
    CHECK(config.get_strings({"layer_types"}, 10).value().size() == 2);
    refused(config.get_strings({"layer_types"}, 1), "layer_types: 2 elements");
    refused(config.get_strings({"mixed"}, 10), "mixed[1]");
    refused(config_of(R"("id2label":{"0":"a","2":"c"})").labels(), "id2label.1: missing");
    refused(config_of(R"("id2label":{"0":5})").labels(), "id2label.0");
    refused(config_of(R"("id2label":["a"])").labels(), "id2label: expected an object");
  }

  TEST_CASE("numbers are held to their ranges and types") {
    const auto config =
        config_of(R"("layers":0,"minus":-1,"part":1.5,"text":"3","huge":18446744073709551616,"flag":1,"eps":1e-6)");
    for (const std::string_view name : {"layers", "minus", "part", "text", "huge", "absent"}) {
      CAPTURE(name);
      refused(config.get_uint({name}, 1, 1024), name);
    }
    refused(config.get_bool_or({"flag"}, true), "flag");
    refused(config.get_string_or({"flag"}, ""), "flag");
    refused(config.get_float({"eps"}, 1e-5, 1), "eps");
    CHECK(config.get_uint_or({"absent"}, 7, 1, 10).value() == 7);
    refused(config.get_uint_or({"layers"}, 7, 1, 10), "layers");
    CHECK(config.get_float_or({"absent"}, 0.5, 0, 1).value() == 0.5);
    CHECK(config.get_bool_or({"absent"}, true).value());
    CHECK(config.get_string_or({"absent"}, "x").value() == "x");
  }

  TEST_CASE("a broken config is one clear error") {
    const test_support::temporary_folder folder;
    refused(ll::hf_config::parse(""), "byte");
    refused(ll::hf_config::parse("[]"), "document: expected an object");
    refused(ll::hf_config::parse("{}"), "model_type: missing");
    refused(ll::hf_config::parse(R"({"model_type":5})"), "model_type");
    refused(ll::hf_config::parse(R"({"model_type":"x","model_type":"y"})"), "stands twice");
    refused(ll::hf_config::parse(R"({"model_type":"x","architectures":"y"})"), "architectures");
    refused(ll::hf_config::parse(std::string(100'000, '[')), "nested deeper");
    refused(ll::hf_config::open(folder.write("config.json", "{")), "config.json");
    const auto path = folder.write("config.json", "{}");
    std::filesystem::resize_file(path, std::uint64_t{1} << 30);  // a hole: costs no disk
    const auto large = ll::hf_config::open(folder.path().string());
    refused(large, "config.json");
    CHECK(large.error().code == errc::limit);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/formats/safetensors.hpp>

#include "support/allocation_meter.hpp"
#include "support/temporary_folder.hpp"

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/core/half.hpp>
#include <lingualinked/formats/gguf.hpp>
#include <lingualinked/formats/hf_config.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ll = lingualinked;
using ll::errc;
using test_support::allocation_meter;
using test_support::temporary_folder;

namespace {

const std::string test_data = LINGUALINKED_TEST_DATA;

// A file with that header text, and data of zeros.
std::string file_of(std::string_view header, std::size_t data_bytes) {
  std::array<std::byte, 8> length{};
  ll::store_little_endian(length.data(), std::uint64_t{header.size()});
  return std::string(reinterpret_cast<const char*>(length.data()), length.size()) + std::string(header) +
         std::string(data_bytes, '\0');
}

std::string tensor_of(std::string_view name, std::string_view type, std::string_view shape, std::uint64_t begin,
                      std::uint64_t end) {
  return '"' + std::string(name) + R"(":{"dtype":")" + std::string(type) + R"(","shape":)" + std::string(shape) +
         R"(,"data_offsets":[)" + std::to_string(begin) + ',' + std::to_string(end) + "]}";
}

std::vector<float> floats_of(const ll::tensor_source& source, std::string_view name) {
  const auto* tensor = source.find(name);
  REQUIRE(tensor != nullptr);
  std::vector<std::byte> raw(tensor->bytes);
  REQUIRE(source.read(*tensor, 0, raw).has_value());
  ll::byte_reader reader(raw);
  std::vector<float> out(tensor->rows * tensor->columns);
  for (auto& x : out) {
    if (tensor->type == ll::dtype::f32) x = reader.read<float>();
    else if (tensor->type == ll::dtype::f16) x = ll::float_from_f16(reader.read<std::uint16_t>());
    else x = ll::float_from_bf16(reader.read<std::uint16_t>());
  }
  CHECK(reader.ok());
  return out;
}

}  // namespace

TEST_SUITE("formats/safetensors") {
  TEST_CASE("a small file gives back names, types, shapes and bytes") {
    const temporary_folder folder;
    auto bytes =
        file_of(R"({"__metadata__":{"format":"pt"},)" + tensor_of("a", "F32", "[2,3]", 8, 32) + ',' +
                    tensor_of("b", "BF16", "[2,1,2]", 0, 8) + ',' + tensor_of("c", "F16", "[]", 32, 34) + ',' +
                    tensor_of("none", "F32", "[0,5]", 34, 34) + ',' + tensor_of("mask", "BOOL", "[1,3]", 34, 37) + "}   ",
                37);
    bytes[bytes.size() - 37 + 8 + 3] = '\x3f';
    bytes[bytes.size() - 37 + 8 + 2] = '\x80';
    const auto model = ll::safetensors_model::open(folder.write("a.safetensors", bytes));
    REQUIRE_MESSAGE(model.has_value(), model.error().message);
    CHECK(model->tensors().size() == 4);
    const auto& a = *model->find("a");
    CHECK(a.type == ll::dtype::f32);
    CHECK(a.rows == 2);
    CHECK(a.columns == 3);
    CHECK(floats_of(*model, "a") == std::vector<float>{1, 0, 0, 0, 0, 0});
    CHECK(model->find("b")->rows == 2);
    CHECK(model->find("b")->shape == std::vector<std::uint64_t>{2, 1, 2});
    CHECK(model->find("c")->rows * model->find("c")->columns == 1);
    CHECK(model->find("none")->bytes == 0);
    CHECK(model->find("mask") == nullptr);
    REQUIRE(model->skipped().size() == 1);
    CHECK(model->skipped()[0].name == "mask");
    CHECK(model->skipped()[0].type == "BOOL");
    CHECK(model->files()[0].header_bytes == bytes.size() - 37);
  }

  TEST_CASE("a model in one file and the same model in GGUF hold the same numbers") {
    const auto model = ll::safetensors_model::open(test_data + "/models/llama-gqa");
    const auto gguf = ll::gguf_file::open(test_data + "/gguf/llama-gqa.gguf");
    REQUIRE_MESSAGE(model.has_value(), model.error().message);
    REQUIRE(gguf.has_value());
    CHECK(floats_of(*model, "model.embed_tokens.weight") == floats_of(*gguf, "token_embd.weight"));
    CHECK(floats_of(*model, "lm_head.weight") == floats_of(*gguf, "output.weight"));
    CHECK(floats_of(*model, "model.layers.2.mlp.down_proj.weight") == floats_of(*gguf, "blk.2.ffn_down.weight"));
    CHECK(floats_of(*model, "model.layers.1.self_attn.v_proj.weight") == floats_of(*gguf, "blk.1.attn_v.weight"));
    CHECK(model->find("model.layers.2.mlp.down_proj.weight")->shape == gguf->find("blk.2.ffn_down.weight")->shape);
    CHECK(model->files().back().path.ends_with("config.json"));
  }

  TEST_CASE("every model folder opens, and its embedding is that of its GGUF twin") {
    int twins = 0;
    for (const auto& entry : std::filesystem::directory_iterator(test_data + "/models")) {
      const auto name = entry.path().filename().string();
      CAPTURE(name);
      const auto model = ll::safetensors_model::open(entry.path().string());
      REQUIRE_MESSAGE(model.has_value(), model.error().message);
      const auto config = ll::hf_config::open(entry.path().string());
      REQUIRE_MESSAGE(config.has_value(), config.error().message);
      const auto vocabulary = config->get_uint({"vocab_size"}, 1, 1'000'000).value();
      const auto width = config->get_uint({"word_embed_proj_dim", "hidden_size", "n_embd"}, 1, 1'000'000).value();
      CHECK(config->rope("full_attention").has_value());
      const auto found = std::find_if(model->tensors().begin(), model->tensors().end(), [](const auto& t) {
        return t.name.ends_with("embed_tokens.weight") || t.name.ends_with("word_embeddings.weight") ||
               t.name.ends_with("wte.weight");
      });
      REQUIRE(found != model->tensors().end());
      CHECK(found->shape == std::vector<std::uint64_t>{vocabulary, width});
      const auto gguf = ll::gguf_file::open(test_data + "/gguf/" + name + ".gguf");
      if (!gguf) continue;
      ++twins;
      CHECK(floats_of(*model, found->name) == floats_of(*gguf, "token_embd.weight"));
    }
    CHECK(twins == 10);
  }

  TEST_CASE("a sharded model reads as one, by folder and by index") {
    const auto gguf = ll::gguf_file::open(test_data + "/gguf/llama-rope3.gguf");
    REQUIRE(gguf.has_value());
    for (const std::string path : {"/models/llama-rope3", "/models/llama-rope3/model.safetensors.index.json"}) {
      const auto model = ll::safetensors_model::open(test_data + path);
      REQUIRE_MESSAGE(model.has_value(), model.error().message);
      CHECK(model->find("model.norm.weight")->file != model->find("model.embed_tokens.weight")->file);
      CHECK(floats_of(*model, "model.embed_tokens.weight") == floats_of(*gguf, "token_embd.weight"));
      CHECK(floats_of(*model, "model.layers.1.mlp.up_proj.weight") == floats_of(*gguf, "blk.1.ffn_up.weight"));
      CHECK(floats_of(*model, "model.norm.weight") == floats_of(*gguf, "output_norm.weight"));
    }
  }

  TEST_CASE("every broken header is an error that names file and field") {
    struct row {
      const char* name;
      std::string bytes;
      errc code;
      const char* field;
    };
    const std::string good = tensor_of("a", "F32", "[2]", 0, 8);
    const auto with = [&](const std::string& tensor, std::size_t data = 8) { return file_of('{' + tensor + '}', data); };
    const auto length_of = [](std::uint64_t length, std::size_t rest) {
      std::array<std::byte, 8> raw{};
      ll::store_little_endian(raw.data(), length);
      return std::string(reinterpret_cast<const char*>(raw.data()), raw.size()) + std::string(rest, '{');
    };
    const std::vector<row> rows = {
        {"an empty file", "", errc::malformed, "header length at byte 0"},
        {"seven bytes", "1234567", errc::malformed, "header length at byte 0"},
        {"a header of 0 bytes", length_of(0, 8), errc::malformed, "header length at byte 0: 0"},
        {"a header of 1 byte", length_of(1, 8), errc::malformed, "header length at byte 0: 1"},
        {"a header longer than the file", length_of(9, 8), errc::malformed, "header length"},
        {"a header of 2^64-1 bytes", length_of(~std::uint64_t{0}, 8), errc::malformed, "header length"},
        {"a header of 2^63 bytes", length_of(std::uint64_t{1} << 63, 8), errc::malformed, "header length"},
        {"a header that starts with a space", file_of(" {}", 0), errc::malformed, "does not start with '{'"},
        {"a header that starts with a list", file_of("[]", 0), errc::malformed, "does not start with '{'"},
        {"text after the header's end", file_of("{} x", 0), errc::malformed, "not JSON at byte"},
        {"a second document", file_of("{}{}", 0), errc::malformed, "not JSON at byte"},
        {"half a header", file_of("{\"a\":", 0), errc::malformed, "not JSON at byte"},
        {"a header that is not UTF-8", file_of("{\"a\xff\":{}}", 0), errc::malformed, "not JSON at byte"},
        {"100000 opening brackets", file_of("{\"a\":" + std::string(100'000, '['), 0), errc::malformed, "'a'"},
        {"100000 opening braces", file_of("{\"a\":{\"dtype\":" + std::string(100'000, '{'), 0), errc::malformed, "'a'"},
        {"a tensor that is a number", with("\"a\":5"), errc::malformed, "'a'"},
        {"a tensor that is null", with("\"a\":null"), errc::malformed, "'a'"},
        {"a tensor without fields", with("\"a\":{}"), errc::malformed, "'a'"},
        {"no dtype", with(R"("a":{"shape":[2],"data_offsets":[0,8]})"), errc::malformed, "'a'"},
        {"no shape", with(R"("a":{"dtype":"F32","data_offsets":[0,8]})"), errc::malformed, "'a'"},
        {"no offsets", with(R"("a":{"dtype":"F32","shape":[2]})"), errc::malformed, "'a'"},
        {"a field twice", with(R"("a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]})"), errc::malformed,
         "'dtype'"},
        {"an unknown field", with(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1})"), errc::malformed, "'x'"},
        {"a tensor name twice", with(good + ',' + tensor_of("a", "F32", "[2]", 8, 16), 16), errc::malformed, "'a'"},
        {"a skipped name twice", with(tensor_of("a", "U8", "[8]", 0, 8) + ',' + tensor_of("a", "U8", "[8]", 8, 16), 16),
         errc::malformed, "'a'"},
        {"a name read and skipped", with(good + ',' + tensor_of("a", "U8", "[8]", 8, 16), 16), errc::malformed, "'a'"},
        {"a name written in two ways", with(good + ',' + tensor_of("\\u0061", "F32", "[2]", 8, 16), 16), errc::malformed, "'a'"},
        {"an empty name", with(tensor_of("", "F32", "[2]", 0, 8)), errc::malformed, "name of 0 bytes"},
        {"a name of 256 bytes", with(tensor_of(std::string(256, 'n'), "F32", "[2]", 0, 8)), errc::malformed, "name of 256 bytes"},
        {"metadata that is no object", with(R"("__metadata__":"x",)" + good), errc::malformed, "'__metadata__'"},
        {"metadata that holds a number", with(R"("__metadata__":{"x":1},)" + good), errc::malformed, "'x'"},
        {"metadata that holds a list", with(R"("__metadata__":{"x":["y"]},)" + good), errc::malformed, "'x'"},
        {"metadata twice", with(R"("__metadata__":{},"__metadata__":{},)" + good), errc::malformed, "'__metadata__'"},
        {"an unknown dtype", with(tensor_of("a", "F31", "[2]", 0, 8)), errc::unsupported, "'F31'"},
        {"a dtype in lower case", with(tensor_of("a", "f32", "[2]", 0, 8)), errc::unsupported, "'f32'"},
        {"a dtype below a byte", with(tensor_of("a", "F4", "[3]", 0, 2), 2), errc::unsupported, "'F4'"},
        {"a dtype that is a number", with(R"("a":{"dtype":1,"shape":[2],"data_offsets":[0,8]})"), errc::malformed, "'dtype'"},
        {"a negative size", with(tensor_of("a", "F32", "[-2]", 0, 8)), errc::malformed, "'shape'"},
        {"a size with a fraction", with(tensor_of("a", "F32", "[2.0]", 0, 8)), errc::malformed, "'shape'"},
        {"a size of 2^64", with(tensor_of("a", "F32", "[18446744073709551616]", 0, 8)), errc::malformed, "'shape'"},
        {"a size that is a text", with(tensor_of("a", "F32", "[\"2\"]", 0, 8)), errc::malformed, "'shape'"},
        {"a shape in a shape", with(tensor_of("a", "F32", "[[2]]", 0, 8)), errc::malformed, "'shape'"},
        {"nine dimensions", with(tensor_of("a", "F32", "[1,1,1,1,1,1,1,1,2]", 0, 8)), errc::malformed, "'shape'"},
        {"a product that wraps to 4", with(tensor_of("a", "U8", "[4194305,4194305,211106198978564]", 0, 4), 4), errc::malformed,
         "shape"},
        {"a product that wraps to 0", with(tensor_of("a", "F32", "[4294967296,4294967296]", 0, 0), 0), errc::malformed, "shape"},
        {"bytes that wrap", with(tensor_of("a", "F32", "[4611686018427387906]", 0, 8)), errc::malformed, "shape"},
        {"a shape larger than its range", with(tensor_of("a", "F32", "[3]", 0, 8)), errc::malformed, "shape"},
        {"a shape smaller than its range", with(tensor_of("a", "F32", "[1]", 0, 8)), errc::malformed, "shape"},
        {"offsets in reverse", with(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]})"), errc::malformed, "data_offsets"},
        {"negative offsets", with(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]})"), errc::malformed, "data_offsets"},
        {"one offset", with(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[8]})"), errc::malformed, "data_offsets"},
        {"three offsets", with(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]})"), errc::malformed, "data_offsets"},
        {"offsets beyond the file", with(tensor_of("a", "F32", "[2]", 0, 8), 7), errc::malformed, "data_offsets"},
        {"offsets of 2^64-1", with(tensor_of("a", "F32", "[2]", ~std::uint64_t{0} - 8, ~std::uint64_t{0})), errc::malformed,
         "data_offsets"},
        {"a hole in front", with(tensor_of("a", "F32", "[2]", 8, 16), 16), errc::malformed, "data_offsets"},
        {"a hole between", with(good + ',' + tensor_of("b", "F32", "[2]", 9, 17), 17), errc::malformed, "'b'"},
        {"an overlap", with(good + ',' + tensor_of("b", "F32", "[2]", 4, 12), 12), errc::malformed, "'b'"},
        {"shared data", with(good + ',' + tensor_of("b", "F32", "[2]", 0, 8)), errc::malformed, "data_offsets"},
        {"bytes after the last tensor", with(good, 9), errc::malformed, "tensors end at 8 of 9"},
        {"data without a tensor", file_of("{}", 1), errc::malformed, "tensors end at 0 of 1"},
    };
    const temporary_folder folder;
    REQUIRE(ll::safetensors_model::open(folder.write("good.safetensors", with(good))).has_value());
    REQUIRE(ll::safetensors_model::open(folder.write("empty.safetensors", file_of("{}", 0))).has_value());
    for (const auto& row : rows) {
      CAPTURE(row.name);
      const auto path = folder.write("attack.safetensors", row.bytes);
      const allocation_meter meter;
      const auto model = ll::safetensors_model::open(path);
      CHECK(meter.peak_bytes() < 4 * row.bytes.size() + (1U << 20));
      REQUIRE_FALSE(model.has_value());
      INFO(model.error().message);
      CHECK(ll::name_of(model.error().code) == ll::name_of(row.code));
      CHECK(model.error().message.find(row.field) != std::string::npos);
      CHECK(model.error().message.find("attack.safetensors") != std::string::npos);
    }
  }

  TEST_CASE("a header above 100 MB is refused before it is read") {
    const temporary_folder folder;
    std::array<std::byte, 8> raw{};
    ll::store_little_endian(raw.data(), std::uint64_t{100'000'001});
    const auto path = folder.write("a.safetensors", std::string(reinterpret_cast<const char*>(raw.data()), 8) + '{');
    std::filesystem::resize_file(path, 200'000'000);  // a hole: costs no disk
    const allocation_meter meter;
    const auto model = ll::safetensors_model::open(path);
    REQUIRE_FALSE(model.has_value());
    CHECK(meter.peak_bytes() < (1U << 20));
  }

  TEST_CASE("100000 tiny tensors open, more than the limit do not, and memory stays near the header's size") {
    const temporary_folder folder;
    for (const std::size_t count : {std::size_t{100'000}, ll::safetensors_limits::tensors + 1}) {
      std::string header = "{";
      for (std::size_t i = 0; i < count; ++i) {
        header += (i == 0 ? "" : ",") + tensor_of('t' + std::to_string(i), "F16", "[1]", 2 * i, 2 * i + 2);
      }
      const auto bytes = file_of(header + '}', 2 * count);
      const auto path = folder.write("a.safetensors", bytes);
      const allocation_meter meter;
      const auto model = ll::safetensors_model::open(path);
      CHECK(meter.peak_bytes() < bytes.size() + (std::size_t{96} << 20));
      CHECK(model.has_value() == (count == 100'000));
    }
  }

  TEST_CASE("an index cannot name anything but a plain file beside it") {
    const temporary_folder folder;
    folder.write("a.safetensors", file_of('{' + tensor_of("t", "F32", "[2]", 0, 8) + '}', 8));
    std::filesystem::create_directory(folder.path() / "sub");
    folder.write("sub/a.safetensors", file_of('{' + tensor_of("t", "F32", "[2]", 0, 8) + '}', 8));
    const auto open = [&](std::string_view file) {
      return ll::safetensors_model::open(
          folder.write("model.safetensors.index.json", R"({"weight_map":{"t":")" + std::string(file) + R"("}})"));
    };
    REQUIRE(open("a.safetensors").has_value());
    for (const std::string file :
         {"../../etc/passwd", "/etc/passwd", "/etc/a.safetensors", "../a.safetensors", "sub/a.safetensors", "./a.safetensors",
          "a\\u0000b.safetensors", "a.safetensors\\u0000", "C:\\\\x.safetensors", "C:x.safetensors", "..", ".safetensors", "",
          "a.safetensors/", "sub\\\\a.safetensors", "a.bin", ".hidden.safetensors"}) {
      CAPTURE(file);
      const auto model = open(file);
      REQUIRE_FALSE(model.has_value());
      CHECK(model.error().code == errc::malformed);
      CHECK(model.error().message.find("weight_map.t") != std::string::npos);
      CHECK(model.error().message.find("plain name") != std::string::npos);
    }
    CHECK_FALSE(open(std::string(300, 'n') + ".safetensors").has_value());
  }

  TEST_CASE("a link to a model file is followed, a link to anything else is no model") {
    const temporary_folder folder;
    const temporary_folder elsewhere;
    const auto blob = elsewhere.write("blob", file_of('{' + tensor_of("t", "F32", "[2]", 0, 8) + '}', 8));
    const auto secret = elsewhere.write("secret", "a secret text that is not a model");
    const auto index = folder.write("model.safetensors.index.json", R"({"weight_map":{"t":"a.safetensors"}})");
    std::filesystem::create_symlink(blob, folder.path() / "a.safetensors");
    CHECK(ll::safetensors_model::open(index).has_value());
    std::filesystem::remove(folder.path() / "a.safetensors");
    std::filesystem::create_symlink(secret, folder.path() / "a.safetensors");
    const auto model = ll::safetensors_model::open(index);
    REQUIRE_FALSE(model.has_value());
    CHECK(model.error().message.find("secret text") == std::string::npos);
    std::filesystem::remove(folder.path() / "a.safetensors");
    std::filesystem::create_symlink("/dev/zero", folder.path() / "a.safetensors");
    CHECK_FALSE(ll::safetensors_model::open(index).has_value());
  }

  TEST_CASE("index and shards must agree") {
    const temporary_folder folder;
    const auto shard = [](std::string_view tensor) { return file_of('{' + tensor_of(tensor, "F32", "[2]", 0, 8) + '}', 8); };
    folder.write("1.safetensors", shard("a"));
    folder.write("2.safetensors", shard("b"));
    folder.write("3.safetensors", shard("a"));
    const auto open = [&](std::string_view index) {
      return ll::safetensors_model::open(folder.write("model.safetensors.index.json", index));
    };
    const auto refused = [&](std::string_view index, std::string_view words) {
      CAPTURE(index);
      const auto model = open(index);
      REQUIRE_FALSE(model.has_value());
      INFO(model.error().message);
      CHECK(model.error().message.find(words) != std::string::npos);
      CHECK(model.error().message.find("index.json") != std::string::npos);
    };
    REQUIRE(open(R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})").has_value());
    refused(R"({"weight_map":{"a":"2.safetensors","b":"1.safetensors"}})", "another shard");
    refused(R"({"weight_map":{"a":"1.safetensors","c":"2.safetensors"}})", "no shard holds");
    refused(R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"3.safetensors"}})", "twice");
    refused(R"({"weight_map":{"a":"1.safetensors","a":"3.safetensors"}})", "stands twice");
    refused(R"({"weight_map":{"b":"2.safetensors","c":"2.safetensors"}})", "no shard holds");
    refused(R"({"weight_map":{"a":7}})", "weight_map.a: expected a string");
    refused(R"({"weight_map":["a"]})", "weight_map: expected an object");
    refused(R"({})", "weight_map: missing");
    refused(R"([])", "weight_map: missing");
    refused(R"({"weight_map":)", "byte");
    refused('"' + std::string(100'000, '['), "byte");
    refused(std::string(100'000, '['), "nested deeper");
    const auto missing = open(R"({"weight_map":{"a":"1.safetensors","b":"4.safetensors"}})");
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().code == errc::io);
    CHECK(missing.error().message.find("4.safetensors") != std::string::npos);
    folder.write("2.safetensors",
                 file_of('{' + tensor_of("b", "F32", "[2]", 0, 8) + ',' + tensor_of("x", "U8", "[1]", 8, 9) + '}', 9));
    refused(R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})", "2 tensors, but the shards hold 3");
    CHECK(open(R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors","x":"2.safetensors"}})").has_value());
  }

  TEST_CASE("a folder without a model says which file is missing") {
    const temporary_folder folder;
    const auto model = ll::safetensors_model::open(folder.path().string());
    REQUIRE_FALSE(model.has_value());
    CHECK(model.error().code == errc::io);
    CHECK(model.error().message.find("model.safetensors") != std::string::npos);
    folder.write("pytorch_model.bin", "pickled");
    const auto pickled = ll::safetensors_model::open(folder.path().string());
    REQUIRE_FALSE(pickled.has_value());
    CHECK(pickled.error().code == errc::unsupported);
    CHECK(pickled.error().message.find("Save the model as safetensors") != std::string::npos);
  }

  TEST_CASE("3000 mutations of a real header give a clean error or a sound file") {
    constexpr std::uint64_t seed = 0x5AFE;
    const temporary_folder folder;
    std::mt19937_64 draw(seed);
    const auto original = ll::read_text_file(test_data + "/models/llama-gqa/model.safetensors", std::uint64_t{1} << 30).value();
    const auto header = ll::safetensors_model::open(test_data + "/models/llama-gqa").value().files()[0].header_bytes;
    const auto path = folder.write("a.safetensors", original);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    int opened = 0;
    constexpr std::string_view tokens = "0123456789[]{},:\"-.e \\u";
    for (int i = 0; i < 3000; ++i) {
      CAPTURE(seed);
      CAPTURE(i);
      std::string bytes = original.substr(0, header);
      for (auto blows = 1 + draw() % 2; blows > 0; --blows) {
        bytes[draw() % 20 == 0 ? draw() % 8 : draw() % header] =
            draw() % 2 == 0 ? static_cast<char>(draw()) : tokens[draw() % tokens.size()];
      }
      file.seekp(0).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      file.flush();
      const auto model = ll::safetensors_model::open(path);
      if (!model) continue;
      ++opened;
      for (const auto& tensor : model->tensors()) {
        if (tensor.offset + tensor.bytes > original.size()) FAIL(tensor.name << " lies outside the file");
      }
    }
    CHECK(opened > 100);
    CHECK(opened < 2900);
  }
}

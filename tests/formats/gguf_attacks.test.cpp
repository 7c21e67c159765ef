// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files made to harm: every row must end in an error that names field and byte, within the memory that the limits promise.
#include <lingualinked/formats/gguf.hpp>

#include "support/allocation_meter.hpp"
#include "support/gguf_builder.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ll = lingualinked;
using ll::errc;
using ll::gguf_type;
using test_support::allocation_meter;
using test_support::byte_string;
using test_support::gguf_builder;
using test_support::temporary_folder;

namespace {

const std::string attacked_folder = LINGUALINKED_TEST_DATA "/gguf/";
constexpr std::uint64_t huge = ~std::uint64_t{0};
constexpr std::uint64_t memory_margin = std::uint64_t{64} << 20;

struct attack {
  const char* name;
  std::string bytes;
  errc code;
  const char* field;  // must appear in the message
};

gguf_builder sound() {
  gguf_builder b;
  b.text("general.architecture", "llama");
  return b;
}

std::string floats(std::size_t count) { return std::string(count * 4, '\0'); }

// A pair of type array, with the claimed element type and count, and whatever bytes follow.
std::string array_pair(std::string_view key, std::uint32_t element, std::uint64_t count, std::string_view rest) {
  return byte_string().text(key).number(std::uint32_t{9}).number(element).number(count).raw(rest).str();
}

std::string nested_array(std::size_t depth) {
  byte_string out;
  out.text("deep").number(std::uint32_t{9});
  for (std::size_t i = 0; i < depth; ++i) out.number(std::uint32_t{9}).number(std::uint64_t{1});
  return out.number(std::uint32_t{0}).number(std::uint64_t{0}).str();
}

std::string tensor_info(std::string_view name, std::uint32_t dimensions, const std::vector<std::uint64_t>& shape,
                        std::uint32_t type = 0, std::uint64_t offset = 0) {
  byte_string out;
  out.text(name).number(dimensions);
  for (const auto size : shape) out.number(size);
  return out.number(type).number(offset).str();
}

// A sound file except for one hand-made tensor record.
std::string with_tensor(const std::string& info) {
  std::string out = sound().tensor_count(1).header() + info;
  out.resize((out.size() + 31) / 32 * 32 + 4096);
  return out;
}

// Two tokens with one defect in what goes with them.
gguf_builder two_tokens() { return sound().texts("tokenizer.ggml.tokens", {"a", "b"}); }

std::vector<attack> attacks() {
  const auto text_pair = [](std::string_view key, std::uint64_t claimed) {
    return byte_string().text(key).number(std::uint32_t{8}).number(claimed).raw("xy").str();
  };
  std::vector<attack> out = {
      {"an empty file", "", errc::malformed, "magic at byte 0"},
      {"three bytes", "GGU", errc::malformed, "magic at byte 0"},
      {"another magic", gguf_builder(sound()).magic("GGML").build(), errc::malformed, "'GGML'"},
      {"a magic of zeros", gguf_builder(sound()).magic(std::string_view("\0\0\0\0", 4)).build(), errc::malformed,
       "magic at byte 0"},
      {"version 0", sound().version(0).build(), errc::malformed, "version at byte 4"},
      {"version 1", sound().version(1).build(), errc::unsupported, "version at byte 4: 1"},
      {"version 4", sound().version(4).build(), errc::unsupported, "version at byte 4: 4"},
      {"a big-endian version 3", sound().version(0x03000000).build(), errc::unsupported, "big-endian"},
      {"2^64-1 tensors", sound().tensor_count(huge).build(), errc::malformed, "tensor count at byte"},
      {"2^64-1 pairs", sound().pair_count(huge).build(), errc::malformed, "metadata count at byte"},
      {"2^59 tensors, whose size in bytes wraps", sound().tensor_count(std::uint64_t{1} << 59).build(), errc::malformed,
       "tensor count"},
      {"one pair more than there is", sound().pair_count(2).build(), errc::malformed, "pair 1"},
      {"a key of 2^64-1 bytes", gguf_builder().raw_pair(byte_string().number(huge).raw("abcdefgh").str()).build(),
       errc::malformed, "key of metadata pair 0 at byte"},
      {"a key longer than the file",
       gguf_builder().raw_pair(byte_string().number(std::uint64_t{5000}).raw("abcdefgh").str()).build(), errc::malformed,
       "key of metadata pair 0"},
      {"a key of 65536 bytes", gguf_builder().text(std::string(65'536, 'k'), "x").build(), errc::malformed, "65536 bytes long"},
      {"an empty key", gguf_builder().text("", "x").build(), errc::malformed, "0 bytes long"},
      {"a key that stands twice", sound().text("general.architecture", "llama").build(), errc::malformed, "stands twice"},
      {"a string longer than the file", gguf_builder().raw_pair(text_pair("s", 100'000)).build(), errc::malformed,
       "metadata 's' at byte"},
      {"a string of 2^64-1 bytes", gguf_builder().raw_pair(text_pair("s", huge)).build(), errc::malformed,
       "metadata 's' at byte"},
      {"an unknown value type", sound().pair("k", static_cast<gguf_type>(13), "xxxxxxxx").build(), errc::malformed,
       "'k' at byte"},
      {"an unknown element type", sound().raw_pair(array_pair("k", 13, 1, "x")).build(), errc::malformed, "value type 13"},
      {"an array in an array", sound().raw_pair(array_pair("k", 9, 1, "x")).build(), errc::unsupported, "arrays of arrays"},
      {"arrays 10000 deep", sound().raw_pair(nested_array(10'000)).build(), errc::unsupported, "'deep' at byte"},
      {"an array of 2^30 numbers in a small file", sound().raw_pair(array_pair("k", 4, 1U << 30, "")).build(), errc::malformed,
       "1073741824 x 4 bytes"},
      {"an array of 2^62 numbers, whose size wraps", sound().raw_pair(array_pair("k", 4, std::uint64_t{1} << 62, "")).build(),
       errc::malformed, "'k' at byte"},
      {"an array of 2^61 strings", sound().raw_pair(array_pair("k", 8, std::uint64_t{1} << 61, "")).build(), errc::malformed,
       "'k' at byte"},
      {"an array of 2^30 strings", sound().raw_pair(array_pair("k", 8, 1U << 30, "")).build(), errc::malformed,
       "1073741824 x 8 bytes"},
      {"an array whose second string leaves the file",
       sound().raw_pair(array_pair("k", 8, 2, byte_string().text("a").number(huge).str())).build(), errc::malformed,
       "'k' at byte"},
      {"a bool of 2", sound().boolean("k", 2).build(), errc::malformed, "'k' at byte"},
      {"no architecture", gguf_builder().text("general.name", "x").build(), errc::malformed, "general.architecture"},
      {"a number for an architecture", gguf_builder().number<std::uint32_t>("general.architecture", 1).build(), errc::malformed,
       "general.architecture"},
  };
  for (const std::uint32_t alignment : {0U, 3U, 8192U, 0x80000000U, 0xFFFFFFFFU}) {
    out.push_back({"an alignment out of reach", sound().number("general.alignment", alignment).build(), errc::malformed,
                   "'general.alignment' at byte"});
  }
  out.push_back({"an alignment of another type", sound().number<std::uint64_t>("general.alignment", 32).build(), errc::malformed,
                 "'general.alignment' at byte"});
  out.push_back(
      {"an alignment that is a text", sound().text("general.alignment", "32").build(), errc::malformed, "'general.alignment'"});

  const auto add_tensor = [&](const char* name, const std::string& info, errc code, const char* field) {
    out.push_back({name, with_tensor(info), code, field});
  };
  add_tensor("a tensor without dimensions", tensor_info("t", 0, {}), errc::malformed, "'t' at byte");
  add_tensor("five dimensions", tensor_info("t", 5, {1, 1, 1, 1, 1}), errc::malformed, "5 dimensions");
  add_tensor("2^32-1 dimensions", tensor_info("t", 0xFFFFFFFFU, {1}), errc::malformed, "4294967295 dimensions");
  add_tensor("a dimension of 0", tensor_info("t", 2, {4, 0}), errc::malformed, "dimension 1 is 0");
  add_tensor("a dimension of 2^63", tensor_info("t", 1, {std::uint64_t{1} << 63}), errc::malformed, "9223372036854775808");
  add_tensor("a dimension of 2^64-1", tensor_info("t", 1, {huge}), errc::malformed, "'t' at byte");
  add_tensor("dimensions whose product wraps to 4", tensor_info("t", 3, {(std::uint64_t{1} << 62) + 1, 2, 2}), errc::malformed,
             "'t' at byte");
  add_tensor("dimensions whose product wraps to 0", tensor_info("t", 2, {std::uint64_t{1} << 32, std::uint64_t{1} << 32}),
             errc::malformed, "'t' at byte");
  add_tensor("2^62 numbers, whose bytes wrap", tensor_info("t", 1, {std::uint64_t{1} << 62}), errc::malformed, "'t' at byte");
  add_tensor("rows that are no multiple of the block", tensor_info("t", 2, {33, 32}, 8), errc::malformed, "blocks of 32");
  add_tensor("rows of 32 for blocks of 256", tensor_info("t", 2, {32, 8}, 12), errc::malformed, "blocks of 256");
  add_tensor("an unknown type", tensor_info("t", 1, {32}, 99), errc::unsupported, "type 99");
  add_tensor("a removed type", tensor_info("t", 1, {32}, 4), errc::unsupported, "type 4");
  add_tensor("a type of 2^32-1", tensor_info("t", 1, {32}, 0xFFFFFFFFU), errc::unsupported, "'t' at byte");
  add_tensor("a type that is known but not supported, by name", tensor_info("t", 1, {256}, 16), errc::unsupported, "IQ2_XXS");
  add_tensor("an empty name", tensor_info("", 1, {4}), errc::malformed, "name of tensor 0 at byte");
  add_tensor("a name of 256 bytes", tensor_info(std::string(256, 'n'), 1, {4}), errc::malformed, "256 bytes long");
  add_tensor("an unaligned offset", tensor_info("t", 1, {4}, 0, 1), errc::malformed, "multiple of the alignment");
  add_tensor("an offset beyond the file", tensor_info("t", 1, {4}, 0, 1 << 20), errc::malformed, "ends beyond the file");
  add_tensor("an offset that wraps", tensor_info("t", 1, {4}, 0, huge - 31), errc::malformed, "ends beyond the file");
  add_tensor("more data than the file holds", tensor_info("t", 1, {100'000}), errc::malformed, "ends beyond the file");
  add_tensor("a hole before the data", tensor_info("t", 1, {4}, 0, 64), errc::malformed, "hole");

  out.push_back({"a name that stands twice", sound().tensor("t", {4}, 0, floats(4)).tensor("t", {4}, 0, floats(4)).build(),
                 errc::malformed, "'t': the name stands twice"});
  out.push_back({"tensors that overlap", sound().tensor("a", {16}, 0, floats(16)).tensor("b", {16}, 0, floats(16), 32).build(),
                 errc::malformed, "'b': its data at byte"});
  out.push_back({"tensors that share their data", sound().tensor("a", {16}, 0, floats(16)).tensor("b", {16}, 0, "", 0).build(),
                 errc::malformed, "overlaps"});
  out.push_back(
      {"two tensors, one record", sound().tensor_count(2).tensor("a", {16}, 0, floats(16)).build(), errc::malformed, "tensor"});

  out.push_back({"tokens that are numbers", sound().numbers<std::int32_t>("tokenizer.ggml.tokens", {1, 2}).build(),
                 errc::malformed, "'tokenizer.ggml.tokens' at byte"});
  out.push_back({"tokens that are one text", sound().text("tokenizer.ggml.tokens", "a").build(), errc::malformed,
                 "'tokenizer.ggml.tokens'"});
  out.push_back({"scores that are bytes", two_tokens().numbers<std::int8_t>("tokenizer.ggml.scores", {1, 2}).build(),
                 errc::malformed, "'tokenizer.ggml.scores' at byte"});
  out.push_back({"fewer scores than tokens", two_tokens().numbers<float>("tokenizer.ggml.scores", {1}).build(), errc::malformed,
                 "1 elements for 2 tokens"});
  out.push_back({"token types that are floats", two_tokens().numbers<float>("tokenizer.ggml.token_type", {1, 2}).build(),
                 errc::malformed, "'tokenizer.ggml.token_type' at byte"});
  out.push_back({"more token types than tokens",
                 two_tokens().numbers<std::int32_t>("tokenizer.ggml.token_type", {1, 2, 3}).build(), errc::malformed,
                 "3 elements for 2 tokens"});
  out.push_back({"merges that are numbers", two_tokens().numbers<std::uint8_t>("tokenizer.ggml.merges", {1}).build(),
                 errc::malformed, "'tokenizer.ggml.merges' at byte"});
  out.push_back({"more embedding rows than tokens", two_tokens().tensor("token_embd.weight", {4, 3}, 0, floats(12)).build(),
                 errc::malformed, "token_embd.weight has 3 rows"});
  out.push_back(
      {"a split count of 0", sound().number<std::uint16_t>("split.count", 0).build(), errc::malformed, "'split.count' at byte"});
  out.push_back(
      {"65535 splits", sound().number<std::uint16_t>("split.count", 65535).build(), errc::malformed, "'split.count' at byte"});
  out.push_back(
      {"a split count without a number", sound().number<std::uint16_t>("split.count", 2).build(), errc::malformed, "'split.no'"});
  out.push_back({"a split number beyond the count",
                 sound().number<std::uint16_t>("split.count", 2).number<std::uint16_t>("split.no", 2).build(), errc::malformed,
                 "'split.no'"});
  return out;
}

// Opens a file, and when that works reads both ends of every tensor. False for a clean error; anything else fails the test.
bool opens(const std::string& path, std::uint64_t file_bytes) {
  const allocation_meter meter;
  const auto file = ll::gguf_file::open(path);
  const auto peak = meter.peak_bytes();
  if (peak > file_bytes + memory_margin) FAIL("took " << peak << " bytes of memory for a file of " << file_bytes);
  if (!file) {
    if (file.error().message.empty() || file.error().message.find('\n') != std::string::npos)
      FAIL("a message in one line is missing");
    return false;
  }
  std::array<std::byte, 4> raw{};
  for (const auto& tensor : file->tensors()) {
    if (tensor.bytes == 0 || tensor.offset + tensor.bytes > file_bytes) FAIL(tensor.name << " lies outside the file");
    const auto part = std::span(raw).first(std::min<std::size_t>(raw.size(), tensor.bytes));
    if (!file->read(tensor, 0, part) || !file->read(tensor, tensor.bytes - part.size(), part))
      FAIL("cannot read " << tensor.name);
  }
  return true;
}

}  // namespace

TEST_SUITE("formats/gguf_attacks") {
  TEST_CASE("the file that the attacks start from is sound") {
    const temporary_folder folder;
    CHECK(ll::gguf_file::open(folder.write("a", sound().build())).has_value());
    CHECK(ll::gguf_file::open(folder.write("b", with_tensor(tensor_info("t", 2, {4, 8})))).has_value());
    CHECK(
        ll::gguf_file::open(folder.write("c", sound().tensor("a", {16}, 0, floats(16)).tensor("b", {16}, 0, floats(16)).build()))
            .has_value());
    CHECK(ll::gguf_file::open(folder.write("d", two_tokens()
                                                    .numbers<float>("tokenizer.ggml.scores", {1, 2})
                                                    .numbers<std::int32_t>("tokenizer.ggml.token_type", {1, 1})
                                                    .texts("tokenizer.ggml.merges", {"a b"})
                                                    .tensor("token_embd.weight", {4, 2}, 0, floats(8))
                                                    .build()))
              .has_value());
    CHECK(ll::gguf_file::open(folder.write("e", sound()
                                                    .alignment(64)
                                                    .number<std::uint32_t>("general.alignment", 64)
                                                    .tensor("a", {4}, 0, floats(4))
                                                    .tensor("b", {4}, 0, floats(4))
                                                    .build()))
              .has_value());
  }

  TEST_CASE("every attack ends in an error with its code, naming the field") {
    const temporary_folder folder;
    for (const auto& row : attacks()) {
      CAPTURE(row.name);
      const auto path = folder.write("attack.gguf", row.bytes);
      const allocation_meter meter;
      const auto file = ll::gguf_file::open(path);
      CHECK(meter.peak_bytes() < row.bytes.size() + (1U << 20));
      REQUIRE_FALSE(file.has_value());
      INFO(file.error().message);
      CHECK(ll::name_of(file.error().code) == ll::name_of(row.code));
      CHECK(file.error().message.find(row.field) != std::string::npos);
      CHECK(file.error().message.find("attack.gguf") != std::string::npos);
      CHECK(file.error().message.find('\n') == std::string::npos);
    }
  }

  TEST_CASE("hyperparameters that would harm later are stopped by the getters' ranges") {
    const temporary_folder folder;
    const auto path = folder.write("a.gguf", sound()
                                                 .number<std::uint32_t>("llama.block_count", 0)
                                                 .number<std::uint32_t>("llama.attention.head_count", 0)
                                                 .number<std::uint64_t>("llama.context_length", std::uint64_t{1} << 32)
                                                 .number("nan", std::numeric_limits<float>::quiet_NaN())
                                                 .number("inf", std::numeric_limits<double>::infinity())
                                                 .build());
    const auto file = ll::gguf_file::open(path);
    REQUIRE(file.has_value());
    const auto& m = file->metadata();
    CHECK_FALSE(m.get_uint("llama.block_count", 1, 1024).has_value());
    CHECK_FALSE(m.get_uint("llama.attention.head_count", 1, 1024).has_value());
    CHECK_FALSE(m.get_uint("llama.context_length", 1, 1U << 31).has_value());
    CHECK_FALSE(m.get_float("nan").has_value());
    CHECK_FALSE(m.get_float("inf").has_value());
    CHECK_FALSE(m.get_uint("llama.attention.head_count_kv", 1, 1024).has_value());
  }

  TEST_CASE("a hostile name does not reach a message as it is") {
    const temporary_folder folder;
    const auto path = folder.write("a.gguf", sound().boolean("evil\n\x1b[31mkey", 7).build());
    const auto file = ll::gguf_file::open(path);
    REQUIRE_FALSE(file.has_value());
    CHECK(file.error().message.find("'evil\\x0a\\x1b[31mkey'") != std::string::npos);
  }

  TEST_CASE("counts above the limits are refused in files large enough to hold them") {
    const temporary_folder folder;
    const auto path = folder.write("a.gguf", "");
    const auto refused = [&](const std::string& start, std::string_view field) {
      std::ofstream(path, std::ios::binary) << start;
      std::filesystem::resize_file(path, std::uint64_t{8} << 20);  // a hole: costs no disk
      const allocation_meter meter;
      const auto file = ll::gguf_file::open(path);
      CHECK(meter.peak_bytes() < (std::uint64_t{8} << 20) + memory_margin);
      REQUIRE_FALSE(file.has_value());
      CHECK(file.error().code == errc::limit);
      CHECK(file.error().message.find(field) != std::string::npos);
    };
    refused(sound().tensor_count(65'537).header(), "tensor count");
    refused(sound().pair_count(65'537).header(), "metadata count");
  }

  TEST_CASE("an array too long for its getter is refused there") {
    const temporary_folder folder;
    const std::uint64_t count = ll::gguf_metadata::max_elements + 1;
    const auto path = folder.write("a.gguf", sound().raw_pair(array_pair("k", 0, count, std::string(count, 'x'))).build());
    const auto file = ll::gguf_file::open(path);
    REQUIRE(file.has_value());
    const auto list = file->metadata().get_ints("k");
    REQUIRE_FALSE(list.has_value());
    CHECK(list.error().code == errc::limit);
  }

  TEST_CASE("the densest possible header stays inside the memory bound") {
    const temporary_folder folder;
    gguf_builder b = sound();
    for (int i = 0; i < 65'000; ++i) b.boolean(std::to_string(i), 1);
    byte_string strings;
    for (int i = 0; i < 1'000'000; ++i) strings.number(std::uint64_t{0});
    b.raw_pair(array_pair("k", 8, 1'000'000, strings.str()));
    const auto bytes = b.build();
    CHECK(opens(folder.write("a.gguf", bytes), bytes.size()));
  }

  TEST_CASE("a file cut at any KiB gives a clean error") {
    const temporary_folder folder;
    for (const char* name : {"llama-gqa", "llama-rope3", "llama-k", "bloom-h4"}) {
      const auto path = folder.file("cut.gguf");
      std::filesystem::copy_file(attacked_folder + name + ".gguf", path, std::filesystem::copy_options::overwrite_existing);
      const auto whole = std::filesystem::file_size(path);
      REQUIRE(opens(path, whole));
      for (auto bytes = (whole - 1) / 1024 * 1024;; bytes -= 1024) {
        CAPTURE(name);
        CAPTURE(bytes);
        std::filesystem::resize_file(path, bytes);
        // Only padding after the last tensor may be missing, and that is less than a KiB.
        CHECK((!opens(path, bytes) || whole - bytes < 32));
        if (bytes == 0) break;
      }
    }
  }

  TEST_CASE("12000 mutations of real headers give a clean error or a sound file") {
    constexpr std::uint64_t seed = 0x6C6C2024;
    constexpr int mutations_per_file = 3000;
    const temporary_folder folder;
    std::mt19937_64 draw(seed);
    int opened = 0;
    int refused = 0;
    for (const char* name : {"llama-gqa", "llama-rope3", "llama-legacy", "gemma3"}) {
      const auto original = ll::read_text_file(attacked_folder + name + ".gguf", std::uint64_t{1} << 30).value();
      const auto header_bytes = ll::gguf_file::open(attacked_folder + name + ".gguf").value().files()[0].header_bytes;
      // Numbers of the header stand at its two ends; texts and merges fill the middle. So half of the blows go to the ends.
      const auto place = [&]() -> std::uint64_t {
        const auto kind = draw() % 4;
        if (kind == 0) return draw() % 400;
        if (kind == 1) return header_bytes - 1 - draw() % 2000;
        return draw() % header_bytes;
      };
      const auto path = folder.write("mutant.gguf", original);
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      for (int i = 0; i < mutations_per_file; ++i) {
        CAPTURE(seed);
        CAPTURE(name);
        CAPTURE(i);
        std::string bytes = original.substr(0, header_bytes);
        for (auto blows = 1 + draw() % 3; blows > 0; --blows) {
          auto& byte = bytes[place()];
          const auto kind = draw() % 3;
          if (kind == 0) byte = static_cast<char>(byte ^ static_cast<char>(1U << (draw() % 8)));
          else if (kind == 1) byte = static_cast<char>(draw());
          else byte = draw() % 2 == 0 ? '\xff' : '\0';
        }
        file.seekp(0).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        REQUIRE(file.flush().good());
        std::uint64_t size = original.size();
        if (draw() % 8 == 0) {
          size = draw() % original.size();
          std::filesystem::resize_file(path, size);
        }
        ++(opens(path, size) ? opened : refused);
        if (size != original.size()) {
          file.seekp(0).write(original.data(), static_cast<std::streamsize>(original.size()));
          file.flush();
        }
      }
    }
    CHECK(opened + refused == 4 * mutations_per_file);
    CHECK(opened > 1000);
    CHECK(refused > 1000);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/formats/gguf.hpp>

#include "support/gguf_builder.hpp"
#include "support/temporary_folder.hpp"

#include <lingualinked/formats/json.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace ll = lingualinked;
using test_support::gguf_builder;
using test_support::temporary_folder;

namespace {

const std::string data_folder = LINGUALINKED_TEST_DATA "/gguf/";

std::vector<float> ramp(std::size_t count) {
  std::vector<float> out(count);
  std::iota(out.begin(), out.end(), 1.0F);
  return out;
}

gguf_builder small_model() {
  gguf_builder b;
  b.text("general.architecture", "llama");
  return b;
}

template <class T>
std::vector<T> read_all(const ll::tensor_source& source, std::string_view name) {
  const auto* tensor = source.find(name);
  REQUIRE(tensor != nullptr);
  std::vector<T> out(tensor->bytes / sizeof(T));
  REQUIRE(source.read(*tensor, 0, std::as_writable_bytes(std::span(out))).has_value());
  return out;
}

}  // namespace

TEST_SUITE("formats/gguf") {
  TEST_CASE("a small file gives back what was written, in versions 2 and 3") {
    const temporary_folder folder;
    for (const std::uint32_t version : {2U, 3U}) {
      CAPTURE(version);
      const auto a = ramp(12);
      const auto b = ramp(32);
      const auto path = folder.write("a.gguf", small_model().version(version).f32("a", {3, 4}, a).f32("b", {2, 2, 8}, b).build());
      const auto file = ll::gguf_file::open(path);
      REQUIRE_MESSAGE(file.has_value(), file.error().message);
      CHECK(file->architecture() == "llama");
      CHECK(file->version() == version);
      REQUIRE(file->tensors().size() == 2);
      const auto& first = file->tensors()[0];
      CHECK(first.name == "a");
      CHECK(first.columns == 3);
      CHECK(first.rows == 4);
      CHECK(first.shape == std::vector<std::uint64_t>{4, 3});
      CHECK(first.bytes == 48);
      CHECK(file->find("b")->shape == std::vector<std::uint64_t>{8, 2, 2});
      CHECK(file->find("b")->rows == 16);
      CHECK(file->find("b")->columns == 2);
      CHECK(file->find("c") == nullptr);
      CHECK(read_all<float>(*file, "a") == a);
      CHECK(read_all<float>(*file, "b") == b);
      std::vector<float> middle(2);
      REQUIRE(file->read(first, 16, std::as_writable_bytes(std::span(middle))).has_value());
      CHECK(middle == std::vector<float>{5.0F, 6.0F});
    }
  }

  TEST_CASE("every type of value comes back, by the getter that fits it") {
    const temporary_folder folder;
    const auto path = folder.write("a.gguf", small_model()
                                                 .number<std::uint8_t>("u8", 255)
                                                 .number<std::int8_t>("i8", -128)
                                                 .number<std::uint16_t>("u16", 65535)
                                                 .number<std::int16_t>("i16", -32768)
                                                 .number<std::uint32_t>("u32", 4294967295U)
                                                 .number<std::int32_t>("i32", 7)
                                                 .number<std::uint64_t>("u64", 18446744073709551615U)
                                                 .number<std::int64_t>("i64", std::numeric_limits<std::int64_t>::min())
                                                 .number("f32", 1.5F)
                                                 .number("f64", 1e300)
                                                 .boolean("yes", 1)
                                                 .boolean("no", 0)
                                                 .text("text", std::string("a\0b", 3))
                                                 .texts("texts", {"", "one", "two"})
                                                 .texts("none", {})
                                                 .numbers<std::int8_t>("ints", {-1, 0, 127})
                                                 .numbers<std::uint64_t>("big", {1, 18446744073709551615U})
                                                 .numbers<float>("floats", {0.5F, -2.0F})
                                                 .number("nan", std::numeric_limits<float>::quiet_NaN())
                                                 .numbers<float>("inf", {1.0F, std::numeric_limits<float>::infinity()})
                                                 .build());
    const auto file = ll::gguf_file::open(path);
    REQUIRE_MESSAGE(file.has_value(), file.error().message);
    const auto& m = file->metadata();
    CHECK(m.get_uint("u8").value() == 255);
    CHECK(m.get_uint("u16").value() == 65535);
    CHECK(m.get_uint("u32").value() == 4294967295U);
    CHECK(m.get_uint("i32").value() == 7);
    CHECK(m.get_uint("u64").value() == 18446744073709551615U);
    CHECK(m.get_float("f32").value() == 1.5);
    CHECK(m.get_float("f64").value() == 1e300);
    CHECK(m.get_bool("yes").value());
    CHECK_FALSE(m.get_bool("no").value());
    CHECK(m.get_string("text").value() == std::string("a\0b", 3));
    CHECK(m.get_strings("texts").value() == std::vector<std::string_view>{"", "one", "two"});
    CHECK(m.get_strings("none").value().empty());
    CHECK(m.get_ints("ints").value() == std::vector<std::int64_t>{-1, 0, 127});
    CHECK(m.get_floats("floats").value() == std::vector<float>{0.5F, -2.0F});
    CHECK(m.all().size() == 21);
    CHECK(m.all()[1].key == "u8");
    CHECK(ll::describe(*m.find("texts")) == "string[3] {'', 'one', 'two'}");
    CHECK(ll::describe(*m.find("i64")) == "-9223372036854775808");
    CHECK(ll::describe(*m.find("ints"), 12) == "i8[3] {-1, 0, ...}");
    CHECK(ll::describe(*m.find("yes")) == "true");

    SUBCASE("a getter refuses another type, a value out of range and a missing key, by name and byte") {
      for (const char* key : {"i8", "i16", "i64", "f32", "yes", "text", "ints", "absent"}) {
        CAPTURE(key);
        const auto wrong = m.get_uint(key);
        REQUIRE_FALSE(wrong.has_value());
        CHECK(wrong.error().code == ll::errc::malformed);
        CHECK(wrong.error().message.find(key) != std::string::npos);
        CHECK(wrong.error().message.find("byte ") != std::string::npos);
      }
      CHECK_FALSE(m.get_uint("i32", 8, 9).has_value());
      CHECK_FALSE(m.get_uint("i32", 0, 6).has_value());
      CHECK_FALSE(m.get_float("u8").has_value());
      CHECK_FALSE(m.get_float("nan").has_value());
      CHECK_FALSE(m.get_float("f32", 2.0, 3.0).has_value());
      CHECK_FALSE(m.get_bool("u8").has_value());
      CHECK_FALSE(m.get_string("u8").has_value());
      CHECK_FALSE(m.get_string("texts").has_value());
      CHECK_FALSE(m.get_strings("text").has_value());
      CHECK_FALSE(m.get_strings("ints").has_value());
      CHECK_FALSE(m.get_ints("texts").has_value());
      CHECK_FALSE(m.get_ints("ints", 0, 127).has_value());
      CHECK_FALSE(m.get_ints("big").has_value());
      CHECK_FALSE(m.get_ints("floats").has_value());
      CHECK_FALSE(m.get_floats("ints").has_value());
      CHECK_FALSE(m.get_floats("inf").has_value());
      CHECK_FALSE(m.get_bools("ints").has_value());
    }
    SUBCASE("a default stands in for a missing key only") {
      CHECK(m.get_uint_or("absent", 9).value() == 9);
      CHECK(m.get_uint_or("i32", 9).value() == 7);
      CHECK_FALSE(m.get_uint_or("text", 9).has_value());
      CHECK(m.get_float_or("absent", 0.5).value() == 0.5);
      CHECK_FALSE(m.get_float_or("nan", 0.5).has_value());
      CHECK(m.get_bool_or("absent", true).value());
      CHECK_FALSE(m.get_bool_or("u8", true).has_value());
      CHECK(m.get_string_or("absent", "x").value() == "x");
      CHECK_FALSE(m.get_string_or("u8", "x").has_value());
    }
  }

  TEST_CASE("the tensors of real files have the types that their makers list") {
    for (const std::string name : {"llama-legacy", "llama-k"}) {
      CAPTURE(name);
      const auto expected = ll::parse_json(ll::read_text_file(data_folder + name + ".json", 1 << 20).value()).value();
      const auto file = ll::gguf_file::open(data_folder + name + ".gguf");
      REQUIRE_MESSAGE(file.has_value(), file.error().message);
      CHECK(file->architecture() == expected.at("architecture").get<std::string>());
      const auto& types = expected.at("types");
      CHECK(file->tensors().size() == types.size());
      for (const auto& tensor : file->tensors()) {
        std::string type(ll::name_of(tensor.type));
        std::transform(type.begin(), type.end(), type.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        CHECK(type == types.at(tensor.name).get<std::string>());
      }
      CHECK(file->metadata().get_strings("tokenizer.ggml.tokens").value().size() == expected.at("vocab_size").get<std::size_t>());
    }
  }

  TEST_CASE("all real files open, and their tensors fill their data without a hole") {
    for (const char* name :
         {"bloom-h4", "bloom-h6", "gemma3", "gpt2", "llama-gqa", "llama-k", "llama-legacy", "llama-rope3", "qwen2", "qwen3"}) {
      CAPTURE(name);
      const auto file = ll::gguf_file::open(data_folder + name + ".gguf");
      REQUIRE_MESSAGE(file.has_value(), file.error().message);
      REQUIRE(file->files().size() == 1);
      auto at = file->files()[0].header_bytes;
      for (const auto& tensor : file->tensors()) {
        CHECK(tensor.offset == at);
        at = (tensor.offset + tensor.bytes + 31) / 32 * 32;
      }
      CHECK(at == file->files()[0].bytes);
    }
  }

  TEST_CASE("a model in three parts reads as one") {
    const temporary_folder folder;
    const auto part = [](std::uint16_t number) {
      gguf_builder b;
      if (number == 0) b.text("general.architecture", "llama");
      return b.number<std::uint16_t>("split.no", number)
          .number<std::uint16_t>("split.count", 3)
          .number<std::int32_t>("split.tensors.count", 3);
    };
    const auto first = folder.write("m-00001-of-00003.gguf", part(0).build());
    const auto second = folder.write("m-00002-of-00003.gguf", part(1).f32("a", {4}, ramp(4)).f32("b", {8}, ramp(8)).build());
    folder.write("m-00003-of-00003.gguf", part(2).f32("c", {16}, ramp(16)).build());
    const auto refused = [&](const std::string& path, std::string_view words) {
      const auto file = ll::gguf_file::open(path);
      REQUIRE_FALSE(file.has_value());
      INFO(file.error().message);
      CHECK(file.error().message.find(words) != std::string::npos);
    };
    SUBCASE("when all is well") {
      const auto file = ll::gguf_file::open(first);
      REQUIRE_MESSAGE(file.has_value(), file.error().message);
      CHECK(file->files().size() == 3);
      CHECK(file->find("c")->file == 2);
      CHECK(read_all<float>(*file, "b") == ramp(8));
      CHECK(read_all<float>(*file, "c") == ramp(16));
    }
    SUBCASE("only from its first part") { refused(second, "open the first"); }
    SUBCASE("not under another name") {
      refused(folder.write("other.gguf", part(0).build()), "does not end in -00001-of-00003.gguf");
    }
    SUBCASE("not when a part is missing") {
      std::filesystem::remove(folder.file("m-00003-of-00003.gguf"));
      refused(first, "m-00003-of-00003.gguf");
    }
    SUBCASE("not when a part says it is another one") {
      folder.write("m-00003-of-00003.gguf", part(1).f32("c", {16}, ramp(16)).build());
      refused(first, "'split.no'");
    }
    SUBCASE("not when a part counts differently") {
      gguf_builder other;
      other.number<std::uint16_t>("split.no", 2).number<std::uint16_t>("split.count", 4).f32("c", {16}, ramp(16));
      folder.write("m-00003-of-00003.gguf", other.build());
      refused(first, "'split.count'");
    }
    SUBCASE("not when tensors are missing") {
      folder.write("m-00003-of-00003.gguf", part(2).build());
      refused(first, "'split.tensors.count'");
    }
    SUBCASE("not when a tensor stands in two parts") {
      folder.write("m-00003-of-00003.gguf", part(2).f32("a", {16}, ramp(16)).build());
      refused(first, "'a': the name stands twice");
    }
  }

  TEST_CASE("reading beyond a tensor is refused, and a file that shrank is an error and not a crash") {
    const temporary_folder folder;
    const auto path = folder.write("a.gguf", small_model().f32("a", {4096}, ramp(4096)).build());
    const auto file = ll::gguf_file::open(path);
    REQUIRE(file.has_value());
    const auto& tensor = file->tensors()[0];
    std::vector<std::byte> out(16);
    CHECK(file->read(tensor, tensor.bytes - 16, out).has_value());
    CHECK(file->read(tensor, tensor.bytes, {}).has_value());
    for (const std::uint64_t at : {tensor.bytes - 15, tensor.bytes, tensor.bytes + 1, ~std::uint64_t{0}}) {
      const auto beyond = file->read(tensor, at, out);
      REQUIRE_FALSE(beyond.has_value());
      CHECK(beyond.error().code == ll::errc::invalid_argument);
    }
    auto elsewhere = tensor;
    elsewhere.file = 1;
    CHECK_FALSE(file->read(elsewhere, 0, out).has_value());
    std::filesystem::resize_file(path, tensor.offset + 100);
    const auto shrunk = file->read(tensor, 96, out);
    REQUIRE_FALSE(shrunk.has_value());
    CHECK(shrunk.error().code == ll::errc::io);
  }

  TEST_CASE("many threads read one file at once") {
    const auto file = ll::gguf_file::open(data_folder + "llama-gqa.gguf");
    REQUIRE(file.has_value());
    const auto& tensor = *file->find("token_embd.weight");
    std::vector<std::byte> whole(tensor.bytes);
    REQUIRE(file->read(tensor, 0, whole).has_value());
    std::vector<int> equal(4, 0);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < equal.size(); ++t) {
      threads.emplace_back([&, t] {
        std::vector<std::byte> part(1000);
        int good = 0;
        for (std::uint64_t at = t; at + part.size() <= whole.size(); at += part.size()) {
          good += file->read(tensor, at, part).has_value() &&
                  std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(at));
        }
        equal[t] = good;
      });
    }
    for (auto& thread : threads) thread.join();
    for (std::size_t t = 0; t < equal.size(); ++t) CHECK(equal[t] == static_cast<int>((whole.size() - t) / 1000));
  }

  TEST_CASE("what is no regular file is refused") {
    const temporary_folder folder;
    for (const std::string& path :
         {folder.path().string(), folder.file("absent"), std::string("/dev/null"), std::string("a\0b", 3)}) {
      CAPTURE(path);
      const auto file = ll::gguf_file::open(path);
      REQUIRE_FALSE(file.has_value());
      CHECK(file.error().code == ll::errc::io);
    }
  }
}

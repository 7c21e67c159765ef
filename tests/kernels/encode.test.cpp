// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/kernels/encode.hpp>

#include <lingualinked/kernels/panels.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {

namespace ll = lingualinked;
using ll::dtype;
namespace kernels = ll::kernels;

constexpr std::array encodable{dtype::q8_0, dtype::q4_0, dtype::q4_1, dtype::q5_0, dtype::q5_1};

std::string bytes_of_file(dtype type, const char* suffix) {
  std::string name(ll::name_of(type));
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::ifstream file(std::string(LINGUALINKED_TEST_DATA) + "/quant/" + name + suffix, std::ios::binary);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_SUITE("kernels/encode") {
  TEST_CASE("numbers become the blocks of the reference package, bit for bit") {
    for (const dtype type : encodable) {
      CAPTURE(ll::name_of(type));
      const std::string raw = bytes_of_file(type, ".source.f32");
      std::vector<float> source(raw.size() / sizeof(float));
      std::memcpy(source.data(), raw.data(), raw.size());
      std::string made(ll::bytes_of(type, source.size()), '\0');
      REQUIRE(kernels::encode(type, source, std::as_writable_bytes(std::span(made))).has_value());
      std::string expected = bytes_of_file(type, ".encoded.bin");
      REQUIRE(made.size() == expected.size());
      if (type == dtype::q4_1 || type == dtype::q5_1) {
        // The minimum of a block of zeros of both signs has the sign that came first here, and any there.
        for (std::string* blocks : {&made, &expected})
          for (std::size_t at = 0; at < blocks->size(); at += ll::facts_of(type).block_bytes)
            if (blocks->substr(at, 3) == std::string(3, '\0') && (*blocks)[at + 3] == '\x80') (*blocks)[at + 3] = '\0';
      }
      CHECK((made == expected));
    }
  }

  TEST_CASE("no number moves by more than the step between two levels") {
    for (const dtype type : encodable) {
      for (const std::uint64_t seed : {1U, 2U, 3U}) {
        CAPTURE(ll::name_of(type));
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        std::normal_distribution<float> normal(0.5F, 2.0F);
        std::vector<float> source(32 * 40);
        for (float& x : source) x = normal(random);
        std::vector<std::byte> blocks(ll::bytes_of(type, source.size()));
        REQUIRE(kernels::encode(type, source, blocks).has_value());
        std::vector<float> back(source.size());
        REQUIRE(kernels::decode(type, blocks, back).has_value());
        const double levels = type == dtype::q8_0 ? 127 : type == dtype::q5_0 || type == dtype::q5_1 ? 16 : 8;
        for (std::size_t i = 0; i < source.size(); ++i) {
          const auto block = source.begin() + static_cast<std::ptrdiff_t>(i / 32 * 32);
          const double most =
              std::abs(*std::max_element(block, block + 32, [](float a, float b) { return std::abs(a) < std::abs(b); }));
          CHECK(std::abs(double{source[i]} - double{back[i]}) <= most / levels * 1.01);
        }
      }
    }
  }

  TEST_CASE("what has no scale in float16 is refused or becomes zero, and other types are refused") {
    std::vector<float> source(32, 1.0F);
    std::vector<std::byte> out(ll::bytes_of(dtype::q8_0, 32));
    source[7] = std::numeric_limits<float>::quiet_NaN();
    CHECK(kernels::encode(dtype::q8_0, source, out).error().code == ll::errc::numeric);
    source[7] = std::numeric_limits<float>::infinity();
    CHECK(kernels::encode(dtype::q8_0, source, out).error().code == ll::errc::numeric);
    source[7] = 1e30F;
    CHECK(kernels::encode(dtype::q4_1, source, out).error().code == ll::errc::numeric);
    std::ranges::fill(source, 1e-42F);
    for (const dtype type : encodable) {
      CAPTURE(ll::name_of(type));
      REQUIRE(kernels::encode(type, source, out).has_value());
      std::vector<float> back(32, 7.0F);
      REQUIRE(kernels::decode(type, std::span(out).first(ll::bytes_of(type, 32)), back).has_value());
      for (const float x : back) CHECK(x == 0.0F);
    }
    CHECK(kernels::encode(dtype::q4_k, source, out).error().code == ll::errc::unsupported);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/kernels/panels.hpp>

#include "support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <numeric>

using namespace kernel_tests;

namespace {

std::vector<std::byte> read_data(const std::string& name) {
  std::ifstream file(std::string(LINGUALINKED_TEST_DATA) + "/quant/" + name, std::ios::binary);
  REQUIRE(file.good());
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes, bytes + text.size()};
}

// The golden values of a type, decoded by its reference implementation: 8 rows of 512.
struct golden {
  std::vector<std::byte> blocks;
  std::vector<float> values;
  explicit golden(ll::dtype type) {
    std::string name(ll::name_of(type));
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    blocks = read_data(name + ".bin");
    const std::vector<std::byte> raw = read_data(name + ".f32");
    values.resize(raw.size() / 4);
    std::memcpy(values.data(), raw.data(), raw.size());
  }
};

}  // namespace

TEST_SUITE("kernels/panels") {
  TEST_CASE("every weight format decodes to the golden bits") {
    for (const ll::dtype type : weight_types) {
      if (type == ll::dtype::f32) continue;
      CAPTURE(ll::name_of(type));
      const golden g(type);
      std::vector<float> out(g.values.size());
      REQUIRE(lk::decode(type, g.blocks, out));
      CHECK(difference(out, g.values) == "");
    }
  }

  TEST_CASE("panels filled in any order give every row back exactly, and zeros where nothing was stored") {
    const std::uint64_t seed = 11;
    CAPTURE(seed);
    draws random(seed);
    for (const ll::dtype type : weight_types) {
      CAPTURE(ll::name_of(type));
      const std::size_t block = ll::facts_of(type).block_elements;
      for (const std::size_t blocks : sizes{1, 2, 3, 7}) {
        for (const std::size_t rows : sizes{1, 15, 16, 17, 40}) {
          const std::size_t columns = blocks * block;
          lk::panels p = lk::panels::make(type, rows, columns).value();
          CHECK(p.bytes() == lk::panels::bytes_for(type, rows, columns));
          std::vector<std::size_t> order(rows);
          std::iota(order.begin(), order.end(), std::size_t{0});
          for (std::size_t i = rows; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
          std::vector<std::vector<std::byte>> source(rows);
          for (const std::size_t r : order) {
            source[r] = random_row(random, type, columns);
            if (r % 5 == 3) source[r].assign(source[r].size(), std::byte{0});  // what was never stored reads as zeros
            else p.set_row(r, source[r]);
          }
          for (std::size_t r = 0; r < rows; ++r) {
            std::vector<float> expected(columns);
            REQUIRE(lk::decode(type, source[r], expected));
            const std::vector<float> got = decoded_row(p.view(), r);
            if (r % 5 == 3) CHECK(std::all_of(got.begin(), got.end(), [](float x) { return x == 0.0F; }));
            else CHECK(difference(got, expected) == "");
          }
        }
      }
    }
  }

  TEST_CASE("a row stored twice keeps only the second") {
    draws random(12);
    for (const ll::dtype type : weight_types) {
      lk::panels p = random_panels(random, type, 3, 512);
      const std::vector<std::byte> row = random_row(random, type, 512);
      p.set_row(1, row);
      std::vector<float> expected(512);
      REQUIRE(lk::decode(type, row, expected));
      CHECK(difference(decoded_row(p.view(), 1), expected) == "");
    }
  }

  TEST_CASE("panels in memory of somebody else are the same bytes there") {
    draws random(13);
    for (const ll::dtype type : weight_types) {
      CAPTURE(ll::name_of(type));
      ll::storage memory(lk::panels::bytes_for(type, 40, 512));
      lk::panels guest = lk::panels::make(type, 40, 512, memory.data()).value();
      lk::panels owner = lk::panels::make(type, 40, 512).value();
      for (std::size_t r = 0; r < 40; r += 3) {
        const std::vector<std::byte> row = random_row(random, type, 512);
        guest.set_row(r, row);
        owner.set_row(r, row);
      }
      CHECK(guest.view().data == memory.data());
      CHECK(guest.bytes() == memory.size());
      CHECK(std::equal(memory.data(), memory.data() + memory.size(), owner.view().data));
    }
  }

  TEST_CASE("panels are at most 1.06 times as large as the file's blocks") {
    for (const ll::dtype type : weight_types) {
      CAPTURE(ll::name_of(type));
      const std::size_t file = 1024 * ll::bytes_of(type, 1536);
      CHECK(static_cast<double>(lk::panels::bytes_for(type, 1024, 1536)) <= 1.06 * static_cast<double>(file));
    }
  }

  TEST_CASE("impossible matrices are refused with their numbers") {
    CHECK(lk::panels::make(ll::dtype::i32, 4, 4).error().code == ll::errc::unsupported);
    const auto odd = lk::panels::make(ll::dtype::q4_1, 4, 33);
    REQUIRE_FALSE(odd);
    CHECK(odd.error().code == ll::errc::invalid_argument);
    CHECK(odd.error().message.find("4 x 33 q4_1") != std::string::npos);
    CHECK(lk::panels::make(ll::dtype::f32, SIZE_MAX / 2, 32).error().code == ll::errc::invalid_argument);
    CHECK(lk::panels::make(ll::dtype::q8_0, std::size_t{1} << 40, std::size_t{1} << 40).error().code ==
          ll::errc::invalid_argument);
    CHECK(lk::panels::bytes_for(ll::dtype::q8_0, std::size_t{1} << 40, std::size_t{1} << 40) == 0);
    CHECK(lk::panels::bytes_for(ll::dtype::q6_k, 1, 32) == 0);
    CHECK(lk::panels::make(ll::dtype::q8_0, 0, 32).value().bytes() == 0);
  }

  TEST_CASE("decode refuses what does not fit") {
    std::vector<float> out(32);
    const std::vector<std::byte> bytes(34);
    CHECK(lk::decode(ll::dtype::q8_0, bytes, out));
    CHECK(lk::decode(ll::dtype::q4_0, bytes, out).error().code == ll::errc::invalid_argument);
    CHECK(lk::decode(ll::dtype::q8_0, bytes, std::span(out).first(31)).error().code == ll::errc::invalid_argument);
    CHECK(lk::decode(ll::dtype::i32, bytes, out).error().code == ll::errc::unsupported);
  }
}

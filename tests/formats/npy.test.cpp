// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // g++ 12 with sanitizers suspects std::regex, which xnpy.hpp uses
#endif
#include <lingualinked/formats/npy.hpp>

#include "support/temporary_folder.hpp"

#include <lingualinked/formats/input_file.hpp>

#include <doctest/doctest.h>

#if __has_include(<xtensor/io/xnpy.hpp>)
#include <xtensor/io/xnpy.hpp>
#else
#include <xtensor/xnpy.hpp>
#endif

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace ll = lingualinked;
using test_support::temporary_folder;

TEST_SUITE("formats/npy") {
  TEST_CASE("xtensor reads back every number, written row by row") {
    const temporary_folder folder;
    const auto path = folder.file("a.npy");
    constexpr std::size_t rows = 7;
    constexpr std::size_t columns = 1031;
    std::vector<float> numbers(rows * columns);
    std::iota(numbers.begin(), numbers.end(), -3000.25F);
    numbers[5] = std::numeric_limits<float>::infinity();
    numbers[6] = -0.0F;
    auto writer = ll::npy_writer::create(path, std::array<std::uint64_t, 2>{rows, columns});
    REQUIRE(writer.has_value());
    for (std::size_t i = 0; i < rows; ++i) REQUIRE(writer->append(std::span(numbers).subspan(i * columns, columns)).has_value());
    REQUIRE(writer->finish().has_value());
    const auto read = xt::load_npy<float>(path);
    REQUIRE(read.dimension() == 2);
    CHECK(read.shape(0) == rows);
    CHECK(read.shape(1) == columns);
    CHECK(std::equal(numbers.begin(), numbers.end(), read.begin()));
    CHECK(std::signbit(read(0, 6)));
  }

  TEST_CASE("the header is NumPy's, to the byte") {
    const temporary_folder folder;
    const auto path = folder.file("a.npy");
    const auto header_of = [&](std::span<const std::uint64_t> shape) {
      auto writer = ll::npy_writer::create(path, shape);
      REQUIRE(writer.has_value());
      std::uint64_t count = 1;
      for (const auto size : shape) count *= size;
      REQUIRE(writer->append(std::vector<float>(count)).has_value());
      REQUIRE(writer->finish().has_value());
      auto text = ll::read_text_file(path, 1 << 20).value();
      text.resize(text.size() - count * sizeof(float));
      return text;
    };
    // What numpy.save writes for shapes (2, 3) and (5,), stored here because the tests run without Python.
    const std::string two = std::string("\x93NUMPY\x01\x00v\x00", 10) +
                            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" + std::string(58, ' ') + '\n';
    const std::string one = std::string("\x93NUMPY\x01\x00v\x00", 10) +
                            "{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }" + std::string(60, ' ') + '\n';
    CHECK(header_of(std::array<std::uint64_t, 2>{2, 3}) == two);
    CHECK(header_of(std::array<std::uint64_t, 1>{5}) == one);
    for (std::uint64_t size = 1; size < 10'000'000'000; size *= 10) {
      const std::array<std::uint64_t, 4> shape{size, 0, 1, 1};
      CHECK(header_of(shape).size() % 64 == 0);
    }
  }

  TEST_CASE("too many and too few numbers are errors") {
    const temporary_folder folder;
    const auto path = folder.file("a.npy");
    auto writer = ll::npy_writer::create(path, std::array<std::uint64_t, 1>{3}).value();
    const std::vector<float> numbers(4);
    CHECK(writer.append(numbers).error().code == ll::errc::invalid_argument);
    CHECK(writer.append(std::span(numbers).first(2)).has_value());
    CHECK(writer.finish().error().code == ll::errc::invalid_argument);
    CHECK(writer.append(std::span(numbers).first(1)).has_value());
    CHECK(writer.finish().has_value());
    CHECK_FALSE(writer.append({}).has_value());
    CHECK_FALSE(writer.finish().has_value());
  }

  TEST_CASE("a place that cannot be written and a shape that cannot be are errors") {
    const temporary_folder folder;
    const std::array<std::uint64_t, 1> three{3};
    CHECK(ll::npy_writer::create(folder.file("absent/a.npy"), three).error().code == ll::errc::io);
    const std::array<std::uint64_t, 2> wraps{std::uint64_t{1} << 62, 2};
    CHECK_FALSE(ll::npy_writer::create(folder.file("a.npy"), wraps).has_value());
    CHECK_FALSE(ll::npy_writer::create(folder.file("a.npy"), {}).has_value());
    CHECK_FALSE(ll::npy_writer::create(folder.file("a.npy"), std::vector<std::uint64_t>(33, 1)).has_value());
  }
}

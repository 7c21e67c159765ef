// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/tensor/shape.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>

namespace ll = lingualinked;

TEST_SUITE("tensor/shape") {
  TEST_CASE("the number of elements is the product of the sizes") {
    CHECK(ll::volume<0>({}) == 1);
    CHECK(ll::volume<3>({2, 3, 4}) == 24);
    CHECK(ll::volume<3>({2, 0, 4}) == 0);
    CHECK(ll::element_count(std::array<std::uint64_t, 3>{2, 3, 4}).value_or(0) == 24);
    CHECK(ll::element_count({}).value_or(0) == 1);
  }

  TEST_CASE("sizes from a file cannot wrap") {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    CHECK(ll::element_count(std::array<std::uint64_t, 1>{most}).valid());
    CHECK_FALSE(ll::element_count(std::array<std::uint64_t, 2>{most, 2}).valid());
    CHECK_FALSE(ll::element_count(std::array<std::uint64_t, 3>{4194305, 4194305, 211106198978564}).valid());
    CHECK_FALSE(ll::element_count(std::array<std::uint64_t, 3>{most, most, 0}).valid());
  }

  TEST_CASE("strides count elements in row-major order") {
    CHECK(ll::row_major_strides<3>({2, 3, 4}) == ll::extents<3>{12, 4, 1});
    CHECK(ll::row_major_strides<1>({7}) == ll::extents<1>{1});
    static_assert(ll::row_major_strides<2>({5, 6})[0] == 6);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/tensor/view.hpp>

#include <doctest/doctest.h>

#include <concepts>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

namespace ll = lingualinked;

static_assert(std::convertible_to<ll::tensor_view<float, 2>, ll::tensor_view<const float, 2>>);
static_assert(!std::convertible_to<ll::tensor_view<const float, 2>, ll::tensor_view<float, 2>>);
static_assert(!std::convertible_to<ll::tensor_view<float, 2>, ll::tensor_view<float, 1>>);

namespace {

std::vector<int> ramp(std::size_t count) {
  std::vector<int> out(count);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

}  // namespace

TEST_SUITE("tensor/view") {
  TEST_CASE("elements are found where row-major order puts them") {
    auto numbers = ramp(2 * 3 * 5);
    const ll::tensor_view<int, 3> view(std::span<int>(numbers), {2, 3, 5});
    const auto strides = ll::row_major_strides(view.sizes());
    for (std::size_t i = 0; i < 2; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        for (std::size_t k = 0; k < 5; ++k) {
          const auto expected = static_cast<int>(i * strides[0] + j * strides[1] + k * strides[2]);
          CHECK(view(i, j, k) == expected);
          CHECK(view[i](j, k) == expected);
          CHECK(view[i][j][k] == expected);
        }
      }
    }
    CHECK(view.size() == 30);
    CHECK(view.extent(2) == 5);
    CHECK(view.flat().back() == 29);
  }

  TEST_CASE("writes go through to the owner, also from slices and other shapes") {
    auto numbers = ramp(12);
    const ll::tensor_view<int, 2> view(numbers.data(), {4, 3});
    view(1, 2) = 100;
    view[3][0] = 200;
    view.slice(2, 2)(0, 1) = 300;
    view.reshape<3>({2, 2, 3})(0, 0, 2) = 400;
    CHECK(numbers == std::vector<int>{0, 1, 400, 3, 4, 100, 6, 300, 8, 200, 10, 11});
  }

  TEST_CASE("slices keep the inner sizes and may be empty") {
    auto numbers = ramp(12);
    const ll::tensor_view<const int, 2> view(numbers.data(), {4, 3});
    CHECK(view.slice(1, 2).sizes() == ll::extents<2>{2, 3});
    CHECK(view.slice(1, 2)(0, 0) == 3);
    CHECK(view.slice(4, 0).empty());
    const ll::tensor_view<const int, 2> nothing(numbers.data(), {0, 3});
    CHECK(nothing.slice(0, 0).empty());
    CHECK(ll::tensor_view<int, 2>().empty());
  }

#ifndef NDEBUG
  TEST_CASE("an index beyond its extent is a contract violation") {
    auto numbers = ramp(12);
    const ll::tensor_view<int, 2> view(numbers.data(), {4, 3});
    const auto breaks = [](auto&& call) { CHECK_THROWS_AS(call(), ll::contract_violation); };
    breaks([&] { return view(4, 0); });
    breaks([&] { return view(0, 3); });
    breaks([&] { return view[4].size(); });
    breaks([&] { return view[0][3]; });
    breaks([&] { return view.slice(3, 2).size(); });
    breaks([&] { return view.slice(5, 0).size(); });
    breaks([&] { return view.extent(2); });
    breaks([&] { return view.reshape<1>({11}).size(); });
    breaks([&] { return ll::tensor_view<int, 2>(std::span(numbers), {3, 3}).size(); });
  }
#endif

  TEST_CASE("views work in constant expressions") {
    static constexpr int numbers[6] = {1, 2, 3, 4, 5, 6};
    constexpr ll::tensor_view<const int, 2> view(numbers, {2, 3});
    static_assert(view(1, 0) == 4);
    static_assert(view[0][2] == 3);
    static_assert(view.slice(1, 1).size() == 3);
  }
}

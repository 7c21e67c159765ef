// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/tensor/eigen.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <random>
#include <type_traits>
#include <vector>

namespace ll = lingualinked;

namespace {

std::vector<float> noise(std::size_t count, unsigned seed) {
  std::mt19937 draw(seed);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<float> out(count);
  for (auto& x : out) x = uniform(draw);
  return out;
}

}  // namespace

TEST_SUITE("tensor/eigen") {
  TEST_CASE("a map has the elements of the view and writes through") {
    auto numbers = noise(15, 1);
    const ll::tensor_view<float, 2> view(numbers.data(), {3, 5});
    auto map = ll::as_eigen(view);
    CHECK(map.data() == numbers.data());
    REQUIRE(map.rows() == 3);
    REQUIRE(map.cols() == 5);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 5; ++j) CHECK(map(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) == view(i, j));
    }
    map(2, 1) = 42.0F;
    CHECK(view(2, 1) == 42.0F);
    ll::as_eigen(view[0]) *= 0.0F;
    CHECK(view(0, 4) == 0.0F);
  }

  TEST_CASE("a view that only reads gives a map that only reads") {
    const auto numbers = noise(6, 2);
    const auto map = ll::as_eigen(ll::tensor_view<const float, 2>(numbers.data(), {2, 3}));
    static_assert(std::is_const_v<std::remove_pointer_t<decltype(map.data())>>);
    CHECK(map(1, 2) == numbers[5]);
  }

  TEST_CASE("a product through maps is the product by hand") {
    const std::size_t rows = 7;
    const std::size_t inner = 13;
    const std::size_t columns = 5;
    auto a = noise(rows * inner, 3);
    auto b = noise(inner * columns, 4);
    std::vector<float> c(rows * columns);
    const ll::tensor_view<float, 2> va(a.data(), {rows, inner});
    const ll::tensor_view<float, 2> vb(b.data(), {inner, columns});
    const ll::tensor_view<float, 2> vc(c.data(), {rows, columns});
    ll::as_eigen(vc).noalias() = ll::as_eigen(va) * ll::as_eigen(vb);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        double sum = 0;
        for (std::size_t k = 0; k < inner; ++k) sum += static_cast<double>(va(i, k)) * static_cast<double>(vb(k, j));
        CHECK(static_cast<double>(vc(i, j)) == doctest::Approx(sum).epsilon(1e-5));
      }
    }
  }

  TEST_CASE("an Eigen matrix is seen as a view without a copy") {
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> matrix(2, 3);
    matrix << 1, 2, 3, 4, 5, 6;
    const auto view = ll::view_of_eigen(matrix);
    static_assert(decltype(view)::rank == 2);
    CHECK(view(1, 0) == 4.0);
    view(0, 2) = 9.0;
    CHECK(matrix(0, 2) == 9.0);
    Eigen::VectorXd vector(3);
    vector << 1, 2, 3;
    static_assert(decltype(ll::view_of_eigen(vector))::rank == 1);
    CHECK(ll::view_of_eigen(vector)[2] == 3.0);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/tensor/xtensor.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <numeric>
#include <vector>

namespace ll = lingualinked;

TEST_SUITE("tensor/xtensor") {
  TEST_CASE("an adaptor has the elements of the view and writes through") {
    std::vector<float> numbers(24);
    std::iota(numbers.begin(), numbers.end(), 0.0F);
    const ll::tensor_view<float, 3> view(numbers.data(), {2, 3, 4});
    auto tensor = ll::as_xtensor(view);
    REQUIRE(tensor.dimension() == 3);
    for (std::size_t i = 0; i < 2; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        for (std::size_t k = 0; k < 4; ++k) CHECK(tensor(i, j, k) == view(i, j, k));
      }
    }
    tensor(1, 2, 3) = -1.0F;
    CHECK(numbers[23] == -1.0F);
    CHECK(tensor.data() == numbers.data());
  }

  TEST_CASE("logits in a view are read as an xtensor expression") {
    const std::vector<float> logits{1, 5, 2, 7, 0, 3};
    const auto rows = ll::as_xtensor(ll::tensor_view<const float, 2>(logits.data(), {2, 3}));
    float sum = 0;
    for (const float x : rows * 2.0F) sum += x;
    CHECK(sum == 36.0F);
  }

  TEST_CASE("an xtensor is seen as a view without a copy") {
    xt::xtensor<double, 2> tensor{{1, 2, 3}, {4, 5, 6}};
    const auto view = ll::view_of_xtensor(tensor);
    CHECK(view.sizes() == ll::extents<2>{2, 3});
    view(1, 1) = 50.0;
    CHECK(tensor(1, 1) == 50.0);
  }
}

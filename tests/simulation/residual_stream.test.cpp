// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/simulation/residual_stream.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace ll = lingualinked;

namespace {

std::vector<double> draws(ll::residual_stream stream, std::size_t count) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(stream.next());
  return values;
}

}  // namespace

TEST_SUITE("simulation/residual_stream") {
  TEST_CASE("draws have the quantiles that they were measured with") {
    const std::vector<double> quantiles{0.9, 0.95, 1, 1.1, 2};
    auto values = draws(ll::residual_stream(quantiles, 5, 0), 40000);
    std::sort(values.begin(), values.end());
    CHECK(values.front() >= 0.9);
    CHECK(values.back() <= 2);
    for (std::size_t i = 1; i < 4; ++i) CHECK(values[i * 10000] == doctest::Approx(quantiles[i]).epsilon(0.01));
  }

  TEST_CASE("equal seeds draw equal factors, other seeds and other streams others") {
    const std::vector<double> quantiles{0, 1};
    CHECK(draws({quantiles, 1, 2}, 50) == draws({quantiles, 1, 2}, 50));
    CHECK(draws({quantiles, 1, 2}, 50) != draws({quantiles, 2, 2}, 50));
    CHECK(draws({quantiles, 1, 2}, 50) != draws({quantiles, 1, 3}, 50));
    CHECK(draws({quantiles, 1, 2}, 50) != draws({quantiles, 2, 1}, 50));
  }

  TEST_CASE("nothing measured means no spread, one factor that factor") {
    CHECK(draws({{}, 1, 1}, 3) == std::vector{1.0, 1.0, 1.0});
    CHECK(draws({{1.25}, 1, 1}, 2) == std::vector{1.25, 1.25});
  }
}

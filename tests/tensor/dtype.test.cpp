// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/tensor/dtype.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace ll = lingualinked;

TEST_SUITE("tensor/dtype") {
  TEST_CASE("codes are dense, names differ, and code and type lead to each other") {
    std::set<std::string> names;
    for (std::size_t code = 0; code < ll::dtype_table.size(); ++code) {
      const auto type = ll::dtype_of_code(static_cast<std::uint8_t>(code));
      REQUIRE(type.has_value());
      CHECK(static_cast<std::size_t>(*type) == code);
      CHECK(ll::facts_of(*type).type == *type);
      names.insert(std::string(ll::name_of(*type)));
    }
    CHECK(names.size() == ll::dtype_table.size());
    CHECK_FALSE(ll::dtype_of_code(static_cast<std::uint8_t>(ll::dtype_table.size())).has_value());
    CHECK_FALSE(ll::dtype_of_code(255).has_value());
  }

  TEST_CASE("bytes of a row follow from the published bits per weight") {
    CHECK(ll::bytes_of(ll::dtype::f32, 256) == 1024);
    CHECK(ll::bytes_of(ll::dtype::bf16, 256) == 512);
    CHECK(ll::bytes_of(ll::dtype::q8_0, 256) * 8 == 256 * 17 / 2);
    CHECK(ll::bytes_of(ll::dtype::q4_1, 256) * 8 == 256 * 5);
    CHECK(ll::bytes_of(ll::dtype::q4_k, 256) * 8 == 256 * 9 / 2);
    CHECK(ll::bytes_of(ll::dtype::q6_k, 512) == 2 * 210);
    CHECK(ll::is_quantised(ll::dtype::q5_0));
    CHECK_FALSE(ll::is_quantised(ll::dtype::f16));
    CHECK_FALSE(ll::is_quantised(ll::dtype::i32));
  }
}

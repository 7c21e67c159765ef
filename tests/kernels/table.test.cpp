// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/kernels/table.hpp>

#include "support.hpp"

#include <doctest/doctest.h>

#include <cfenv>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

using namespace kernel_tests;

TEST_SUITE("kernels/table") {
  TEST_CASE("instruction sets are found by their names") {
    for (const lk::isa which :
         {lk::isa::scalar, lk::isa::avx2, lk::isa::avxvnni, lk::isa::avx512, lk::isa::neon, lk::isa::neon_dot})
      CHECK(lk::isa_named(lk::name_of(which)).value() == which);
    const auto unknown = lk::isa_named("mmx");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().message.find("avx512") != std::string::npos);
  }

  TEST_CASE("the scalar table is always there and the best one is available") {
    CHECK(lk::available(lk::isa::scalar));
    CHECK(lk::available(lk::best_available()));
    for (const lk::isa which :
         {lk::isa::scalar, lk::isa::avx2, lk::isa::avxvnni, lk::isa::avx512, lk::isa::neon, lk::isa::neon_dot}) {
      const auto found = lk::table_for(which);
      CHECK(found.has_value() == lk::available(which));
      if (found) {
        CHECK((*found)->name == lk::name_of(which));
        CHECK(static_cast<bool>((*found)->linear));
        CHECK(static_cast<bool>((*found)->argmax));
      } else {
        CHECK(found.error().code == ll::errc::unsupported);
      }
    }
  }

  TEST_CASE("a thread that breaks the numeric rules is told which, and can be repaired") {
    CHECK(lk::check_numeric_environment());
    std::fesetround(FE_UPWARD);
    const auto upward = lk::check_numeric_environment();
    lk::set_numeric_environment();
    REQUIRE_FALSE(upward);
    CHECK(upward.error().code == ll::errc::numeric);
    CHECK(upward.error().message.find("nearest even") != std::string::npos);
    CHECK(lk::check_numeric_environment());
#if defined(__SSE__)
    _mm_setcsr(_mm_getcsr() | 0x8040U);
    const auto flushed = lk::check_numeric_environment();
    lk::set_numeric_environment();
    REQUIRE_FALSE(flushed);
    CHECK(flushed.error().message.find("subnormal") != std::string::npos);
    CHECK(lk::check_numeric_environment());
#endif
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/core/result.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace ll = lingualinked;

static_assert(std::is_move_constructible_v<ll::result<std::unique_ptr<int>>>);
static_assert(!std::is_copy_constructible_v<ll::result<std::unique_ptr<int>>>);
static_assert(!std::is_convertible_v<ll::result<int>, bool>);

TEST_SUITE("core/result") {
  TEST_CASE("a result holds a value or an error, never both") {
    const ll::result<int> good = 5;
    CHECK(good.has_value());
    CHECK(*good == 5);
    CHECK(good.value() == 5);
    const ll::result<int> bad = ll::error{ll::errc::timeout, "no answer after 3 s"};
    CHECK_FALSE(bad.has_value());
    CHECK(bad.error().code == ll::errc::timeout);
    CHECK(bad.error().message == "no answer after 3 s");
  }

  TEST_CASE("value() of an error throws a failure with the same code and message") {
    const ll::result<std::string> bad = ll::error{ll::errc::io, "disk"};
    try {
      static_cast<void>(bad.value());
      FAIL("no exception");
    } catch (const ll::failure& e) {
      CHECK(e.code() == ll::errc::io);
      CHECK(std::string(e.what()) == "disk");
    }
    const ll::result<void> nothing = ll::error{ll::errc::busy, "b"};
    CHECK_THROWS_AS(nothing.value(), ll::failure);
    CHECK_NOTHROW(ll::result<void>().value());
  }

  TEST_CASE("values move in and out") {
    ll::result<std::unique_ptr<int>> made = std::make_unique<int>(7);
    const std::unique_ptr<int> out = *std::move(made);
    CHECK(*out == 7);
    ll::result<std::string> text = "from a literal";
    CHECK(text->size() == 14);
    CHECK(std::move(text).value() == "from a literal");
  }

  TEST_CASE("and_then and transform go on with a value and hand an error through") {
    const auto half = [](int x) -> ll::result<int> {
      if (x % 2 != 0) return ll::error{ll::errc::invalid_argument, "odd"};
      return x / 2;
    };
    CHECK(ll::result<int>(12).and_then(half).and_then(half).value() == 3);
    CHECK(ll::result<int>(6).and_then(half).and_then(half).error().message == "odd");
    CHECK(ll::result<int>(6).transform([](int x) { return std::to_string(x); }).value() == "6");
    int calls = 0;
    const auto count = [&](int x) { return calls += x; };
    CHECK(ll::result<int>(ll::error{ll::errc::io, "gone"}).transform(count).error().message == "gone");
    CHECK(calls == 0);
  }

  TEST_CASE("an error says where it happened") {
    CHECK(ll::error{ll::errc::malformed, "3 of 4 bytes"}.in("a.gguf") == ll::error{ll::errc::malformed, "a.gguf: 3 of 4 bytes"});
    CHECK(ll::name_of(ll::errc::peer_lost) == "peer_lost");
    for (int code = 0; code <= static_cast<int>(ll::errc::internal); ++code) {
      CHECK(ll::name_of(static_cast<ll::errc>(code)) != "unknown");
    }
    CHECK(ll::name_of(static_cast<ll::errc>(200)) == "unknown");
  }
}

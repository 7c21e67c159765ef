// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/text/charsmap.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ll = lingualinked;

namespace {

/// Compiled rules by hand: "a" becomes `one`, "ab" becomes `two`.
std::string rules(const std::string& one, const std::string& two) {
  constexpr std::uint32_t has_value = 0x100;
  constexpr std::uint32_t value = 0x80000000U;
  std::vector<std::uint32_t> units(512);
  units[0] = 256U << 10;
  const std::uint32_t a = 256 ^ 'a';
  units[a] = (3U << 10) | has_value | 'a';
  units[a ^ 3U] = value;
  const std::uint32_t ab = a ^ 3U ^ 'b';
  units[ab] = (5U << 10) | has_value | 'b';
  units[ab ^ 5U] = value | static_cast<std::uint32_t>(one.size() + 1);
  std::string out;
  const auto put = [&](std::uint32_t x) {
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(static_cast<unsigned char>(x >> shift)));
  };
  put(static_cast<std::uint32_t>(4 * units.size()));
  for (const std::uint32_t unit : units) put(unit);
  return out + one + '\0' + two + '\0';
}

}  // namespace

TEST_SUITE("text/charsmap") {
  TEST_CASE("the longest rule wins, and what no rule covers stays") {
    const auto map = ll::charsmap::create(rules("X", "YZ"));
    REQUIRE(map);
    CHECK(map->apply("abaab-b\xFF", 100).value() == "YZXYZ-b\xFF");
    CHECK(map->longest_rule("ab", 0)->second == 2);
    CHECK_FALSE(map->longest_rule("ab", 1));
  }

  TEST_CASE("rules that make a text grow stop at the limit") {
    const auto map = ll::charsmap::create(rules(std::string(1000, 'x'), ""));
    REQUIRE(map);
    CHECK(map->apply("aaa", 3000).value().size() == 3000);
    CHECK(map->apply("aaaa", 3000).error().code == ll::errc::limit);
    CHECK(map->apply(std::string(1 << 20, 'a'), 3000).error().code == ll::errc::limit);
    CHECK(map->apply("abab", 0).value().empty());
  }

  TEST_CASE("parts that do not fit together are refused") {
    const std::string whole = rules("X", "YZ");
    for (const std::size_t size : {0U, 3U, 4U, 100U, 2051U}) CHECK_FALSE(ll::charsmap::create(whole.substr(0, size)));
    CHECK(ll::charsmap::create(whole.substr(0, 2052)).value().apply("ab", 10).value() == "ab");  // values without replacements
    CHECK_FALSE(ll::charsmap::create(std::string("\3\0\0\0abc", 7)));
  }
}

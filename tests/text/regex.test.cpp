// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/text/regex.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace ll = lingualinked;

namespace {

/// Every match, with one step over an empty one.
std::vector<std::string> all_matches(const char* pattern, std::string_view text) {
  const auto expression = ll::regex::compile(pattern);
  REQUIRE(expression);
  ll::regex::search search(*expression, text);
  std::vector<std::string> found;
  for (std::size_t from = 0; from <= text.size();) {
    const auto match = search.next(from);
    REQUIRE(match);
    if (!*match) break;
    CHECK((*match)->begin >= from);
    found.emplace_back(text.substr((*match)->begin, (*match)->end - (*match)->begin));
    from = (*match)->end + ((*match)->end == (*match)->begin ? 1 : 0);
  }
  return found;
}
using strings = std::vector<std::string>;

}  // namespace

TEST_SUITE("text/regex") {
  TEST_CASE("matches are found one after another, the empty one at the end too") {
    CHECK(all_matches("a+", "aa b a") == strings{"aa", "a"});
    CHECK(all_matches("a*", "ab") == strings{"a", "", ""});
    CHECK(all_matches("x", "").empty());
    CHECK(all_matches("^", "") == strings{""});
    CHECK(all_matches("\\w+", "\xC3\xA9\xCC\x81t\xC3\xA9_1 x") == strings{"\xC3\xA9\xCC\x81t\xC3\xA9_1", "x"});
  }

  TEST_CASE("broken bytes match nothing, and what lies between them is searched") {
    CHECK(all_matches(".", "a\xFF\xFE\xC3\xA9\x80") == strings{"a", "\xC3\xA9"});
    CHECK(all_matches("a+", "\xFF") == strings{});
    CHECK(all_matches("[^b]", "\xF0\x9F\x91") == strings{});
    // Such a border is no beginning and no end of a line.
    CHECK(all_matches("^a|a$",
                      "a\xFF"
                      "a\xFF"
                      "a") == strings{"a", "a"});
    CHECK(all_matches("^a",
                      "\n\xFF"
                      "a\na") == strings{"a"});
  }

  TEST_CASE("the name of a script means its own characters, not those that it shares") {
    for (const char* expression : {"\\p{Han}", "[\\p{Han}]", "\\P{^Han}", "\\p{han}"}) {
      CAPTURE(expression);
      CHECK(all_matches(expression, "\xE3\x80\x82\xE4\xB8\xAD.") == strings{"\xE4\xB8\xAD"});
    }
    CHECK(all_matches("\\p{Lu}\\p{L}", "aBcD") == strings{"Bc"});
  }

  TEST_CASE("a long text with many matches is gone through once") {
    // If each match looked at the whole rest again, this would be 10^11 steps.
    const std::string text(1U << 20, 'a');
    const auto expression = ll::regex::compile("a{2}");
    REQUIRE(expression);
    ll::regex::search search(*expression, text);
    std::size_t from = 0;
    std::size_t count = 0;
    for (;; ++count) {
      const auto match = search.next(from);
      REQUIRE(match);
      if (!*match) break;
      from = (*match)->end;
    }
    CHECK(count == text.size() / 2);
  }

  TEST_CASE("an expression that tries too much gives up with the place") {
    const auto expression = ll::regex::compile("(a|aa)+$");
    REQUIRE(expression);
    const std::string text = std::string(5000, 'a') + "!";
    const auto match = ll::regex::search(*expression, text).next(0);
    REQUIRE_FALSE(match);
    CHECK(match.error().code == ll::errc::limit);
    CHECK(match.error().message.find("of 5001") != std::string::npos);
  }

  TEST_CASE("many places that each take a little less than the limit do not add up to hours") {
    // Each run of letters takes 2^k steps from each of its places, and none of them matches.
    const auto expression = ll::regex::compile("(a|a)+$");
    REQUIRE(expression);
    std::string text;
    for (int i = 0; i < 2000; ++i) text += std::string(17, 'a') + "!";
    const auto match = ll::regex::search(*expression, text).next(0);
    REQUIRE_FALSE(match);
    CHECK(match.error().code == ll::errc::limit);
  }

  TEST_CASE("long matches and long words are within the budget") {
    std::string text;
    for (int i = 0; i < 300; ++i) text += std::string(3000, i % 2 == 0 ? 'a' : 'B') + " ";
    CHECK(all_matches("[A-Z]*[a-z]+|[A-Z]+[a-z]*", text).size() == 300);
    CHECK(all_matches("(?:[a-zA-Z])+?(?= )", text).size() == 300);
    CHECK(all_matches("[a-z]+", std::string(1 << 20, 'a')).size() == 1);
  }
}

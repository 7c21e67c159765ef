// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/text/stop_matcher.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace ll = lingualinked;

TEST_SUITE("text/stop_matcher") {
  TEST_CASE("a stop string is found across pushes and is not part of the text") {
    auto stops = ll::stop_matcher::create({"END"});
    REQUIRE(stops);
    CHECK(stops->push("the E") == "the ");
    CHECK(stops->push("N").empty());
    CHECK_FALSE(stops->stopped());
    CHECK(stops->push("D and more").empty());
    CHECK(stops->stopped());
    CHECK(stops->push("more").empty());
    CHECK(stops->flush().empty());
  }

  TEST_CASE("a beginning that comes to nothing is text after all") {
    auto stops = ll::stop_matcher::create({"END", "\n\n"});
    REQUIRE(stops);
    CHECK(stops->push("EN") == "");
    CHECK(stops->push("TER\n") == "ENTER");
    CHECK(stops->flush() == "\n");
    CHECK_FALSE(stops->stopped());
  }

  TEST_CASE("without stop strings everything passes at once") {
    ll::stop_matcher none;
    CHECK(none.push("abc") == "abc");
    CHECK(none.flush().empty());
  }

  TEST_CASE("however the text is cut, what comes out ends before the stop string that begins first") {
    constexpr unsigned seed = 11;
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto word = [&](std::size_t most) {
      std::string w(1 + random() % most, 'a');
      for (char& c : w) c = static_cast<char>('a' + random() % 2);
      return w;
    };
    for (int round = 0; round < 5000; ++round) {
      std::vector<std::string> list(1 + random() % 3);
      for (std::string& s : list) s = word(4);
      const std::string text = word(12);
      std::size_t first = text.size();
      for (const std::string& s : list) first = std::min(first, text.find(s));
      auto stops = ll::stop_matcher::create(list);
      REQUIRE(stops);
      std::string out;
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = 1 + random() % 4;
        out += stops->push(std::string_view(text).substr(at, size));
        at += size;
      }
      out += stops->flush();
      CAPTURE(text);
      CHECK(out == text.substr(0, first));
      CHECK(stops->stopped() == (first < text.size()));
    }
  }

  TEST_CASE("empty, long and many stop strings are refused") {
    CHECK(ll::stop_matcher::create({""}).error().code == ll::errc::invalid_argument);
    CHECK(ll::stop_matcher::create({std::string(1025, 'x')}).error().code == ll::errc::limit);
    CHECK(ll::stop_matcher::create(std::vector<std::string>(17, "x")).error().code == ll::errc::limit);
  }
}

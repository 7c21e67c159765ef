// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/model/label_scores.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace ll = lingualinked;

TEST_SUITE("model/label_scores") {
  TEST_CASE("scores are probabilities by falling size") {
    const std::array logits{1.0F, 3.0F, 3.0F, -500.0F};
    const std::vector<std::string> labels{"a", "b", "c", "d"};
    const auto scores = ll::label_scores(logits, labels);
    REQUIRE(scores.size() == 4);
    CHECK(scores[0].label == "b");
    CHECK(scores[1].label == "c");
    CHECK(scores[2].label == "a");
    CHECK(scores[0].score == doctest::Approx(1 / (2 + std::exp(-2.0))));
    CHECK(scores[3].score == doctest::Approx(0));
    CHECK(scores[0].score + scores[1].score + scores[2].score + scores[3].score == doctest::Approx(1));
    CHECK(ll::label_scores({}, labels).empty());
  }

  TEST_CASE("labels that do not exclude each other have probabilities of their own, and a regression its number") {
    const std::array logits{-1.0F, 2.0F};
    const std::vector<std::string> labels{"a", "b"};
    const auto own = ll::label_scores(logits, labels, ll::score_rule::sigmoid);
    REQUIRE(own.size() == 2);
    CHECK(own[0].label == "b");
    CHECK(own[0].score == doctest::Approx(1 / (1 + std::exp(-2.0))));
    CHECK(own[1].score == doctest::Approx(1 / (1 + std::exp(1.0))));
    CHECK(ll::label_scores(logits, labels, ll::score_rule::none)[1].score == -1);
  }

  TEST_CASE("padding at the end is taken away, but not all of a text") {
    const std::array<ll::token_id, 5> ids{2, 7, 2, 2, 2};
    CHECK(ll::without_padding(ids, 2).size() == 2);
    CHECK(ll::without_padding(ids, 7).size() == 5);
    CHECK(ll::without_padding(ids, std::nullopt).size() == 5);
    CHECK(ll::without_padding(std::span(ids).last(3), 2).size() == 1);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/partition/profile_seconds.hpp>

#include <doctest/doctest.h>

#include <tuple>

namespace ll = lingualinked;

TEST_SUITE("partition/profile_seconds") {
  TEST_CASE("a piece of a prompt takes what was measured, a straight line between, and per token beyond") {
    const ll::module_profile kind{"attention", 1, 0.5, {{32, 11, 1}, {64, 21, 2}}};
    CHECK(ll::decode_seconds(kind, 4) == 3);
    CHECK(ll::prefill_seconds(kind, 1, 4) == doctest::Approx(3));
    CHECK(ll::prefill_seconds(kind, 32, 4) == doctest::Approx(15));
    CHECK(ll::prefill_seconds(kind, 64, 4) == doctest::Approx(29));
    CHECK(ll::prefill_seconds(kind, 48, 4) == doctest::Approx(22));
    CHECK(ll::prefill_seconds(kind, 128, 4) == doctest::Approx(58));
    CHECK(ll::prefill_seconds(kind, 16.5, 4) == doctest::Approx(9));
  }
  TEST_CASE(
      "tokens of several sequences take what such batches took, then what pieces of prompts take, and each brings its context") {
    const ll::module_profile kind{"attention", 1, 0.5, {{2, 99, 9}, {32, 11, 1}}, {{2, 1.5}, {8, 3}}};
    CHECK(ll::row_seconds(kind, 1) == 1);
    CHECK(ll::row_seconds(kind, 2) == 1.5);
    CHECK(ll::row_seconds(kind, 4) == doctest::Approx(2));
    CHECK(ll::row_seconds(kind, 8) == 3);
    CHECK(ll::row_seconds(kind, 20) == doctest::Approx(7));
    CHECK(ll::row_seconds(kind, 64) == doctest::Approx(22));
    CHECK(ll::row_seconds({"head", 2, 0, {}, {}}, 3) == doctest::Approx(6));
    CHECK(ll::batch_seconds(kind, 1, 4) == ll::decode_seconds(kind, 4));
    CHECK(ll::batch_seconds(kind, 8, 4) == doctest::Approx(3 + 8 * 2));
  }
  TEST_CASE("one token is always a token of decoding, and sizes that do not rise are passed over") {
    const ll::module_profile kind{"attention", 1, 0.5, {{1, 7, 1}, {8, 15, 0}}, {{1, 9}, {8, 8}, {4, 99}}};
    CHECK(ll::prefill_seconds(kind, 1, 4) == 3);
    CHECK(ll::prefill_seconds(kind, 8, 4) == 15);
    CHECK(ll::row_seconds(kind, 1) == 1);
    CHECK(ll::row_seconds(kind, 8) == 8);
    CHECK(ll::row_seconds(kind, 16) == 16);
  }
  TEST_CASE("without measured pieces a prompt takes as long for each token as decoding") {
    CHECK(ll::prefill_seconds({"head", 2, 0, {}}, 10, 100) == doctest::Approx(20));
  }
  TEST_CASE("a profile is chosen by model, cache and threads") {
    ll::device d;
    for (const auto& [sha, kv, threads] : {std::tuple("a", "f16", 2U), std::tuple("a", "f16", 4U), std::tuple("a", "f32", 2U)}) {
      d.profiles.emplace_back();
      d.profiles.back().model_sha256 = sha;
      d.profiles.back().kv_dtype = kv;
      d.profiles.back().threads = threads;
    }
    CHECK(ll::profile_of(d, "a", "f16") == &d.profiles[0]);
    CHECK(ll::profile_of(d, "a", "f32") == &d.profiles[2]);
    CHECK(ll::profile_of(d, "b", "f16") == nullptr);
    d.threads = 4;
    CHECK(ll::profile_of(d, "a", "f16") == &d.profiles[1]);
    CHECK(ll::profile_of(d, "a", "f32") == &d.profiles[2]);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/documents/profile.hpp>

#include <doctest/doctest.h>

#include "random_documents.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ll = lingualinked;

namespace {

constexpr std::string_view two_kinds = R"({
  "model_sha256": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "build": "1.2.3", "isa": "avx2",
  "kv_dtype": "f16", "contract": 1, "threads": 2, "stage_overhead_seconds": 0.00003, "residuals": [0.9, 1.0, 1.25],
  "kinds": [{"name": "attention", "decode_seconds": 0.001, "decode_seconds_per_context_token": 1e-7,
             "prefill": [{"tokens": 32, "seconds": 0.01, "seconds_per_context_token": 2e-6}, {"tokens": 64, "seconds": 0.02}]},
            {"name": "head", "decode_seconds": 0.002}],
  "module_kind": [0, 0, 1]})";

std::string profile_with(std::string_view old_text, std::string_view new_text) {
  std::string text(two_kinds);
  const auto at = text.find(old_text);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old_text.size(), new_text);
}

}  // namespace

TEST_SUITE("documents/profile") {
  TEST_CASE("a profile is read as it is described") {
    const auto p = ll::read_profile(two_kinds);
    REQUIRE(p.has_value());
    CHECK(p->model_sha256 == "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    CHECK(p->build == "1.2.3");
    CHECK(p->isa == "avx2");
    CHECK(p->kv_dtype == "f16");
    CHECK(p->contract == 1);
    CHECK(p->threads == 2);
    CHECK(p->stage_overhead_seconds == 0.00003);
    CHECK(p->residuals == std::vector<double>{0.9, 1.0, 1.25});
    CHECK(p->kinds ==
          std::vector<ll::module_profile>{{"attention", 0.001, 1e-7, {{32, 0.01, 2e-6}, {64, 0.02, 0}}}, {"head", 0.002, 0, {}}});
    CHECK(p->module_kind == std::vector<std::uint32_t>{0, 0, 1});
  }

  TEST_CASE("what was written is read back to the last bit") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      CAPTURE(seed);
      random_documents::source s(seed);
      const ll::device_profile profile = random_documents::profile(s);
      const auto again = ll::read_profile(ll::to_json(profile).dump());
      REQUIRE(again.has_value());
      REQUIRE(*again == profile);
    }
  }

  TEST_CASE("a malformed profile is refused and the field is named") {
    struct row {
      std::string text;
      std::string_view says;
    };
    const row rows[] = {
        {"{}", "model_sha256"},
        {profile_with("00112233", "0011223G"), "model_sha256"},
        {profile_with("00112233", "001122"), "model_sha256"},
        {profile_with("\"f16\"", "\"q8_0\""), "kv_dtype"},
        {profile_with("\"contract\": 1", "\"contract\": 0"), "contract"},
        {profile_with("\"threads\": 2", "\"threads\": 0"), "threads"},
        {profile_with("0.00003", "-1"), "stage_overhead_seconds"},
        {profile_with("[0.9, 1.0", "[0.9, 0.8"), "residuals[1]"},
        {profile_with("[0.9, 1.0", "[0, 1.0"), "residuals[0]"},
        {profile_with("\"decode_seconds\": 0.001", "\"decode_seconds\": -0.001"), "kinds[0].decode_seconds"},
        {profile_with("1e-7", "-1e-7"), "kinds[0].decode_seconds_per_context_token"},
        {profile_with("\"decode_seconds\": 0.002", "\"decode_seconds\": null"), "kinds[1].decode_seconds"},
        {profile_with("\"tokens\": 64", "\"tokens\": 32"), "kinds[0].prefill[1].tokens"},
        {profile_with("\"tokens\": 32", "\"tokens\": 0"), "kinds[0].prefill[0].tokens"},
        {profile_with("\"seconds\": 0.02", "\"seconds\": \"long\""), "kinds[0].prefill[1].seconds"},
        {profile_with("[0, 0, 1]", "[0, 2, 1]"), "module_kind[1]"},
        {profile_with("[0, 0, 1]", "[0, -1, 1]"), "module_kind[1]"},
    };
    for (const row& r : rows) {
      CAPTURE(r.text);
      const auto p = ll::read_profile(r.text);
      REQUIRE_FALSE(p.has_value());
      CHECK(p.error().code == ll::errc::malformed);
      const std::string why = p.error().message;
      CAPTURE(why);
      CHECK(why.find(r.says) != std::string::npos);
    }
  }

  TEST_CASE("lists have limits") {
    std::string many = "[1";
    for (std::size_t i = 0; i < ll::profile_limits::residuals; ++i) many += ",1";
    CHECK_FALSE(ll::read_profile(profile_with("[0.9, 1.0, 1.25]", many + "]")).has_value());
    std::string modules = "[0";
    for (std::size_t i = 0; i < ll::profile_limits::modules; ++i) modules += ",0";
    CHECK_FALSE(ll::read_profile(profile_with("[0, 0, 1]", modules + "]")).has_value());
  }

  TEST_CASE("damaged profiles give clean errors, or profiles that are stable") {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
      CAPTURE(seed);
      random_documents::source s(seed);
      const auto profile = ll::read_profile(random_documents::damaged(ll::to_json(random_documents::profile(s)).dump(), s));
      if (!profile) {
        REQUIRE_FALSE(profile.error().message.empty());
        continue;
      }
      const auto again = ll::read_profile(ll::to_json(*profile).dump());
      REQUIRE(again.has_value());
      REQUIRE(*again == *profile);
    }
  }
}

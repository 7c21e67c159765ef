// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/documents/control.hpp>

#include <doctest/doctest.h>

#include "random_documents.hpp"
#include "support/rounds.hpp"

#include <lingualinked/core/bytes.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>

namespace ll = lingualinked;

namespace {

using codec = ll::json_control_codec;

std::string text_of(const ll::control::message& m) {
  const auto bytes = codec::encode(m);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ll::error refusal(std::string_view text) {
  const auto message = codec::decode(ll::bytes_of(text));
  REQUIRE_FALSE(message.has_value());
  return message.error();
}

/// An open message whose sampling goes on as given from the biases on.
std::string open_with_sampling(const std::string& rest) {
  return R"({"kind":"open","sequence":1,"prompt":[],"max_tokens":1,"end_tokens":[],"sampling":{)"
         R"("temperature":1,"top_k":0,"top_p":1,)"
         R"("min_p":0,"typical_p":1,"repeat_penalty":1,"frequency_penalty":0,"presence_penalty":0,"repeat_window_tokens":64,)" +
         rest + "}}";
}

constexpr std::size_t kinds = std::variant_size_v<ll::control::message>;

}  // namespace

TEST_SUITE("documents/control") {
  TEST_CASE("every kind of message is read back as it was written") {
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      for (std::uint64_t seed = 0; seed < test_support::rounds(200); ++seed) {
        CAPTURE(kind);
        CAPTURE(seed);
        random_documents::source s(seed);
        const ll::control::message message = random_documents::control_message(s, kind);
        REQUIRE(message.index() == kind);
        const auto again = codec::decode(codec::encode(message));
        const std::string why = again ? "" : again.error().message;
        CAPTURE(why);
        REQUIRE(again.has_value());
        REQUIRE(*again == message);
      }
    }
  }

  TEST_CASE("64-bit names are exact, also those that no double holds") {
    for (const std::uint64_t name :
         {std::uint64_t{1} << 53, (std::uint64_t{1} << 53) + 1, ~std::uint64_t{0}, ~std::uint64_t{0} - 1}) {
      CHECK(std::get<ll::control::hello>(codec::decode(codec::encode(ll::control::hello{1, 1, name})).value()).you == name);
      CHECK(std::get<ll::control::opened>(codec::decode(codec::encode(ll::control::opened{name})).value()).sequence == name);
    }
  }

  TEST_CASE("error messages of any bytes and any length arrive") {
    for (const std::string& text :
         {std::string(100000, 'x'), std::string(5000, '\xFF'), std::string("cut \xE2\x82"), std::string("a\0b", 3)}) {
      const auto again = codec::decode(codec::encode(ll::control::failed{3, {ll::errc::io, text}}));
      REQUIRE(again.has_value());
      const auto& failed = std::get<ll::control::failed>(*again);
      CHECK(failed.sequence == 3);
      CHECK(failed.what.code == ll::errc::io);
      CHECK_FALSE(failed.what.message.empty());
    }
  }

  TEST_CASE("a code of a newer version becomes internal, unknown fields are left alone") {
    const auto failed =
        codec::decode(ll::bytes_of(R"({"kind":"failed","sequence":1,"code":"sunspots","message":"m","more":[{}]})"));
    CHECK(std::get<ll::control::failed>(failed.value()).what == ll::error{ll::errc::internal, "m"});
  }

  TEST_CASE("what is no message is refused and the field is named") {
    struct row {
      std::string text;
      std::string_view says;
    };
    const row rows[] = {
        {"", "control message"},
        {"null", "kind"},
        {"[]", "kind"},
        {"{}", "kind"},
        {R"({"kind":5})", "kind"},
        {R"({"kind":"dance"})", "kind"},
        {R"({"kind":"bye","kind":"hello"})", "kind"},
        {R"({"kind":"hello","protocol":1,"contract":1})", "you"},
        {R"({"kind":"hello","protocol":-1,"contract":1,"you":2})", "protocol"},
        {R"({"kind":"hello","protocol":4294967296,"contract":1,"you":2})", "protocol"},
        {R"({"kind":"hello","protocol":1,"contract":1,"you":2.0})", "you"},
        {R"({"kind":"hello","protocol":1,"contract":1,"you":"2"})", "you"},
        {R"({"kind":"hello","protocol":1,"contract":1,"you":18446744073709551616})", "you"},
        {R"({"kind":"close"})", "sequence"},
        {R"({"kind":"ready","epoch":1,"memory_bytes":1,"load_seconds":-1})", "load_seconds"},
        {R"({"kind":"ready","epoch":1,"memory_bytes":1,"load_seconds":1e999})", ""},
        {R"({"kind":"deploy","epoch":1,"model_fingerprint":"f","module_count":1,"stage":0,"stages":{}})", "stages"},
        {R"({"kind":"deploy","epoch":1,"model_fingerprint":"f","module_count":1,"stage":0,"stages":[{}]})", "stages[0].peer"},
        {R"({"kind":"deploy","epoch":1,"model_fingerprint":"f","module_count":1,"stage":0,"stages":[],
            "transmissions":[[1,2,3,4]]})",
         "transmissions[0]"},
        {R"({"kind":"deploy","epoch":1,"model_fingerprint":"f","module_count":1,"stage":0,"stages":[],
            "transmissions":[[1,2,3,4,5,6]]})",
         "transmissions[0]"},
        {R"({"kind":"open","sequence":1,"prompt":[1,-2]})", "prompt[1]"},
        {R"({"kind":"open","sequence":1,"prompt":[2147483648]})", "prompt[0]"},
        {R"({"kind":"open","sequence":1,"prompt":[1.5]})", "prompt[0]"},
        {R"({"kind":"open","sequence":1,"prompt":"text"})", "prompt"},
        {R"({"kind":"open","sequence":1,"prompt":[],"max_tokens":1,"end_tokens":[],"sampling":{"temperature":1e39}})",
         "temperature"},
        {open_with_sampling(R"("logit_bias":[[1,2],[3]])"), "logit_bias[1]"},
        {open_with_sampling(R"("logit_bias":[[-1,2]])"), "logit_bias[0][0]"},
        {open_with_sampling(R"("logit_bias":{"1":2})"), "logit_bias"},
        {open_with_sampling(R"("logit_bias":[],"mirostat":3)"), "mirostat"},
        {R"({"kind":"bye"} trailing)", ""},
        {"\xEF\xBB\xBFx", ""},
    };
    for (const row& r : rows) {
      CAPTURE(r.text);
      const ll::error why = refusal(r.text);
      CAPTURE(why.message);
      CHECK(why.code == ll::errc::malformed);
      CHECK(why.message.find(r.says) != std::string::npos);
    }
  }

  TEST_CASE("depth, size and counts have limits") {
    CHECK(refusal(std::string(100000, '[')).code == ll::errc::limit);
    CHECK(refusal(std::string(ll::control_limits::bytes + 1, ' ')).code == ll::errc::limit);
    ll::control::open open;
    open.options.prompt.assign(ll::control_limits::prompt_tokens, 1);
    CHECK(codec::decode(codec::encode(open)).has_value());
    open.options.prompt.push_back(1);
    CHECK_FALSE(codec::decode(codec::encode(open)).has_value());
    open.options.prompt.clear();
    open.options.end_tokens.assign(ll::control_limits::end_tokens + 1, 1);
    CHECK_FALSE(codec::decode(codec::encode(open)).has_value());
    ll::control::deploy deploy;
    deploy.stages.resize(ll::control_limits::stages + 1);
    CHECK_FALSE(codec::decode(codec::encode(deploy)).has_value());
    deploy.stages.assign(1, {1, std::string(ll::control_limits::text_bytes + 1, 'x'), 0, 0});
    CHECK_FALSE(codec::decode(codec::encode(deploy)).has_value());
  }

  TEST_CASE("damaged messages give clean errors, or messages that are stable") {
    for (std::uint64_t seed = 0; seed < test_support::rounds(5000); ++seed) {
      CAPTURE(seed);
      random_documents::source s(seed);
      const std::string text = random_documents::damaged(text_of(random_documents::control_message(s, seed % kinds)), s);
      const auto message = codec::decode(ll::bytes_of(text));
      if (!message) {
        REQUIRE_FALSE(message.error().message.empty());
        continue;
      }
      const auto again = codec::decode(codec::encode(*message));
      REQUIRE(again.has_value());
      REQUIRE(*again == *message);
    }
  }
}

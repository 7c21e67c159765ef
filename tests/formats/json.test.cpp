// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/formats/json.hpp>

#include <lingualinked/formats/printable.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace ll = lingualinked;

namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

bool mentions(const ll::error& e, std::string_view part) { return e.message.find(part) != std::string::npos; }

}  // namespace

TEST_SUITE("formats/json") {
  TEST_CASE("a document reads like the plain parser reads it") {
    const std::string text = R"( {"a":[1,-2,3.5,true,null,"x\u00e4"],"b":{"c":{}},"":18446744073709551615,"d":[[],[[]]]} )";
    const auto ours = ll::parse_json(text);
    REQUIRE(ours.has_value());
    CHECK(*ours == nlohmann::json::parse(text));
  }

  TEST_CASE("random documents survive writing and reading") {
    std::mt19937_64 draw(20240501);
    const auto make = [&](auto&& self, int depth) -> nlohmann::json {
      const auto kind = draw() % (depth > 5 ? 5 : 7);
      if (kind == 0) return nullptr;
      if (kind == 1) return draw() % 2 == 0;
      if (kind == 2) return draw() >> (draw() % 64);
      if (kind == 3) return -static_cast<std::int64_t>(draw() >> 2);
      if (kind == 4) return std::string(draw() % 9, static_cast<char>('a' + draw() % 26));
      nlohmann::json out = kind == 5 ? nlohmann::json::array() : nlohmann::json::object();
      for (auto n = draw() % 5; n > 0; --n) {
        if (kind == 5) out.push_back(self(self, depth + 1));
        else out[std::to_string(draw() % 100)] = self(self, depth + 1);
      }
      return out;
    };
    for (int i = 0; i < 500; ++i) {
      CAPTURE(i);
      const nlohmann::json document = make(make, 0);
      const auto again = ll::parse_json(document.dump());
      REQUIRE(again.has_value());
      CHECK(*again == document);
    }
  }

  TEST_CASE("depth up to the limit is read and one more is refused") {
    CHECK(ll::parse_json(nested(64)).has_value());
    const auto deep = ll::parse_json(nested(65));
    REQUIRE_FALSE(deep.has_value());
    CHECK(deep.error().code == ll::errc::limit);
    CHECK_FALSE(ll::parse_json(std::string(100'000, '[')).has_value());
    CHECK_FALSE(ll::parse_json("[[1]]", {.max_depth = 1}).has_value());
  }

  TEST_CASE("a document above the size limit is refused with both numbers") {
    const auto big = ll::parse_json("[1,2,3]", {.max_bytes = 6});
    REQUIRE_FALSE(big.has_value());
    CHECK(big.error().code == ll::errc::limit);
    CHECK(mentions(big.error(), "7"));
    CHECK(mentions(big.error(), "6"));
  }

  TEST_CASE("values are counted, containers included, up to the limit") {
    CHECK(ll::parse_json("[1,[2],{}]", {.max_values = 5}).has_value());
    const auto many = ll::parse_json("[1,[2],{}]", {.max_values = 4});
    REQUIRE_FALSE(many.has_value());
    CHECK(many.error().code == ll::errc::limit);
    CHECK_FALSE(ll::parse_json("[1,2,3]", {.max_values = 3}).has_value());
  }

  TEST_CASE("a key that stands twice is refused by name, on any level") {
    for (const char* text : {R"({"a":1,"a":1})", R"({"b":[{"a":1,"c":2,"a":3}]})", R"({"a":1,"\u0061":2})"}) {
      CAPTURE(text);
      const auto twice = ll::parse_json(text);
      REQUIRE_FALSE(twice.has_value());
      CHECK(twice.error().code == ll::errc::malformed);
      CHECK(mentions(twice.error(), "'a'"));
    }
    CHECK(ll::parse_json(R"([{"a":1},{"a":2}])").has_value());
  }

  TEST_CASE("broken text gives an error with its byte and one line") {
    for (const std::string text : {"", " ", "{", "[1,]", "{\"a\" 1}", "nul", "[1] 2", "\"\n\"", "\"\xff\"", "\"\xc3", "NaN",
                                   "Infinity", "1e999", "-", "01", "{1:2}", "//x\n1", "\x1b[31m", "[\"\\u12\"]"}) {
      CAPTURE(text);
      const auto broken = ll::parse_json(text);
      REQUIRE_FALSE(broken.has_value());
      CHECK(broken.error().code == ll::errc::malformed);
      CHECK(mentions(broken.error(), "byte "));
      CHECK(broken.error().message.find('\n') == std::string::npos);
      CHECK(broken.error().message.find('\x1b') == std::string::npos);
    }
    CHECK(ll::parse_json('"' + std::string(100'000, 'x')).error().message.size() < 300);
  }

  TEST_CASE("broken text names the field that was being read") {
    struct broken {
      std::string text, path;
    };
    for (const auto& [text, path] :
         std::vector<broken>{{R"({"devices":[{"name":"a"},{"links":[1,2,NaN]}]})", "devices[1].links[2]: "},
                             {R"({"a":{"b":1e999}})", "a.b: "},
                             {R"({"a":[[],[1,{"x y":-}]]})", "a[1][1]['x y']: "},
                             {R"([0,{"a":{}},tru])", "[2]: "},
                             {R"({"a":[1],"b":{"c":3},"d":nan})", "d: "}}) {
      CAPTURE(text);
      const auto r = ll::parse_json(text);
      REQUIRE_FALSE(r.has_value());
      CHECK(mentions(r.error(), ", " + path));
    }
    CHECK(ll::parse_json(std::string(60, '[') + "x").error().message.size() < 600);
  }

  TEST_CASE("integers are not converted from other numbers") {
    const auto document =
        ll::parse_json(R"({"minus":-1,"float":1.9,"one":1.0,"huge":18446744073709551616,"max":18446744073709551615,
                                             "text":"5","five":5,"low":-9223372036854775808})")
            .value();
    const ll::json_field root(document);
    CHECK(root.member("five").get_uint().value() == 5);
    CHECK(root.member("five").get_int().value() == 5);
    CHECK(root.member("max").get_uint().value() == 18446744073709551615U);
    CHECK(root.member("low").get_int().value() == std::numeric_limits<std::int64_t>::min());
    CHECK(root.member("minus").get_int().value() == -1);
    for (const char* name : {"minus", "float", "one", "huge", "text", "absent"}) {
      CAPTURE(name);
      CHECK_FALSE(root.member(name).get_uint().has_value());
    }
    for (const char* name : {"float", "one", "huge", "max", "text", "absent"}) {
      CAPTURE(name);
      CHECK_FALSE(root.member(name).get_int().has_value());
    }
    CHECK_FALSE(root.member("five").get_uint(6, 10).has_value());
    CHECK_FALSE(root.member("five").get_uint(0, 4).has_value());
    CHECK_FALSE(root.member("minus").get_int(0, 4).has_value());
    CHECK(root.member("float").get_float().value() == 1.9);
    CHECK(root.member("five").get_float(5, 5).value() == 5.0);
    CHECK_FALSE(root.member("five").get_float(5.5, 6).has_value());
    CHECK_FALSE(root.member("text").get_float().has_value());
  }

  TEST_CASE("complaints name the whole path") {
    const auto document =
        ll::parse_json(R"({"devices":[{"name":"a"},{"memory_bytes":-4,"x y":1}],"flat":3,"none":null})").value();
    const ll::json_field root(document);
    const auto devices = root.member("devices").items().value();
    REQUIRE(devices.size() == 2);
    CHECK(devices[1].member("memory_bytes").get_uint(0, 10).error().message ==
          "devices[1].memory_bytes: expected an integer in 0 .. 10, got number -4");
    CHECK(mentions(devices[0].member("memory_bytes").get_uint().error(), "devices[0].memory_bytes: missing"));
    CHECK(mentions(root.member("flat").member("deep").get_bool().error(), "flat.deep: missing, because"));
    CHECK(mentions(devices[1].member("x y").get_string().error(), "devices[1]['x y']: expected a string, got number 1"));
    CHECK(mentions(root.items().error(), "document: expected an array, got object"));
    CHECK_FALSE(root.member("none").present());
    CHECK_FALSE(root.member("nowhere").present());
    CHECK(root.member("flat").present());
    CHECK(mentions(root.member("none").get_string().error(), "got null"));
    CHECK(mentions(root.member("devices").items(1).error(), "2 elements; at most 1"));
    CHECK(root.names().value() == std::vector<std::string>{"devices", "flat", "none"});
    CHECK(devices[0].member("name").get_string().value() == "a");
    CHECK_FALSE(devices[0].member("name").get_bool().has_value());
    CHECK_FALSE(root.member("flat").names().has_value());
    CHECK_FALSE(root.member("flat").require_object().has_value());
    CHECK(root.require_object().has_value());
  }

  TEST_CASE("quoted names are printable, short and in one line") {
    CHECK(ll::printable("blk.0.weight") == "'blk.0.weight'");
    CHECK(ll::printable("a\nb\x1b'\\") == "'a\\x0ab\\x1b\\x27\\x5c'");
    CHECK(ll::printable("abcdef", 3) == "'abc...'");
    CHECK(ll::printable(std::string_view("\0", 1)) == "'\\x00'");
  }
}

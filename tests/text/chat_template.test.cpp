// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/text/chat_template.hpp>

#include <doctest/doctest.h>

#include "support/mentions.hpp"
#include "vectors.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ll = lingualinked;

namespace {

using test_support::mentions;

std::vector<ll::chat_message> messages_of(const nlohmann::json& stored) {
  std::vector<ll::chat_message> messages;
  for (const auto& m : stored) messages.push_back({m.at("role").get<std::string>(), m.at("content").get<std::string>()});
  return messages;
}

ll::result<std::string> render(std::string_view source,
                               std::vector<ll::chat_message> messages = {{"user", "Hi"}, {"assistant", "Yo"}}) {
  const auto parsed = ll::chat_template::parse(source);
  if (!parsed) return parsed.error();
  ll::chat_options options;
  options.bos_token = "<s>";
  options.eos_token = "</s>";
  options.local_seconds = 1718108405;  // Tuesday, 2024-06-11 12:20:05
  return parsed->render(messages, options);
}

std::string refusal(std::string_view source, ll::errc code) {
  const auto text = render(source);
  CAPTURE(source);
  REQUIRE_FALSE(text);
  CHECK(ll::name_of(text.error().code) == ll::name_of(code));
  return text.error().message;
}

std::string repeated(std::string_view part, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += part;
  return out;
}

}  // namespace

TEST_SUITE("text/chat_template") {
  TEST_CASE("the templates of model families give the reference texts, and refuse what they refuse") {
    for (const char* name : {"chatml", "gemma", "llama2", "llama3", "mistral", "phi3", "qwen2.5-no-tools", "smollm2", "zephyr"}) {
      const nlohmann::json stored = text_tests::load_json(std::string("chat/") + name + ".json");
      CAPTURE(name);
      const auto parsed = ll::chat_template::parse(stored.at("template").get<std::string>());
      REQUIRE_MESSAGE(parsed, (parsed ? "" : parsed.error().message));
      ll::chat_options options;
      options.bos_token = stored.at("bos_token").get<std::string>();
      options.eos_token = stored.at("eos_token").get<std::string>();
      for (const auto& one : stored.at("cases")) {
        CAPTURE(one.at("name").get<std::string>());
        options.add_generation_prompt = one.at("add_generation_prompt").get<bool>();
        const auto text = parsed->render(messages_of(one.at("messages")), options);
        if (one.contains("text")) {
          REQUIRE_MESSAGE(text, (text ? "" : text.error().message));
          CHECK(*text == one.at("text").get<std::string>());
        } else {
          REQUIRE_FALSE(text);
          const auto wanted = one.at("error").get<std::string>();
          CHECK(mentions(text.error().message, wanted.substr(wanted.find(": ") + 2)));
        }
      }
    }
  }

  TEST_CASE("the template inside SmolLM2's model file is the one of its vectors") {
    const auto stored = text_tests::load_json("tokenizers/smollm2/vocabulary.json");
    CHECK(stored.at("chat_template") == text_tests::load_json("chat/smollm2.json").at("template"));
  }

  TEST_CASE("single constructs give what the reference engine gives") {
    const nlohmann::json stored = text_tests::load_json("chat/constructs.json");
    for (const auto& one : stored.at("cases")) {
      const auto source = one.at("template").get<std::string>();
      CAPTURE(source);
      const auto text = render(source, messages_of(stored.at("messages")));
      if (one.contains("text")) {
        REQUIRE_MESSAGE(text, (text ? "" : text.error().message));
        CHECK(*text == one.at("text").get<std::string>());
      } else {
        CHECK_FALSE(text);
      }
    }
  }

  TEST_CASE("what lies outside the subset is refused by name and line") {
    CHECK(mentions(refusal("a\n{% include 'x' %}", ll::errc::unsupported), "line 2: statement 'include'"));
    CHECK(mentions(refusal("{% extends 'x' %}", ll::errc::unsupported), "'extends'"));
    CHECK(mentions(refusal("{% call f() %}{% endcall %}", ll::errc::unsupported), "'call'"));
    CHECK(mentions(refusal("\n\n{{ messages | pprint }}", ll::errc::unsupported), "line 3: filter 'pprint'"));
    CHECK(mentions(refusal("{{ 1 is prime }}", ll::errc::unsupported), "test 'prime'"));
    CHECK(mentions(refusal("{{ 'a'.zfill(3) }}", ll::errc::unsupported), "'zfill'"));
    CHECK(mentions(refusal("{{ lipsum() }}", ll::errc::unsupported), "'lipsum'"));
    CHECK(mentions(refusal("{{ f(*messages) }}", ll::errc::unsupported), "spread"));
    CHECK(mentions(refusal("{% for a in b recursive %}{% endfor %}", ll::errc::unsupported), "recursive"));
    CHECK(mentions(refusal("{{ strftime_now('%c') }}", ll::errc::unsupported), "%c"));
  }

  TEST_CASE("broken syntax is refused with its line") {
    for (const char* source : {"{{",
                               "{{ 'a }}",
                               "{% if x %}",
                               "{% endif %}",
                               "{# never closed",
                               "{{ (1 }}",
                               "{{ 1 + }}",
                               "{% set = 1 %}",
                               "{{ a b }}",
                               "{% for x %}{% endfor %}",
                               "{% raw %}",
                               "{{ 1x }}",
                               "{{ }}",
                               "{{ ] }}",
                               "{% break %}",
                               "{{ '\\ud800' }}",
                               "{% macro %}",
                               "{% set true = 1 %}",
                               "{{ 99999999999999999999 }}",
                               "{%",
                               "{{ \xFF }}",
                               "{{ {1: } }}",
                               "{{ a. }}",
                               "{{ x | }}",
                               "{{ x is }}"}) {
      CHECK(mentions(refusal(source, ll::errc::malformed), "line 1"));
    }
  }

  TEST_CASE("a template that raises gives its own message") {
    CHECK(mentions(refusal("{{ raise_exception('no such role: ' ~ messages[0].role) }}", ll::errc::unsupported),
                   "no such role: user"));
  }

  TEST_CASE("the time of day is the caller's, and without one a template that asks is refused") {
    CHECK(*render("{{ strftime_now('%Y-%m-%d %H:%M:%S %A %a %B %b %d %-d %j %I %p %y %%') }}") ==
          "2024-06-11 12:20:05 Tuesday Tue June Jun 11 11 163 12 PM 24 %");
    const auto parsed = ll::chat_template::parse("{{ strftime_now('%Y') }}");
    REQUIRE(parsed);
    CHECK_FALSE(parsed->render({}, {}));
  }

  TEST_CASE("hostile templates meet a limit, not the end of the stack, the memory or the patience") {
    using enum ll::errc;
    refusal("{{ " + repeated("(", 20000) + "1" + repeated(")", 20000) + " }}", limit);
    refusal("{{ " + repeated("[", 20000) + repeated("]", 20000) + " }}", limit);
    refusal("{{ " + repeated("not ", 20000) + "1 }}", limit);
    refusal("{{ " + repeated("-", 20000) + "1 }}", limit);
    refusal("{{ a" + repeated(".a", 20000) + " }}", limit);
    refusal("{{ a" + repeated("|trim", 20000) + " }}", limit);
    refusal("{{ a" + repeated(" is defined", 20000) + " }}", limit);
    refusal("{{ " + repeated("1 if 1 else ", 20000) + "1 }}", limit);
    refusal(repeated("{% if 1 %}", 20000), limit);
    refusal("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", limit);
    refusal("{% for i in range(1000000000) %}{% endfor %}", limit);
    refusal("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", limit);
    refusal("{% for i in range(99999) %}" + std::string(200, 'x') + "{% endfor %}", limit);
    refusal("{{ 'x' * 1000000000 }}", limit);
    refusal("{% set n = namespace(s='x') %}{% for i in range(64) %}{% set n.s = n.s ~ n.s %}{% endfor %}", limit);
    refusal("{% set n = namespace(l=[1]) %}{% for i in range(64) %}{% set n.l = n.l + n.l %}{% endfor %}", limit);
    refusal("{% set n = namespace(l=[]) %}{% for i in range(9999) %}{% set n.l = [n.l] %}{% endfor %}", limit);
    const std::string doubled =
        "{% set n = namespace(l=[], m=[]) %}{% for i in range(50) %}{% set n.l = [n.l, n.l] %}{% set n.m = [n.m, n.m] %}{% "
        "endfor %}";
    refusal(doubled + "{{ n.l }}", limit);
    refusal(doubled + "{{ n.l == n.m }}", limit);
    refusal(doubled + "{{ n.l in [n.m] }}", limit);
    refusal(doubled + "{{ n.l | tojson }}", limit);
    refusal(doubled + "{{ [n.l, n.m] | unique }}", limit);
    refusal("{{ 9223372036854775807 + 1 }}", limit);
    refusal("{{ 2 ** 70 }}", limit);
    refusal("{{ ('a' * 2000000) | replace('', 'bbbb') }}", limit);
    refusal("{% set n = namespace() %}{% set n.n = n %}", unsupported);
    refusal("{{ [1] | map('map', 'map', 'map') | list }}", malformed);
    CHECK(ll::chat_template::parse(std::string(ll::chat_template::source_bytes_max + 1, 'x')).error().code == limit);
  }

  TEST_CASE("a long chain of one operator is no deeper than a short one") {
    CHECK(*render("{{ 1" + repeated(" + 1", 5000) + " }}") == "5001");
    CHECK(*render("{{ ''" + repeated(" ~ 'a'", 5000) + " }}") == repeated("a", 5000));
    CHECK(*render(repeated("{% if false %}{% elif true %}a{% endif %}", 300)) == repeated("a", 300));
  }

  TEST_CASE("messages that are not valid UTF-8 pass through") {
    CHECK(*render("{{ messages[0].content | trim }}|{{ messages[0].content | length }}", {{"user", " \xFF\xC3 "}}) ==
          "\xFF\xC3|4");
  }
}

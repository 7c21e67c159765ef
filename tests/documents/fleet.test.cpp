// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/documents/fleet.hpp>

#include <doctest/doctest.h>

#include "random_documents.hpp"
#include "support/rounds.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ll = lingualinked;

namespace {

constexpr std::string_view two_phones = R"({
  "devices": [
    {"name": "phone-a", "endpoint": "local", "compute_flops_per_second": 3.31e10, "memory_bandwidth_bytes_per_second": 1.2e10,
     "memory_bytes": 4294967296, "power_active_watts": 3.5, "power_idle_watts": 0.6, "threads": 1},
    {"name": "phone-b"}],
  "default_link": {"latency_seconds": 0.005, "bandwidth_bytes_per_second": 1.2e7},
  "links": [{"from": "phone-a", "to": "phone-b", "latency_seconds": 0.004, "bandwidth_bytes_per_second": 2.0e7}],
  "header": "phone-b"})";

/// two_phones with one part of its text replaced.
std::string fleet_with(std::string_view old_text, std::string_view new_text) {
  std::string text(two_phones);
  const auto at = text.find(old_text);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old_text.size(), new_text);
}

}  // namespace

TEST_SUITE("documents/fleet") {
  TEST_CASE("a fleet file is read as it is described") {
    const auto fleet = ll::read_fleet(two_phones);
    REQUIRE(fleet.has_value());
    REQUIRE(fleet->devices.size() == 2);
    const ll::device& a = fleet->devices[0];
    CHECK(a.name == "phone-a");
    CHECK(a.compute_flops_per_second == 3.31e10);
    CHECK(a.memory_bandwidth_bytes_per_second == 1.2e10);
    CHECK(a.memory_bytes == 4294967296U);
    CHECK(a.power_active_watts == 3.5);
    CHECK(a.power_idle_watts == 0.6);
    CHECK(a.threads == 1U);
    ll::device b;
    b.name = "phone-b";
    CHECK(fleet->devices[1] == b);
    REQUIRE(fleet->links.size() == 1);
    CHECK(fleet->links[0] == ll::link{0, 1, {0.004, 2.0e7}});
    CHECK(fleet->default_link == ll::link_quality{0.005, 1.2e7});
    CHECK(fleet->header == 1U);
  }

  TEST_CASE("who is trusted, what a battery holds and what was measured is read as well") {
    const auto fleet = ll::read_fleet(
        R"({"devices":[{"name":"a","trusted":true,"battery_joules":50000,"contract":2,"profiles":[{"model_sha256":")" +
        std::string(64, '0') +
        R"(","kv_dtype":"f32","kinds":[{"decode_seconds":0.5}],"module_kind":[0,0]}]},{"name":"b"}],)"
        R"("links":[{"from":"a","to":"b","latency_seconds":1,"bandwidth_bytes_per_second":2,"joules_per_byte":3e-7,)"
        R"("residuals":[0.5,1,4]}]})");
    REQUIRE(fleet.has_value());
    const ll::device& a = fleet->devices[0];
    CHECK(a.trusted);
    CHECK(a.battery_joules == 50000);
    CHECK(a.contract == 2);
    REQUIRE(a.profiles.size() == 1);
    CHECK(a.profiles[0].kinds[0].decode_seconds == 0.5);
    CHECK_FALSE(fleet->devices[1].trusted);
    CHECK(fleet->devices[1].contract == 1);
    CHECK(fleet->links[0].quality.joules_per_byte == 3e-7);
    CHECK(fleet->links[0].residuals == std::vector<double>{0.5, 1, 4});
  }

  TEST_CASE("null is the same as absent, and unknown fields are left alone") {
    const auto with_null = ll::read_fleet(
        R"({"devices":[{"name":"a","endpoint":null,"memory_bytes":null,"threads":null,"colour":["red"]}],"links":null,)"
        R"("default_link":null,"header":null,"comment":{"deep":[1,2,{}]}})");
    const auto without = ll::read_fleet(R"({"devices":[{"name":"a"}]})");
    REQUIRE(with_null.has_value());
    REQUIRE(without.has_value());
    CHECK(*with_null == *without);
  }

  TEST_CASE("what was written is read back to the last bit") {
    for (std::uint64_t seed = 0; seed < test_support::rounds(300); ++seed) {
      CAPTURE(seed);
      random_documents::source s(seed);
      const ll::fleet fleet = random_documents::fleet(s);
      const std::string text = ll::to_json(fleet).dump();
      const auto again = ll::read_fleet(text);
      const std::string why = again ? "" : again.error().message;
      CAPTURE(why);
      REQUIRE(again.has_value());
      REQUIRE(*again == fleet);
    }
  }

  TEST_CASE("in output, unknown is null and never absent") {
    ll::fleet fleet;
    fleet.devices.emplace_back().name = "a";
    const auto json = ll::to_json(fleet);
    for (const char* key : {"compute_flops_per_second", "memory_bandwidth_bytes_per_second", "memory_bytes", "power_active_watts",
                            "power_idle_watts", "threads"})
      CHECK(json["devices"][0].at(key).is_null());
    CHECK(json.at("default_link").is_null());
    CHECK(json.at("header").is_null());
  }

  TEST_CASE("a malformed fleet is refused and the field is named") {
    struct row {
      std::string text;
      std::string_view says;
    };
    const row rows[] = {
        {"", ""},
        {"[]", "devices"},
        {"{}", "devices"},
        {R"({"devices":[]})", "devices"},
        {R"({"devices":{}})", "devices"},
        {R"({"devices":[7]})", "devices[0]"},
        {R"({"devices":[{}]})", "devices[0].name"},
        {R"({"devices":[{"name":""}]})", "devices[0].name"},
        {R"({"devices":[{"name":7}]})", "devices[0].name"},
        {fleet_with(R"("name": "phone-b")", R"("name": "phone-a")"), "devices[1].name"},
        {fleet_with(R"("endpoint": "local")", R"("endpoint": 5)"), "devices[0].endpoint"},
        {fleet_with("3.31e10", "-1"), "devices[0].compute_flops_per_second"},
        {fleet_with("3.31e10", "0"), "devices[0].compute_flops_per_second"},
        {fleet_with("3.31e10", "\"fast\""), "devices[0].compute_flops_per_second"},
        {fleet_with("3.31e10", "1e999"), ""},
        {fleet_with("3.31e10", "NaN"), ""},
        {fleet_with("3.31e10", "Infinity"), ""},
        {fleet_with("1.2e10", "-0.5"), "devices[0].memory_bandwidth_bytes_per_second"},
        {fleet_with("4294967296", "-1"), "devices[0].memory_bytes"},
        {fleet_with("4294967296", "1.5"), "devices[0].memory_bytes"},
        {fleet_with("4294967296", "18446744073709551616"), "devices[0].memory_bytes"},
        {fleet_with("3.5", "-3.5"), "devices[0].power_active_watts"},
        {fleet_with("0.6", "true"), "devices[0].power_idle_watts"},
        {fleet_with("\"threads\": 1", "\"threads\": 0"), "devices[0].threads"},
        {fleet_with("\"threads\": 1", "\"trusted\": 1"), "devices[0].trusted"},
        {fleet_with("\"threads\": 1", "\"battery_joules\": -1"), "devices[0].battery_joules"},
        {fleet_with("\"threads\": 1", "\"contract\": 0"), "devices[0].contract"},
        {fleet_with("\"threads\": 1", "\"profiles\": [{}]"), "devices[0].profiles[0].model_sha256"},
        {fleet_with("\"latency_seconds\": 0.004", "\"latency_seconds\": 0.004, \"joules_per_byte\": -1"),
         "links[0].joules_per_byte"},
        {fleet_with("\"latency_seconds\": 0.004", "\"latency_seconds\": 0.004, \"residuals\": [2, 1]"), "links[0].residuals[1]"},
        {fleet_with("\"threads\": 1", "\"threads\": 4294967297"), "devices[0].threads"},
        {fleet_with("0.005", "-0.005"), "default_link.latency_seconds"},
        {fleet_with("1.2e7", "null"), "default_link.bandwidth_bytes_per_second"},
        {fleet_with("0.004", "-1"), "links[0].latency_seconds"},
        {fleet_with("2.0e7", "-1"), "links[0].bandwidth_bytes_per_second"},
        {fleet_with(R"("from": "phone-a")", R"("from": "phone-c")"), "links[0].from"},
        {fleet_with(R"("to": "phone-b")", R"("to": "phone-c")"), "links[0].to"},
        {fleet_with(R"("to": "phone-b")", R"("to": "phone-a")"), "links[0]"},
        {fleet_with(R"("links": [)",
                    R"("links": [{"from": "phone-a", "to": "phone-b", "latency_seconds": 0, "bandwidth_bytes_per_second": 1},)"),
         "links[1]"},
        {fleet_with(R"("header": "phone-b")", R"("header": "phone-c")"), "header"},
        {fleet_with(R"("header": "phone-b")", R"("header": 1)"), "header"},
        {fleet_with(R"("header": "phone-b")", R"("header": "phone-a", "header": "phone-b")"), "header"},
        {std::string(two_phones) + "x", ""},
    };
    for (const row& r : rows) {
      CAPTURE(r.text);
      const auto fleet = ll::read_fleet(r.text);
      REQUIRE_FALSE(fleet.has_value());
      CHECK(fleet.error().code == ll::errc::malformed);
      const std::string why = fleet.error().message;
      CAPTURE(why);
      CHECK(why.find(r.says) != std::string::npos);
      CHECK(why.find('\n') == std::string::npos);
    }
  }

  TEST_CASE("depth and size have limits") {
    std::string deep(100000, '[');
    CHECK(ll::read_fleet(deep).error().code == ll::errc::limit);
    CHECK(ll::read_fleet(std::string(ll::max_fleet_bytes + 1, ' ')).error().code == ll::errc::limit);
  }

  TEST_CASE("damaged fleets give clean errors, or fleets that are stable") {
    for (std::uint64_t seed = 0; seed < test_support::rounds(3000); ++seed) {
      CAPTURE(seed);
      random_documents::source s(seed);
      const std::string text = random_documents::damaged(ll::to_json(random_documents::fleet(s)).dump(), s);
      const auto fleet = ll::read_fleet(text);
      if (!fleet) {
        REQUIRE_FALSE(fleet.error().message.empty());
        continue;
      }
      const auto again = ll::read_fleet(ll::to_json(*fleet).dump());
      REQUIRE(again.has_value());
      REQUIRE(*again == *fleet);
    }
  }
}

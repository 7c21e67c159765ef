// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/probe/merge.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace ll = lingualinked;

namespace {

ll::device named(const std::string& name, double bandwidth) {
  ll::device d;
  d.name = name;
  d.memory_bandwidth_bytes_per_second = bandwidth;
  return d;
}

}  // namespace

TEST_SUITE("probe/merge") {
  TEST_CASE("a device of the same name is replaced, the others and the links stay") {
    ll::fleet a;
    a.devices = {named("phone", 1), named("laptop", 2)};
    a.devices[0].battery_joules = 50000;
    a.devices[0].trusted = true;
    a.links = {{0, 1, {0.5, 10, 1e-6}}, {1, 0, {0.25, 20}}};
    a.header = 1;
    ll::fleet b;
    b.devices = {named("tablet", 3), named("phone", 4)};
    b.links = {{1, 0, {0.125, 30}}};
    b.default_link = ll::link_quality{1, 1};
    b.header = 0;
    ll::merge_fleet(a, b);
    REQUIRE(a.devices.size() == 3);
    CHECK(a.devices[0].memory_bandwidth_bytes_per_second == 4);
    CHECK(a.devices[0].battery_joules == 50000);
    CHECK(a.devices[0].trusted);
    CHECK(a.devices[2].name == "tablet");
    CHECK(a.links == std::vector<ll::link>{{0, 1, {0.5, 10, 1e-6}}, {1, 0, {0.25, 20}}, {0, 2, {0.125, 30}}});
    CHECK(a.default_link == ll::link_quality{1, 1});
    CHECK(a.header == 1U);
    ll::put_link(a, {0, 1, {9, 9}, {0.5, 1}});
    CHECK(a.links[0] == ll::link{0, 1, {9, 9, 1e-6}, {0.5, 1}});
  }
  TEST_CASE("profiles of other models stay, that of the same model is the new one") {
    ll::fleet a;
    a.devices = {named("phone", 1)};
    for (const char* model : {"old", "other"}) {
      a.devices[0].profiles.emplace_back();
      a.devices[0].profiles.back().model_sha256 = model;
    }
    ll::device d = named("phone", 2);
    d.profiles.emplace_back();
    d.profiles.back().model_sha256 = "old";
    d.profiles.back().stage_overhead_seconds = 7;
    CHECK(ll::put_device(a, d) == 0);
    REQUIRE(a.devices[0].profiles.size() == 2);
    CHECK(a.devices[0].profiles[0].stage_overhead_seconds == 7);
    CHECK(a.devices[0].profiles[1].model_sha256 == "other");
  }
}

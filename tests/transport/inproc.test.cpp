// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/transport/inproc.hpp>

#include <doctest/doctest.h>

#include "../conformance/transport_suite.hpp"

#include <string>

namespace ll = lingualinked;

namespace {

struct inproc_world {
  using transport = ll::inproc_transport;
  ll::inproc_hub hub{std::uint64_t{16} << 20};
  int names = 0;

  [[nodiscard]] transport make() const { return transport(hub); }
  [[nodiscard]] std::string endpoint() { return "device-" + std::to_string(names++); }
  [[nodiscard]] std::string empty_endpoint() const { return "nowhere"; }
};

}  // namespace

TYPE_TO_STRING(inproc_world);

TEST_SUITE("transport/inproc") {
  LINGUALINKED_TRANSPORT_SUITE(inproc_world);

  TEST_CASE("a name can be listened on once at a time") {
    const ll::inproc_hub hub;
    {
      ll::inproc_transport first(hub);
      ll::inproc_transport second(hub);
      CHECK(first.listen("a").has_value());
      CHECK(second.listen("a").error().code == ll::errc::busy);
    }
    ll::inproc_transport third(hub);
    CHECK(third.listen("a").has_value());
  }

  TEST_CASE("a peer id can be taken once at a time at one endpoint") {
    const ll::inproc_hub hub;
    ll::inproc_transport listener(hub);
    REQUIRE(listener.listen("a").has_value());
    ll::inproc_transport first(hub);
    ll::inproc_transport second(hub);
    CHECK(first.connect(1, 9, "a").has_value());
    CHECK(second.connect(1, 9, "a").error().code == ll::errc::invalid_argument);
  }

  TEST_CASE("one frame always fits, whatever the limit of the queue") {
    const ll::inproc_hub hub(1);
    ll::inproc_transport right(hub);
    ll::inproc_transport left(hub);
    REQUIRE(right.listen("right").has_value());
    REQUIRE(left.connect(1, 2, "right").has_value());
    for (std::uint32_t step = 0; step < 3; ++step) {
      transport_suite::send_small(left, 2, step, 1000);
      CHECK(left.send(2, transport_suite::control_header(), {}).error().code == ll::errc::busy);
      transport_suite::expect_small(right, 1, step, 1000);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/zmq/transport.hpp>

#include <doctest/doctest.h>

#include "../conformance/transport_suite.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace ll = lingualinked;

namespace {

struct zmq_world {
  using transport = ll::zmq_transport;

  [[nodiscard]] transport make() const {
    ll::zmq_options options;
    options.outbox_bytes = std::uint64_t{16} << 20;
    auto opened = transport::open(options);
    REQUIRE(opened.has_value());
    return std::move(opened).value();
  }
  [[nodiscard]] std::string endpoint() const { return "tcp://127.0.0.1:0"; }
  /// A port that was free a moment ago.
  [[nodiscard]] std::string empty_endpoint() const {
    transport listener = make();
    return listener.listen("tcp://127.0.0.1:0").value();
  }
};

}  // namespace

TYPE_TO_STRING(zmq_world);

TEST_SUITE("zmq/transport") {
  LINGUALINKED_TRANSPORT_SUITE(zmq_world);

  TEST_CASE("nothing but this machine without leave, and only tcp") {
    auto side = zmq_world{}.make();
    for (const std::string_view endpoint : {"tcp://0.0.0.0:0", "tcp://192.0.2.1:5555", "tcp://example.org:5555", "tcp://[::]:0",
                                            "tcp://*:0", "ipc:///nowhere", "udp://127.0.0.1:5555", "inproc://x", "nonsense"}) {
      CAPTURE(endpoint);
      CHECK(side.listen(std::string(endpoint)).error().code == ll::errc::invalid_argument);
      CHECK(side.connect(1, 2, std::string(endpoint)).error().code == ll::errc::invalid_argument);
    }
    CHECK(side.listen("tcp://192.0.2.1:5555").error().message.find("--insecure") != std::string::npos);
    CHECK(side.connect(1, 2, "tcp://127.0.0.1:0").error().code == ll::errc::invalid_argument);
    CHECK(side.listen("tcp://localhost:0").value().starts_with("tcp://127.0.0.1:"));
    CHECK(side.listen("tcp://127.0.0.1:0").error().code == ll::errc::invalid_argument);
  }

  TEST_CASE("a taken port is an error, not an exception") {
    auto first = zmq_world{}.make();
    auto second = zmq_world{}.make();
    const std::string endpoint = first.listen("tcp://127.0.0.1:0").value();
    const auto taken = second.listen(endpoint);
    REQUIRE_FALSE(taken.has_value());
    CHECK(taken.error().code == ll::errc::busy);
    CHECK(taken.error().message.find(endpoint) != std::string::npos);
    CHECK(second.listen("tcp://127.0.0.1:0").has_value());
  }
}

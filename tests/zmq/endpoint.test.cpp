// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/zmq/endpoint.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace ll = lingualinked;

TEST_SUITE("zmq/endpoint") {
  TEST_CASE("host and port are read") {
    const auto endpoint = ll::parse_tcp_endpoint("tcp://127.0.0.1:5555");
    REQUIRE(endpoint.has_value());
    CHECK(endpoint->host == "127.0.0.1");
    CHECK(endpoint->port == 5555);
    CHECK(ll::parse_tcp_endpoint("tcp://[::1]:0").value().host == "[::1]");
    CHECK(ll::parse_tcp_endpoint("tcp://pi-4.local:65535").value().port == 65535);
  }

  TEST_CASE("what is no tcp endpoint is refused") {
    for (const std::string_view text : {"",
                                        "tcp://",
                                        "tcp://host",
                                        "tcp://host:",
                                        "tcp://:5",
                                        "tcp://host:x",
                                        "tcp://host:65536",
                                        "tcp://host:123456",
                                        "tcp://host:-1",
                                        "tcp://ho st:1",
                                        "tcp://host;127.0.0.1:1",
                                        "tcp://a/b:1",
                                        "udp://127.0.0.1:1",
                                        "ipc:///run/x",
                                        "inproc://x",
                                        "127.0.0.1:5",
                                        "tcp://*:5",
                                        "tcp://::1:5",
                                        "tcp://127.0.0.1:5;",
                                        "TCP://127.0.0.1:5"}) {
      CAPTURE(text);
      const auto endpoint = ll::parse_tcp_endpoint(text);
      REQUIRE_FALSE(endpoint.has_value());
      CHECK(endpoint.error().code == ll::errc::invalid_argument);
    }
  }

  TEST_CASE("only addresses that never leave this machine are loopback") {
    for (const std::string_view host : {"127.0.0.1", "127.255.0.9", "localhost", "[::1]"})
      CHECK(ll::tcp_endpoint{std::string(host), 1}.is_loopback());
    for (const std::string_view host :
         {"0.0.0.0", "192.168.0.1", "128.0.0.1", "127.0.0.1.example.org", "127.0.0", "127.0.0.256", "127.0.0.1.", "127.0.0.0.1",
          "localhost.example.org", "[::]", "[::ffff:127.0.0.1]", "example.org", "1270.0.1", "0127.0.0.1", "127..0.1", ""})
      CHECK_FALSE(ll::tcp_endpoint{std::string(host), 1}.is_loopback());
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/zmq/transport.hpp>

#include <doctest/doctest.h>

#include "../conformance/transport_suite.hpp"
#include "strangers.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ll = lingualinked;
using transport_suite::expect_lost;
using transport_suite::expect_small;
using transport_suite::send_small;

namespace {

ll::zmq_transport open_transport() { return ll::zmq_transport::open().value(); }

std::string text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// The two parts of a valid control frame, to be damaged.
struct wire_frame {
  ll::frame_header_wire header;
  std::string payload;
  explicit wire_frame(std::string text = "0123456789", std::uint32_t step = 0) : payload(std::move(text)) {
    header = ll::encode_header(transport_suite::control_header(step), ll::bytes_of(payload));
  }
  [[nodiscard]] std::vector<std::string> parts() const { return {text_of(header), payload}; }
};

std::string stranger_id(ll::peer_id peer, std::uint32_t instance = 7) {
  return ll::detail::encode_routing_id({peer, instance, 1});
}

/// Lets `hub` look at what comes until it has refused `count` messages; nothing else may come.
void until_refused(ll::zmq_transport& hub, std::uint64_t count) {
  ll::message m;
  const auto end = std::chrono::steady_clock::now() + transport_suite::patience;
  while (hub.refused_messages() < count) {
    REQUIRE(std::chrono::steady_clock::now() < end);
    const auto event = hub.receive(m, std::chrono::milliseconds(5));
    REQUIRE(event.has_value());
    REQUIRE(*event == ll::receive_event::timeout);
  }
}

/// A listener with one good peer, 1, whose listener is 9.
struct guarded_hub {
  ll::zmq_transport hub = open_transport();
  ll::zmq_transport good = open_transport();
  std::string endpoint;
  std::uint32_t step = 0;

  guarded_hub() {
    endpoint = hub.listen("tcp://127.0.0.1:0").value();
    REQUIRE(good.connect(1, 9, endpoint).has_value());
    still_works();
  }
  void still_works() {
    ++step;
    send_small(good, 9, step);
    expect_small(hub, 1, step);
    send_small(hub, 1, step);
    expect_small(good, 9, step);
  }
};

}  // namespace

TEST_SUITE("zmq/hostile") {
  TEST_CASE("messages that are no frames are dropped, and the next good frame gets through") {
    struct row {
      std::string_view what;
      std::function<std::vector<std::string>()> parts;
      std::string_view says;
    };
    const auto with_header = [](auto damage) {
      return [damage] {
        wire_frame f;
        damage(f.header);
        return f.parts();
      };
    };
    const row rows[] = {
        {"one empty part", [] { return std::vector<std::string>{""}; }, "1 parts"},
        {"a header alone", [] { return std::vector<std::string>{wire_frame().parts()[0]}; }, "1 parts"},
        {"three parts",
         [] {
           auto parts = wire_frame().parts();
           parts.emplace_back("more");
           return parts;
         },
         "3 parts"},
        {"a hundred thousand parts", [] { return std::vector<std::string>(100000, "x"); }, "100000 parts"},
        {"a header of 63 bytes",
         [] {
           auto parts = wire_frame().parts();
           parts[0].pop_back();
           return parts;
         },
         "63 bytes"},
        {"an empty header",
         [] {
           return std::vector<std::string>{"", "payload"};
         },
         "0 bytes"},
        {"a header of 65 bytes",
         [] {
           auto parts = wire_frame().parts();
           parts[0].push_back('x');
           return parts;
         },
         "65 bytes"},
        {"wrong magic", with_header([](auto& h) { h[0] = std::byte{'X'}; }), "LLNK"},
        {"future version", with_header([](auto& h) { h[4] = std::byte{2}; }), "version 2"},
        {"unknown kind", with_header([](auto& h) { h[6] = std::byte{77}; }), "kind 77"},
        {"unknown dtype", with_header([](auto& h) { h[7] = std::byte{99}; }), "dtype 99"},
        {"control with rows", with_header([](auto& h) { h[28] = std::byte{1}; }), "rows"},
        {"more payload announced than sent", with_header([](auto& h) { h[40] = std::byte{11}; }), "10 payload bytes"},
        {"huge payload announced", with_header([](auto& h) { h[46] = std::byte{1}; }), "limit"},
        {"header changed after hashing", with_header([](auto& h) { h[8] = std::byte{1}; }), "hash"},
        {"wrong hash", with_header([](auto& h) { h[60] ^= std::byte{1}; }), "hash"},
        {"payload changed",
         [] {
           wire_frame f;
           f.payload[3] = 'X';
           return f.parts();
         },
         "hash"},
        {"control frame above its limit", [] { return wire_frame(std::string(ll::max_control_bytes + 1, 'x')).parts(); },
         "limit"},
    };
    guarded_hub h;
    std::uint64_t refused = 0;
    for (const row& r : rows) {
      CAPTURE(r.what);
      ++refused;
      strangers::loose_dealer stranger(h.endpoint, stranger_id(5, static_cast<std::uint32_t>(refused)));
      stranger.send(r.parts());
      until_refused(h.hub, refused);
      const std::string why = h.hub.last_refusal();
      CAPTURE(why);
      CHECK(why.find(r.says) != std::string::npos);
      h.still_works();
    }
  }

  TEST_CASE("routing ids that are not ours are dropped, whatever they carry") {
    guarded_hub h;
    std::uint64_t refused = 0;
    std::string long_id = stranger_id(5) + "x";
    std::string wrong_prefix = stranger_id(5);
    wrong_prefix[3] = '2';
    for (const std::string& id :
         {std::string(), std::string("LLP1"), std::string(255, 'a'), stranger_id(0), long_id, wrong_prefix}) {
      CAPTURE(id);
      strangers::loose_dealer stranger(h.endpoint, id);
      stranger.send(wire_frame().parts());
      until_refused(h.hub, ++refused);
      h.still_works();
    }
  }

  TEST_CASE("a part above the limit ends the connection that sent it") {
    guarded_hub h;
    strangers::loose_dealer stranger(h.endpoint, stranger_id(5));
    stranger.send({wire_frame().parts()[0], std::string(ll::max_payload_bytes + 1, 'x')});
    h.still_works();
    CHECK(h.hub.send(5, transport_suite::control_header(), {}).error().code == ll::errc::peer_lost);
  }

  TEST_CASE("random bytes, other protocols and silence on the port disturb nobody") {
    guarded_hub h;
    std::mt19937_64 generator(5);
    for (int i = 0; i < 200; ++i) {
      CAPTURE(i);
      const strangers::raw_connection stranger(h.endpoint);
      REQUIRE(stranger.connected());
      std::string bytes(generator() % 300, '\0');
      for (char& c : bytes) c = static_cast<char>(generator());
      if (i % 3 == 1) bytes = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
      if (i % 3 == 2) bytes.insert(0, std::string("\xFF\0\0\0\0\0\0\0\1\x7F\3\0NULL", 16));  // the beginning of a greeting
      stranger.send(bytes);
    }
    h.still_works();
    std::vector<strangers::raw_connection> silent;
    for (int i = 0; i < 50; ++i) silent.emplace_back(h.endpoint);
    h.still_works();
    silent.clear();
    h.still_works();
    CHECK(h.hub.refused_messages() == 0);
  }

  TEST_CASE("a known peer that sends what is no frame is lost, and its connection is not heard again") {
    guarded_hub h;
    strangers::loose_dealer turncoat(h.endpoint, stranger_id(5));
    turncoat.send(wire_frame("0123456789", 3).parts());
    ll::message m;
    REQUIRE(transport_suite::next(h.hub, m) == ll::receive_event::message);
    CHECK(m.from == 5);
    turncoat.send({"garbage", "garbage"});
    turncoat.send(wire_frame().parts());
    expect_lost(h.hub, 5);
    CHECK(h.hub.send(5, transport_suite::control_header(), {}).error().code == ll::errc::peer_lost);
    h.still_works();
    CHECK(*h.hub.receive(m, std::chrono::milliseconds(50)) == ll::receive_event::timeout);
    strangers::loose_dealer again(h.endpoint, stranger_id(5, 8));
    again.send(wire_frame("0123456789", 4).parts());
    REQUIRE(transport_suite::next(h.hub, m) == ll::receive_event::message);
    CHECK(m.header.step == 4);
  }

  TEST_CASE("of two connections with one peer id the first counts, until it ends") {
    guarded_hub h;
    {
      strangers::loose_dealer first(h.endpoint, stranger_id(5, 1));
      first.send(wire_frame("0123456789", 1).parts());
      ll::message m;
      REQUIRE(transport_suite::next(h.hub, m) == ll::receive_event::message);
      strangers::loose_dealer second(h.endpoint, stranger_id(5, 2));
      second.send(wire_frame("0123456789", 2).parts());
      until_refused(h.hub, 1);
      CHECK(h.hub.last_refusal().find("in use") != std::string::npos);
      first.send(wire_frame("0123456789", 3).parts());
      REQUIRE(transport_suite::next(h.hub, m) == ll::receive_event::message);
      CHECK(m.header.step == 3);
    }
    expect_lost(h.hub, 5);
    strangers::loose_dealer third(h.endpoint, stranger_id(5, 3));
    third.send(wire_frame("0123456789", 4).parts());
    ll::message m;
    REQUIRE(transport_suite::next(h.hub, m) == ll::receive_event::message);
    CHECK(m.header.step == 4);
    h.still_works();
  }

  TEST_CASE("one peer more than the limit is not served") {
    guarded_hub h;
    std::vector<ll::zmq_transport> peers;
    for (std::size_t i = 1; i < ll::max_zmq_peers; ++i) {
      peers.push_back(open_transport());
      REQUIRE(peers.back().connect(100 + i, 9, h.endpoint).has_value());
      send_small(peers.back(), 9, 0);
      expect_small(h.hub, 100 + i, 0);
    }
    ll::zmq_transport surplus = open_transport();
    REQUIRE(surplus.connect(99, 9, h.endpoint).has_value());
    send_small(surplus, 9, 0);
    until_refused(h.hub, 1);
    h.still_works();
    peers.clear();
    for (std::size_t i = 1; i < ll::max_zmq_peers; ++i) {
      ll::message m;
      REQUIRE(transport_suite::next(h.hub, m) == ll::receive_event::peer_lost);
    }
    send_small(surplus, 9, 1);
    expect_small(h.hub, 99, 1);
  }

  TEST_CASE("a listener that speaks another protocol, or garbage, is lost at once") {
    ll::zmq_options patient;
    patient.connect_limit = std::chrono::hours(1);  // so that only what it says can make it lost
    auto side = ll::zmq_transport::open(patient).value();
    SUBCASE("frames that are none") {
      ::zmq::context_t context;
      ::zmq::socket_t listener(context, ::zmq::socket_type::router);
      listener.bind("tcp://127.0.0.1:0");
      REQUIRE(side.connect(1, 2, listener.get(::zmq::sockopt::last_endpoint)).has_value());
      send_small(side, 2, 1);
      ::zmq::message_t id;
      REQUIRE(listener.recv(id).has_value());
      static_cast<void>(listener.send(id, ::zmq::send_flags::sndmore));
      static_cast<void>(listener.send(::zmq::buffer("garbage", 7), ::zmq::send_flags::none));
      expect_lost(side, 2);
      CHECK(side.last_refusal().find("1 parts") != std::string::npos);
    }
    SUBCASE("no ZeroMQ at all") {
      const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      socklen_t size = sizeof(address);
      REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) == 0);
      REQUIRE(::listen(listener, 1) == 0);
      REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
      REQUIRE(side.connect(1, 2, "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port))).has_value());
      const int accepted = ::accept(listener, nullptr, nullptr);
      constexpr std::string_view answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
      REQUIRE(::send(accepted, answer.data(), answer.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answer.size()));
      ::close(accepted);
      expect_lost(side, 2);
      ::close(listener);
    }
  }

  TEST_CASE("a killed process is lost at once on both kinds of connection") {
    std::array<int, 2> pipe_ends{};
    REQUIRE(::pipe(pipe_ends.data()) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {  // listens, tells where; connects back to the endpoint in the first frame; then never reads again
      ::alarm(60);
      auto worker = ll::zmq_transport::open();
      if (!worker) ::_exit(1);
      const auto endpoint = worker->listen("tcp://127.0.0.1:0");
      if (!endpoint || ::write(pipe_ends[1], endpoint->data(), endpoint->size()) < 0) ::_exit(1);
      ll::message m;
      if (!worker->receive(m, transport_suite::patience)) ::_exit(1);
      const std::string back(reinterpret_cast<const char*>(m.payload.data()), m.payload.size());
      if (!worker->connect(2, 1, back) || !worker->send(1, transport_suite::control_header(5), {})) ::_exit(1);
      for (;;) ::pause();
    }
    char buffer[100];
    const auto length = ::read(pipe_ends[0], buffer, sizeof(buffer));
    REQUIRE(length > 0);
    auto both = open_transport();
    auto caller_only = open_transport();
    const std::string here = caller_only.listen("tcp://127.0.0.1:0").value();
    REQUIRE(both.connect(1, 2, std::string(buffer, static_cast<std::size_t>(length))).has_value());
    REQUIRE(both.send(2, transport_suite::control_header(), ll::bytes_of(here)).has_value());
    ll::message m;
    REQUIRE(transport_suite::next(caller_only, m) == ll::receive_event::message);
    CHECK(m.from == 2);
    REQUIRE(::kill(child, SIGKILL) == 0);
    expect_lost(both, 2);
    expect_lost(caller_only, 2);
    CHECK(::waitpid(child, nullptr, 0) == child);
    ::close(pipe_ends[0]);
    ::close(pipe_ends[1]);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <conformance/test_frames.hpp>
#include <lingualinked/concepts/transport.hpp>
#include <lingualinked/transport/frame.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// What every ConnectingTransport must do, whatever carries the frames. Instantiate for a World:
//
//   struct world {
//     using transport = ...;
//     transport make();             // a new transport that can reach all others of this world
//     std::string endpoint();       // to listen on; a new one each time
//     std::string empty_endpoint(); // where nobody listens
//   };
//   LINGUALINKED_TRANSPORT_SUITE(world);
namespace transport_suite {

namespace ll = lingualinked;
/// Two transports: left connected to right; left is 1, right is 2.
template <class World>
struct pair_of {
  World world;
  typename World::transport right = world.make();
  typename World::transport left = world.make();

  pair_of() {
    const auto endpoint = right.listen(world.endpoint());
    REQUIRE(endpoint.has_value());
    REQUIRE(left.connect(1, 2, *endpoint).has_value());
  }
};

template <class T>
void send_small(T& from, ll::peer_id to, std::uint32_t step, std::size_t bytes = 10) {
  const auto sent = from.send(to, control_header(step), filled(bytes, step));
  const std::string why = sent ? std::string() : sent.error().message;
  CAPTURE(why);
  REQUIRE(sent.has_value());
}

/// The next event, which must come.
template <class T>
ll::receive_event next(T& transport, ll::message& into) {
  const auto event = transport.receive(into, patience);
  REQUIRE(event.has_value());
  REQUIRE(*event != ll::receive_event::timeout);
  return *event;
}

template <class T>
void expect_small(T& transport, ll::peer_id from, std::uint32_t step, std::size_t bytes = 10) {
  ll::message m;
  CAPTURE(from);
  CAPTURE(step);
  REQUIRE(next(transport, m) == ll::receive_event::message);
  CHECK(m.from == from);
  CHECK(m.header.step == step);
  CHECK(m.header.payload_bytes == bytes);
  CHECK(m.payload == filled(bytes, step));
}

template <class T>
void expect_lost(T& transport, ll::peer_id who) {
  ll::message m;
  REQUIRE(next(transport, m) == ll::receive_event::peer_lost);
  CHECK(m.from == who);
}

/// Sends although the way is narrow: when it is full, gives the transport time to hand frames over.
template <class T>
void push(T& from, ll::peer_id to, const ll::frame_header& header, const std::vector<std::byte>& payload) {
  ll::message unwanted;
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto sent = from.send(to, header, payload);
    if (sent) return;
    REQUIRE(sent.error().code == ll::errc::busy);
    REQUIRE(std::chrono::steady_clock::now() < end);
    static_cast<void>(from.receive(unwanted, std::chrono::milliseconds(1)));
  }
}

/// Lets the transport hand over what waits, until somebody wakes it.
template <class T>
void hand_over(T& transport) {
  ll::message unwanted;
  const auto event = transport.receive(unwanted, patience);
  CHECK(event.has_value());
  CHECK(*event == ll::receive_event::woken);
}

TEST_CASE_TEMPLATE_DEFINE("a frame arrives whole, with its header, from the peer that sent it", World, first_frame) {
  pair_of<World> p;
  ll::frame_header header;
  header.kind = ll::frame_kind::activation;
  header.dtype = 1;
  header.epoch = 3;
  header.tensor = 4;
  header.request = 5;
  header.step = 6;
  header.rows = 2;
  header.width = 4;
  header.segments = 1;
  header.stage_nanoseconds = 7;
  std::vector<std::byte> payload = filled(16 + 2 * 4 * 2, 1);
  const ll::segment segments[] = {{9, 10, 2}};
  ll::store_segments(segments, payload);
  REQUIRE(p.left.send(2, header, payload).has_value());
  ll::message m;
  REQUIRE(next(p.right, m) == ll::receive_event::message);
  header.payload_bytes = payload.size();
  CHECK(m.from == 1);
  CHECK(m.header == header);
  CHECK(m.payload == payload);
}

TEST_CASE_TEMPLATE_DEFINE("frames of mixed sizes arrive in order", World, order) {
  pair_of<World> p;
  constexpr std::uint32_t count = 600;
  const auto size_of = [](std::uint32_t step) { return std::size_t{1} << (step * 7 % 17); };
  std::thread sender([&] {
    for (std::uint32_t step = 0; step < count; ++step) push(p.left, 2, control_header(step), filled(size_of(step), step));
    hand_over(p.left);
  });
  for (std::uint32_t step = 0; step < count; ++step) expect_small(p.right, 1, step, size_of(step));
  p.left.wake();
  sender.join();
}

TEST_CASE_TEMPLATE_DEFINE("the listener answers on the connection that the other side made", World, both_ways) {
  pair_of<World> p;
  for (std::uint32_t step = 0; step < 50; ++step) {
    send_small(p.left, 2, step);
    expect_small(p.right, 1, step);
    send_small(p.right, 1, step + 1000);
    expect_small(p.left, 2, step + 1000);
  }
}

TEST_CASE_TEMPLATE_DEFINE("empty control frames arrive", World, empty_frames) {
  pair_of<World> p;
  send_small(p.left, 2, 1, 0);
  send_small(p.left, 2, 2, 0);
  expect_small(p.right, 1, 1, 0);
  expect_small(p.right, 1, 2, 0);
}

TEST_CASE_TEMPLATE_DEFINE("large frames arrive, up to the limit", World, large_frames) {
  pair_of<World> p;
  const std::size_t sizes[] = {std::size_t{8} << 20, ll::max_payload_bytes, std::size_t{1} << 10};
  std::thread sender([&] {
    std::uint32_t step = 0;
    for (const std::size_t size : sizes) {
      push(p.left, 2, logits_header(size, step), logits_payload(size, step));
      ++step;
    }
    hand_over(p.left);
  });
  std::uint32_t step = 0;
  for (const std::size_t size : sizes) {
    ll::message m;
    REQUIRE(next(p.right, m) == ll::receive_event::message);
    CHECK(m.header.payload_bytes == size);
    CHECK(m.payload == logits_payload(size, step));
    ++step;
  }
  p.left.wake();
  sender.join();
}

TEST_CASE_TEMPLATE_DEFINE("a frame that breaks the format is refused at the sender", World, bad_frames) {
  pair_of<World> p;
  ll::frame_header too_short = logits_header(1024, 0);
  const auto payload = logits_payload(1020, 0);
  const auto sent = p.left.send(2, too_short, payload);
  REQUIRE_FALSE(sent.has_value());
  CHECK(sent.error().code == ll::errc::invalid_argument);
  const std::vector<std::byte> too_long(ll::max_control_bytes + 1);
  CHECK(p.left.send(2, control_header(), too_long).error().code == ll::errc::invalid_argument);
  send_small(p.left, 2, 5);
  expect_small(p.right, 1, 5);
}

TEST_CASE_TEMPLATE_DEFINE("receive gives up after its limit and not before", World, timeout) {
  pair_of<World> p;
  ll::message m;
  const auto start = std::chrono::steady_clock::now();
  const auto event = p.right.receive(m, std::chrono::milliseconds(3));
  REQUIRE(event.has_value());
  CHECK(*event == ll::receive_event::timeout);
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(3));
  const auto at_once = p.right.receive(m, ll::duration(0));
  REQUIRE(at_once.has_value());
  CHECK(*at_once == ll::receive_event::timeout);
}

TEST_CASE_TEMPLATE_DEFINE("wake from another thread ends a wait, once", World, wake) {
  pair_of<World> p;
  ll::message m;
  for (int round = 0; round < 50; ++round) {
    std::thread other([&] { p.right.wake(); });
    REQUIRE(next(p.right, m) == ll::receive_event::woken);
    other.join();
    const auto after = p.right.receive(m, ll::duration(0));
    REQUIRE(after.has_value());
    REQUIRE(*after == ll::receive_event::timeout);
  }
}

TEST_CASE_TEMPLATE_DEFINE("a wake before the wait is not lost, and several count as one", World, early_wake) {
  pair_of<World> p;
  ll::message m;
  p.right.wake();
  p.right.wake();
  CHECK(next(p.right, m) == ll::receive_event::woken);
  send_small(p.left, 2, 1);
  expect_small(p.right, 1, 1);
}

TEST_CASE_TEMPLATE_DEFINE("when a peer closes, what it sent comes first and then its loss", World, closing_peer) {
  pair_of<World> p;
  SUBCASE("the side that connected closes") {
    for (std::uint32_t step = 0; step < 5; ++step) send_small(p.left, 2, step);
    p.left.close();
    for (std::uint32_t step = 0; step < 5; ++step) expect_small(p.right, 1, step);
    expect_lost(p.right, 1);
    CHECK(p.right.send(1, control_header(), {}).error().code == ll::errc::peer_lost);
  }
  SUBCASE("the side that listened closes") {
    send_small(p.left, 2, 9);
    expect_small(p.right, 1, 9);
    for (std::uint32_t step = 0; step < 5; ++step) send_small(p.right, 1, step);
    p.right.close();
    for (std::uint32_t step = 0; step < 5; ++step) expect_small(p.left, 2, step);
    expect_lost(p.left, 2);
    CHECK(p.left.send(2, control_header(), {}).error().code == ll::errc::peer_lost);
  }
  SUBCASE("the side that listened is destroyed") {
    send_small(p.left, 2, 9);
    expect_small(p.right, 1, 9);
    { auto gone = std::move(p.right); }
    expect_lost(p.left, 2);
  }
}

TEST_CASE_TEMPLATE_DEFINE("a lost peer is reported once and others are not disturbed", World, lost_once) {
  World world;
  auto hub = world.make();
  const auto endpoint = hub.listen(world.endpoint());
  REQUIRE(endpoint.has_value());
  auto stays = world.make();
  REQUIRE(stays.connect(11, 1, *endpoint).has_value());
  {
    auto goes = world.make();
    REQUIRE(goes.connect(12, 1, *endpoint).has_value());
    send_small(goes, 1, 7);
    expect_small(hub, 12, 7);
  }
  expect_lost(hub, 12);
  send_small(stays, 1, 8);
  expect_small(hub, 11, 8);
  send_small(hub, 11, 9);
  expect_small(stays, 1, 9);
  ll::message m;
  CHECK(*hub.receive(m, ll::duration(0)) == ll::receive_event::timeout);
}

TEST_CASE_TEMPLATE_DEFINE("two sides that connected to each other lose each other once", World, mutual) {
  World world;
  auto a = world.make();
  std::optional<typename World::transport> b = world.make();
  const auto at_a = a.listen(world.endpoint());
  const auto at_b = b->listen(world.endpoint());
  REQUIRE(a.connect(1, 2, *at_b).has_value());
  REQUIRE(b->connect(2, 1, *at_a).has_value());
  send_small(a, 2, 1);
  expect_small(*b, 1, 1);
  send_small(*b, 1, 2);
  expect_small(a, 2, 2);
  b.reset();
  expect_lost(a, 2);
  ll::message m;
  const auto after = a.receive(m, std::chrono::milliseconds(100));
  REQUIRE(after.has_value());
  CHECK(*after == ll::receive_event::timeout);
}

TEST_CASE_TEMPLATE_DEFINE("a peer that cannot be reached is reported as lost", World, unreachable) {
  World world;
  auto alone = world.make();
  REQUIRE(alone.connect(1, 2, world.empty_endpoint()).has_value());
  expect_lost(alone, 2);
  CHECK(alone.send(2, control_header(), {}).error().code == ll::errc::peer_lost);
}

TEST_CASE_TEMPLATE_DEFINE("an unknown peer is an error, nobody is no peer", World, unknown_peer) {
  pair_of<World> p;
  CHECK(p.left.send(3, control_header(), {}).error().code == ll::errc::peer_lost);
  CHECK(p.right.send(77, control_header(), {}).error().code == ll::errc::peer_lost);
  CHECK(p.left.connect(0, 5, p.world.empty_endpoint()).error().code == ll::errc::invalid_argument);
  CHECK(p.left.connect(5, 0, p.world.empty_endpoint()).error().code == ll::errc::invalid_argument);
  CHECK(p.left.connect(1, 2, p.world.empty_endpoint()).error().code == ll::errc::invalid_argument);
  p.left.disconnect(99);
  send_small(p.left, 2, 1);
  expect_small(p.right, 1, 1);
}

TEST_CASE_TEMPLATE_DEFINE("a disconnected peer is lost on the other side and may come back", World, reconnect) {
  World world;
  auto right = world.make();
  auto left = world.make();
  const auto endpoint = right.listen(world.endpoint());
  REQUIRE(endpoint.has_value());
  for (std::uint32_t round = 0; round < 10; ++round) {
    CAPTURE(round);
    REQUIRE(left.connect(1, 2, *endpoint).has_value());
    send_small(left, 2, round);
    if (round > 0) expect_lost(right, 1);
    expect_small(right, 1, round);
    send_small(right, 1, round);
    expect_small(left, 2, round);
    left.disconnect(2);
    CHECK(left.send(2, control_header(), {}).error().code == ll::errc::peer_lost);
  }
}

TEST_CASE_TEMPLATE_DEFINE("after close everything says closed, and wake is harmless", World, closed) {
  pair_of<World> p;
  p.left.close();
  p.left.close();
  ll::message m;
  CHECK(p.left.send(2, control_header(), {}).error().code == ll::errc::closed);
  CHECK(p.left.receive(m, patience).error().code == ll::errc::closed);
  CHECK(p.left.connect(1, 3, p.world.empty_endpoint()).error().code == ll::errc::closed);
  CHECK(p.left.listen(p.world.endpoint()).error().code == ll::errc::closed);
  p.left.disconnect(2);
  p.left.wake();
}

TEST_CASE_TEMPLATE_DEFINE("a moved transport goes on, the one moved from is closed", World, moved) {
  pair_of<World> p;
  auto left = std::move(p.left);
  send_small(left, 2, 1);
  expect_small(p.right, 1, 1);
  auto right = p.world.make();
  right = std::move(p.right);
  send_small(right, 1, 2);
  expect_small(left, 2, 2);
  ll::message m;
  CHECK(p.left.send(2, control_header(), {}).error().code == ll::errc::closed);  // NOLINT: on purpose
  CHECK(p.left.receive(m, ll::duration(0)).error().code == ll::errc::closed);    // NOLINT: on purpose
  p.left.wake();                                                                 // NOLINT: on purpose
  p.left.close();                                                                // NOLINT: on purpose
}

TEST_CASE_TEMPLATE_DEFINE("a reader that does not read makes the sender busy, and nothing is lost", World, back_pressure) {
  pair_of<World> p;
  constexpr std::size_t size = std::size_t{1} << 20;
  std::uint32_t accepted = 0;
  for (;; ++accepted) {
    const auto sent = p.left.send(2, logits_header(size, accepted), logits_payload(size, accepted));
    if (!sent) {
      REQUIRE(sent.error().code == ll::errc::busy);
      break;
    }
    REQUIRE(accepted < 1000);
  }
  CHECK(accepted > 0);
  std::thread sender([&] {
    push(p.left, 2, logits_header(size, accepted), logits_payload(size, accepted));
    hand_over(p.left);
  });
  for (std::uint32_t step = 0; step <= accepted; ++step) {
    ll::message m;
    REQUIRE(next(p.right, m) == ll::receive_event::message);
    REQUIRE(m.header.step == step);
    REQUIRE(m.payload == logits_payload(size, step));
  }
  p.left.wake();
  sender.join();
}

TEST_CASE_TEMPLATE_DEFINE("a listener under back-pressure is busy too, and nothing is lost", World, answer_pressure) {
  pair_of<World> p;
  send_small(p.left, 2, 0);
  expect_small(p.right, 1, 0);
  constexpr std::size_t size = std::size_t{4} << 20;
  std::uint32_t accepted = 0;
  for (;; ++accepted) {
    const auto sent = p.right.send(1, logits_header(size, accepted), logits_payload(size, accepted));
    if (!sent) {
      REQUIRE(sent.error().code == ll::errc::busy);
      break;
    }
    REQUIRE(accepted < 1000);
  }
  std::thread sender([&] { hand_over(p.right); });
  for (std::uint32_t step = 0; step < accepted; ++step) {
    ll::message m;
    REQUIRE(next(p.left, m) == ll::receive_event::message);
    REQUIRE(m.header.step == step);
    REQUIRE(m.payload == logits_payload(size, step));
  }
  p.right.wake();
  sender.join();
}

TEST_CASE_TEMPLATE_DEFINE("many peers send at once; each one's frames stay in order", World, many_senders) {
  World world;
  auto hub = world.make();
  const auto endpoint = hub.listen(world.endpoint());
  REQUIRE(endpoint.has_value());
  constexpr std::uint32_t peers = 4;
  constexpr std::uint32_t count = 200;
  std::vector<typename World::transport> senders;
  for (std::uint32_t i = 0; i < peers; ++i) {
    senders.push_back(world.make());
    REQUIRE(senders.back().connect(100 + i, 1, *endpoint).has_value());
  }
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < peers; ++i)
    threads.emplace_back([&, i] {
      for (std::uint32_t step = 0; step < count; ++step) push(senders[i], 1, control_header(step), filled(100 + step, step + i));
      hand_over(senders[i]);
    });
  std::vector<std::uint32_t> expected(peers, 0);
  for (std::uint32_t n = 0; n < peers * count; ++n) {
    ll::message m;
    REQUIRE(next(hub, m) == ll::receive_event::message);
    const auto i = static_cast<std::uint32_t>(m.from - 100);
    REQUIRE(i < peers);
    REQUIRE(m.header.step == expected[i]);
    REQUIRE(m.payload == filled(100 + expected[i], expected[i] + i));
    ++expected[i];
  }
  for (auto& s : senders) s.wake();
  for (auto& t : threads) t.join();
}

}  // namespace transport_suite

/// All cases above for one World.
#define LINGUALINKED_TRANSPORT_SUITE(World)                           \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::first_frame, World);     \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::order, World);           \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::both_ways, World);       \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::empty_frames, World);    \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::large_frames, World);    \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::bad_frames, World);      \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::timeout, World);         \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::wake, World);            \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::early_wake, World);      \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::closing_peer, World);    \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::lost_once, World);       \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::mutual, World);          \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::unreachable, World);     \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::unknown_peer, World);    \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::reconnect, World);       \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::closed, World);          \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::moved, World);           \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::back_pressure, World);   \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::answer_pressure, World); \
  TEST_CASE_TEMPLATE_INVOKE(transport_suite::many_senders, World)

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/concepts/transport.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/archetypes.hpp>
#include <lingualinked/transport/inproc.hpp>
#include <lingualinked/zmq/transport.hpp>

#include <concepts>
#include <string>

namespace ll = lingualinked;

namespace {

using base = ll::archetypes::transport;
using bytes = std::span<const std::byte>;

// Each lacks exactly one thing.
struct cannot_send : base {
  void send(ll::peer_id, const ll::frame_header&, bytes) = delete;
};
struct sends_blindly : base {
  bool send(ll::peer_id, const ll::frame_header&, bytes) { return true; }
};
struct receives_bytes : base {
  ll::result<std::size_t> receive(ll::message&, ll::duration) { return std::size_t{0}; }
};
struct receives_forever : base {
  ll::result<ll::receive_event> receive(ll::message&) { return ll::receive_event::timeout; }
};
struct wake_may_throw : base {
  void wake() {}
};
struct close_may_throw : base {
  void close() {}
};
struct stays_in_place : base {
  stays_in_place() = default;
  stays_in_place(stays_in_place&&) = delete;
};
struct connecting : base {
  ll::result<void> connect(ll::peer_id, ll::peer_id, const std::string&) { return {}; }
  void disconnect(ll::peer_id) noexcept {}
};
struct connects_without_self : connecting {
  ll::result<void> connect(ll::peer_id, const std::string&) { return {}; }
};
struct disconnect_may_throw : connecting {
  void disconnect(ll::peer_id) {}
};

static_assert(ll::Transport<base>);
static_assert(ll::ConnectingTransport<connecting>);
static_assert(ll::ConnectingTransport<ll::inproc_transport>);
static_assert(ll::ConnectingTransport<ll::zmq_transport>);

static_assert(!ll::Transport<int>);
static_assert(!ll::Transport<cannot_send>);
static_assert(!ll::Transport<sends_blindly>);
static_assert(!ll::Transport<receives_bytes>);
static_assert(!ll::Transport<receives_forever>);
static_assert(!ll::Transport<wake_may_throw>);
static_assert(!ll::Transport<close_may_throw>);
static_assert(!ll::Transport<stays_in_place>);
static_assert(!ll::ConnectingTransport<base>);
static_assert(!ll::ConnectingTransport<connects_without_self>);
static_assert(!ll::ConnectingTransport<disconnect_may_throw>);

}  // namespace

TEST_SUITE("conformance/transport") {
  TEST_CASE("a moved transport costs no more than a pointer or two") {
    CHECK(sizeof(ll::zmq_transport) == sizeof(void*));
    CHECK(sizeof(ll::inproc_transport) <= 4 * sizeof(void*));
    CHECK(std::is_nothrow_move_constructible_v<ll::zmq_transport>);
    CHECK(std::is_nothrow_move_constructible_v<ll::inproc_transport>);
  }
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/transport.hpp>
#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/transport/frame.hpp>
#include <lingualinked/zmq/connections.hpp>
#include <lingualinked/zmq/endpoint.hpp>

#include <zmq.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace lingualinked::inline v0 {

/// Carries frames over TCP with ZeroMQ. Models ConnectingTransport.
/// A ROUTER takes connections (listen), a DEALER makes each (connect). A side that never listened is answered on the connection
/// that it made, and is known to the other side from its first frame. A peer whose connection breaks is reported as lost once,
/// after its last frame, and forgotten, and so is one that sends what is no frame; connect() it again to go on. Messages of
/// strangers that are no frames are dropped and counted. Two connections with one peer id: the first one counts until it ends.
/// Not bounded here: a stranger that never ends a message grows ZeroMQ's memory. Therefore only addresses of this machine are
/// allowed unless the options say otherwise.
class zmq_transport {
 public:
  /// Errors    io when the process has no file descriptor left
  [[nodiscard]] static result<zmq_transport> open(zmq_options options = {}) {
    return guarded("cannot start ZeroMQ", [&]() -> result<zmq_transport> {
      auto connections = std::make_unique<detail::zmq_connections>(std::move(options));
      if (auto opened = connections->open(); !opened) return opened.error();
      return zmq_transport(std::move(connections));
    });
  }
  zmq_transport(zmq_transport&&) noexcept = default;
  zmq_transport& operator=(zmq_transport&& other) noexcept {
    if (this != &other) {
      close();
      connections_ = std::move(other.connections_);
    }
    return *this;
  }
  ~zmq_transport() { close(); }

  /// Takes connections. Returns the endpoint, with the port that was chosen for port 0.
  /// Errors    invalid_argument (not tcp://host:port, not on this machine, listening already), busy (taken), io, closed
  [[nodiscard]] result<std::string> listen(const std::string& endpoint) {
    if (is_closed()) return closed_error();
    if (connections_->listens())
      return error{errc::invalid_argument, "cannot listen on " + endpoint + ": this transport listens already"};
    auto where = allowed(endpoint);
    if (!where) return std::move(where).error();
    const std::string host = where->host == "localhost" ? "127.0.0.1" : where->host;  // ZeroMQ binds to addresses, not names
    return guarded("cannot listen on " + endpoint, [&]() -> result<std::string> {
      return connections_->listen("tcp://" + host + ":" + std::to_string(where->port), host.front() == '[');
    });
  }

  /// Errors    invalid_argument (not tcp://host:port, not on this machine, peer or self 0, connected already), limit, io, closed
  [[nodiscard]] result<void> connect(peer_id self, peer_id peer, const std::string& endpoint) {
    if (is_closed()) return closed_error();
    if (self == 0 || peer == 0) return error{errc::invalid_argument, "peer id 0 is nobody; give self and peer ids above 0"};
    if (connections_->connected(peer))
      return error{errc::invalid_argument, "peer " + std::to_string(peer) + " is connected already; disconnect it first"};
    if (connections_->connection_count() >= max_zmq_peers)
      return error{errc::limit, "cannot connect to more than " + std::to_string(max_zmq_peers) + " peers"};
    auto where = allowed(endpoint);
    if (!where) return std::move(where).error();
    if (where->port == 0) return error{errc::invalid_argument, "cannot connect to port 0; give the port that the worker printed"};
    return guarded("cannot connect to " + endpoint, [&]() -> result<void> {
      connections_->connect(self, peer, endpoint, where->host.front() == '[');
      return {};
    });
  }

  /// Frames that still wait for the peer are dropped. A peer that had connected to this side is not heard again until it
  /// connects anew.
  void disconnect(peer_id peer) noexcept {
    if (is_closed()) return;
    static_cast<void>(guarded("disconnect", [&]() -> result<void> {
      connections_->flush();
      connections_->forget(peer, false);
      return {};
    }));
  }

  /// Errors    closed, peer_lost (unknown or gone), busy (options.outbox_bytes wait already; receive() makes room),
  ///           invalid_argument (header and payload do not fit), io
  /// Cost      one copy and one hash of the payload
  [[nodiscard]] result<void> send(peer_id to, const frame_header& header, std::span<const std::byte> payload) {
    if (is_closed()) return closed_error();
    frame_header complete = header;
    complete.payload_bytes = payload.size();
    if (auto fits = check_frame(complete, payload); !fits) return error{errc::invalid_argument, fits.error().message};
    return guarded("cannot send", [&] { return connections_->send(to, complete, payload); });
  }

  /// Also hands over frames that wait: who sends must call it from time to time.
  /// Errors    closed, io
  [[nodiscard]] result<receive_event> receive(message& into, duration limit) {
    if (is_closed()) return closed_error();
    constexpr duration longest_wait = std::chrono::hours(24);  // keeps the deadline from overflowing
    const auto deadline = std::chrono::steady_clock::now() + std::min(limit, longest_wait);
    return guarded("cannot receive", [&]() -> result<receive_event> {
      for (;;) {
        if (connections_->wakes().take()) return receive_event::woken;
        connections_->flush();
        connections_->watch();
        bool unfinished = false;
        if (const auto event = connections_->next_event(into, unfinished)) return *event;
        const auto now = std::chrono::steady_clock::now();
        if (now >= deadline) return receive_event::timeout;
        if (!unfinished) connections_->wait(deadline - now);
      }
    });
  }

  /// From any thread, and from signal handlers too.
  void wake() noexcept {
    if (connections_) connections_->wakes().wake();
  }

  /// Waits at most options.linger for frames that are on their way.
  void close() noexcept {
    if (is_closed()) return;
    static_cast<void>(guarded("close", [&]() -> result<void> {
      connections_->flush();
      return {};
    }));
    connections_->close();
  }

  /// How many messages were dropped because they were no frames, and why the last one was.
  [[nodiscard]] std::uint64_t refused_messages() const noexcept { return connections_ ? connections_->refused_messages() : 0; }
  [[nodiscard]] std::string last_refusal() const { return connections_ ? connections_->last_refusal() : std::string(); }

 private:
  explicit zmq_transport(std::unique_ptr<detail::zmq_connections> connections) : connections_(std::move(connections)) {}

  [[nodiscard]] bool is_closed() const noexcept { return !connections_ || connections_->closed(); }
  [[nodiscard]] static error closed_error() { return {errc::closed, "the transport was closed"}; }

  [[nodiscard]] result<tcp_endpoint> allowed(const std::string& endpoint) const {
    auto where = parse_tcp_endpoint(endpoint);
    if (where && !where->is_loopback() && !connections_->options().allow_remote)
      return error{errc::invalid_argument, "endpoint " + endpoint +
                                               " is not on this machine alone, and nothing is encrypted; use 127.0.0.1, or "
                                               "--insecure on a network that you trust"};
    return where;
  }

  /// Calls f; what ZeroMQ throws becomes an error.
  template <class F>
  [[nodiscard]] static auto guarded(const std::string& what, F&& f) -> decltype(f()) {
    try {
      return f();
    } catch (const ::zmq::error_t& e) {
      const bool taken = e.num() == EADDRINUSE;
      return error{taken ? errc::busy : errc::io, what + ": " + e.what() + (taken ? ". Choose another port" : "")};
    }
  }

  std::unique_ptr<detail::zmq_connections> connections_;
};

static_assert(ConnectingTransport<zmq_transport>);

}  // namespace lingualinked::inline v0

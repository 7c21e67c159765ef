// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/transport.hpp>
#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/log.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/transport/frame.hpp>
#include <lingualinked/zmq/socket_monitor.hpp>
#include <lingualinked/zmq/wake_pipe.hpp>
#include <lingualinked/zmq/wire.hpp>

#include <zmq.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Peers that one transport talks to at once, each way.
inline constexpr std::size_t max_zmq_peers = 64;
/// Frames that ZeroMQ itself holds for one connection, each way.
inline constexpr int zmq_frames_in_flight = 16;

struct zmq_options {
  bool allow_remote = false;                              // else only addresses of this machine: nothing is encrypted
  std::uint64_t outbox_bytes = std::uint64_t{128} << 20;  // may wait for one peer; a single frame always fits
  duration connect_limit = std::chrono::seconds(2);       // a peer that cannot be reached for so long is lost
  duration linger = std::chrono::milliseconds(500);       // what close() gives the last frames to leave
  log_sink log;                                           // is told of refused messages
};

namespace detail {

/// All sockets of one transport. Errors of ZeroMQ leave as zmq::error_t.
class zmq_connections {
 public:
  explicit zmq_connections(zmq_options options) : options_(std::move(options)) {}

  [[nodiscard]] result<void> open() {
    instance_ = std::random_device{}();
    return wakes_.open();
  }
  [[nodiscard]] const zmq_options& options() const noexcept { return options_; }
  [[nodiscard]] wake_pipe& wakes() noexcept { return wakes_; }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] bool listens() const noexcept { return router_ != nullptr; }
  [[nodiscard]] bool connected(peer_id peer) const noexcept { return find_dealer(peer) != nullptr; }
  [[nodiscard]] std::size_t connection_count() const noexcept { return dealers_.size(); }
  [[nodiscard]] std::uint64_t refused_messages() const noexcept { return refused_messages_; }
  [[nodiscard]] const std::string& last_refusal() const noexcept { return last_refusal_; }

  [[nodiscard]] std::string listen(const std::string& endpoint, bool ipv6) {
    auto made = std::make_unique<watched_socket>(context_, ::zmq::socket_type::router, next_name(),
                                                 ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED);
    configure(made->socket, ipv6);
    made->socket.set(::zmq::sockopt::router_mandatory, true);  // else frames to the dead vanish
    made->socket.bind(endpoint);
    router_ = std::move(made);
    return router_->socket.get(::zmq::sockopt::last_endpoint);
  }

  void connect(peer_id self, peer_id peer, const std::string& endpoint, bool ipv6) {
    auto made = std::make_unique<dealer>(context_, ::zmq::socket_type::dealer, next_name(),
                                         ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED);
    configure(made->socket, ipv6);
    made->socket.set(::zmq::sockopt::routing_id, encode_routing_id({self, instance_, next_connection_++}));
    made->peer = peer;
    made->give_up_at = std::chrono::steady_clock::now() + options_.connect_limit;
    made->socket.connect(endpoint);
    dealers_.push_back(std::move(made));
  }

  /// Queues a frame that passed check_frame.
  [[nodiscard]] result<void> send(peer_id to, const frame_header& header, std::span<const std::byte> payload) {
    const error unknown{errc::peer_lost, "peer " + std::to_string(to) + " is not connected"};
    if (dealer* const d = find_dealer(to)) {
      if (d->lost) return unknown;
      static_cast<void>(d->frames.flush(d->socket, {}));
      if (!d->frames.accepts(payload.size(), options_.outbox_bytes)) return busy(to, d->frames);
      d->frames.add(header, payload);
      static_cast<void>(d->frames.flush(d->socket, {}));
      return {};
    }
    const auto found = callers_.find(to);
    if (found == callers_.end() || !found->second.active()) return unknown;
    caller& c = found->second;
    if (hand_over(c) != handed_over::gone) {
      if (!c.frames.accepts(payload.size(), options_.outbox_bytes)) return busy(to, c.frames);
      c.frames.add(header, payload);
      if (hand_over(c) != handed_over::gone) return {};
    }
    return unknown;
  }

  /// Ends the connections with a peer. lost: there is nobody to wait for.
  void forget(peer_id peer, bool lost) {
    std::erase_if(dealers_, [&](const std::unique_ptr<dealer>& d) {
      if (d->peer != peer) return false;
      if (lost) d->socket.set(::zmq::sockopt::linger, 0);
      return true;
    });
    if (held_back_ && held_back_->from == peer) held_back_.reset();
    const auto found = callers_.find(peer);
    if (found == callers_.end()) return;
    if (found->second.closed) {
      callers_.erase(found);
    } else {
      found->second.forgotten = true;  // its connection may bring frames yet; they must not make it known again
      found->second.frames = {};
    }
  }

  /// Hands over frames that wait.
  void flush() {
    for (const auto& d : dealers_)
      if (!d->lost) static_cast<void>(d->frames.flush(d->socket, {}));
    for (auto& [peer, c] : callers_)
      if (c.active()) static_cast<void>(hand_over(c));
  }

  /// Learns which connections came and went.
  void watch() {
    for (const auto& d : dealers_)
      while (const auto event = d->monitor.next()) (event->kind == ZMQ_EVENT_DISCONNECTED ? d->lost : d->reached) = true;
    if (!router_) return;
    while (const auto event = router_->monitor.next()) {
      connection_count_of_fd& count = connections_of_fd_[event->file_descriptor];
      if (event->kind == ZMQ_EVENT_ACCEPTED) ++count.opened;
      if (event->kind != ZMQ_EVENT_DISCONNECTED) continue;
      ++count.closed;
      for (auto& [peer, c] : callers_)
        if (c.file_descriptor == event->file_descriptor && c.connection_of_fd <= count.closed) c.closed = true;
    }
  }

  /// The next frame or loss, if there is one. unfinished: there may be more to look at without waiting.
  [[nodiscard]] std::optional<receive_event> next_event(message& into, bool& unfinished) {
    if (held_back_) {
      std::swap(into, *held_back_);
      held_back_.reset();
      return receive_event::message;
    }
    const std::size_t sources = dealers_.size() + 1;
    for (std::size_t i = 0; i < sources; ++i) {
      const std::size_t source = (next_source_ + i) % sources;
      const auto event = source == 0 ? from_callers(into, unfinished) : from_dealer(*dealers_[source - 1], into);
      if (!event) continue;
      next_source_ = source + 1;
      return event;
    }
    return std::nullopt;
  }

  /// Sleeps until something may have changed, at most `limit`.
  void wait(duration limit) {
    const auto now = std::chrono::steady_clock::now();
    std::vector<::zmq::pollitem_t> items;
    items.push_back({nullptr, wakes_.file_descriptor(), ZMQ_POLLIN, 0});
    for (const auto& d : dealers_) {
      const int wanted = d->frames.empty() || d->lost ? ZMQ_POLLIN : ZMQ_POLLIN | ZMQ_POLLOUT;
      items.push_back({d->socket.handle(), 0, static_cast<short>(wanted), 0});
      items.push_back({d->monitor.socket().handle(), 0, ZMQ_POLLIN, 0});
      if (!d->reached) limit = std::min<duration>(limit, d->give_up_at - now);
    }
    if (router_) {
      items.push_back({router_->socket.handle(), 0, ZMQ_POLLIN, 0});
      items.push_back({router_->monitor.socket().handle(), 0, ZMQ_POLLIN, 0});
      // A ROUTER is writable as soon as any peer is, which says nothing about the one that is full: look again soon.
      for (const auto& [peer, c] : callers_)
        if (c.active() && !c.frames.empty()) limit = std::min<duration>(limit, std::chrono::milliseconds(2));
    }
    try {
      ::zmq::poll(items.data(), items.size(), std::chrono::ceil<std::chrono::milliseconds>(std::max(limit, duration(0))));
    } catch (const ::zmq::error_t& e) {
      if (e.num() != EINTR) throw;
    }
    if ((items.front().revents & ZMQ_POLLIN) != 0) wakes_.drain();
  }

  void close() {
    closed_ = true;
    dealers_.clear();
    callers_.clear();
    router_.reset();
    context_.close();
  }

 private:
  struct watched_socket {
    ::zmq::socket_t socket;
    socket_monitor monitor;
    watched_socket(::zmq::context_t& context, ::zmq::socket_type type, const std::string& name, int events)
        : socket(context, type), monitor(context, socket, name, events) {}
  };
  /// A connection that this side made.
  struct dealer : watched_socket {
    using watched_socket::watched_socket;
    peer_id peer = 0;
    outbox frames;
    std::chrono::steady_clock::time_point give_up_at;
    bool reached = false;
    bool lost = false;
  };
  /// A peer that connected to this side.
  struct caller {
    routing_name name;
    int file_descriptor = -1;
    std::uint64_t connection_of_fd = 0;  // descriptors are used again; this tells which connection on it
    outbox frames;
    bool closed = false;
    bool forgotten = false;
    [[nodiscard]] bool active() const noexcept { return !closed && !forgotten; }
  };
  struct connection_count_of_fd {
    std::uint64_t opened = 0;
    std::uint64_t closed = 0;
  };

  [[nodiscard]] std::string next_name() { return "monitor-" + std::to_string(next_monitor_++); }

  void configure(::zmq::socket_t& socket, bool ipv6) const {
    namespace option = ::zmq::sockopt;
    const auto linger = std::chrono::ceil<std::chrono::milliseconds>(options_.linger).count();
    socket.set(option::linger, static_cast<int>(linger));
    socket.set(option::maxmsgsize, static_cast<std::int64_t>(max_payload_bytes));
    socket.set(option::rcvhwm, zmq_frames_in_flight);
    socket.set(option::sndhwm, zmq_frames_in_flight);
    socket.set(option::handshake_ivl, 3000);
    socket.set(option::heartbeat_ivl, 1000);
    // A peer that does not read for a while cannot answer either. Were it given up soon, libzmq might find the old connection's
    // flow control in the new one and end the process (its issue 3937). Silence that matters is noticed by the runtime.
    socket.set(option::heartbeat_timeout, 30'000);
    socket.set(option::heartbeat_ttl, 30'000);
    socket.set(option::tcp_maxrt, 5000);
    socket.set(option::connect_timeout, 2000);
    socket.set(option::reconnect_ivl, 50);
    socket.set(option::reconnect_ivl_max, 500);
    socket.set(option::ipv6, ipv6);
    // With a domain, ZeroMQ turns away ZMTP 1 and 2, in which a stranger can make libzmq 4.3.4 abort the process.
    socket.set(option::zap_domain, "lingualinked");
  }

  [[nodiscard]] dealer* find_dealer(peer_id peer) const noexcept {
    for (const auto& d : dealers_)
      if (d->peer == peer) return d.get();
    return nullptr;
  }

  [[nodiscard]] error busy(peer_id to, const outbox& frames) const {
    return {errc::busy, std::to_string(frames.bytes()) + " bytes wait for peer " + std::to_string(to) + "; the limit is " +
                            std::to_string(options_.outbox_bytes)};
  }

  handed_over hand_over(caller& c) {
    const handed_over done = c.frames.flush(router_->socket, encode_routing_id(c.name));
    if (done == handed_over::gone) c.closed = true;
    return done;
  }

  void refuse(const std::string& whom, const error& why) {
    last_refusal_ = whom + ": " + why.message;
    if (!std::has_single_bit(++refused_messages_) || !options_.log) return;  // 1st, 2nd, 4th, ...: no flood of log lines
    options_.log(log_level::warning, "refused message " + std::to_string(refused_messages_) + " from " + last_refusal_);
  }

  receive_event lose(peer_id peer, message& into) {
    forget(peer, true);
    into.from = peer;
    return receive_event::peer_lost;
  }

  std::optional<receive_event> from_dealer(dealer& d, message& into) {
    if (const auto m = read_message(d.socket, false)) {
      if (const auto decoded = decode_message(*m, into); !decoded) {
        refuse("peer " + std::to_string(d.peer), decoded.error());
        return lose(d.peer, into);
      }
      into.from = d.peer;
      return receive_event::message;
    }
    if (d.lost || (!d.reached && std::chrono::steady_clock::now() >= d.give_up_at)) return lose(d.peer, into);
    return std::nullopt;
  }

  std::optional<receive_event> from_callers(message& into, bool& unfinished) {
    constexpr int messages_at_once = 64;
    if (!router_) return std::nullopt;
    for (int n = 0; n < messages_at_once; ++n) {
      const auto m = read_message(router_->socket, true);
      if (!m) return next_lost_caller(into);
      if (const auto event = from_caller(*m, into)) return event;
    }
    unfinished = true;
    return std::nullopt;
  }

  /// Called when all that came before has been read.
  std::optional<receive_event> next_lost_caller(message& into) {
    std::erase_if(callers_, [](const auto& entry) { return entry.second.closed && entry.second.forgotten; });
    for (const auto& [peer, c] : callers_)
      if (c.closed) return lose(peer, into);
    return std::nullopt;
  }

  std::optional<receive_event> from_caller(const incoming_message& m, message& into) {
    const auto name = decode_routing_id(m.routing_id);
    if (!name) {
      refuse("a stranger", {errc::malformed, "its routing id is not one of ours"});
      return std::nullopt;
    }
    const std::string whom = "peer " + std::to_string(name->peer);
    const auto known = callers_.find(name->peer);
    const bool same = known != callers_.end() && known->second.name == *name;
    if (same && known->second.forgotten) return std::nullopt;
    if (const auto decoded = decode_message(m, into); !decoded) {
      refuse(whom, decoded.error());
      if (same) return lose(name->peer, into);
      return std::nullopt;
    }
    if (!same) return from_newcomer(m, *name, into);
    into.from = name->peer;
    return receive_event::message;
  }

  /// The first frame of a connection.
  std::optional<receive_event> from_newcomer(const incoming_message& m, const routing_name& name, message& into) {
    watch();  // so that the end of an earlier connection is known before this one is judged
    const std::string whom = "peer " + std::to_string(name.peer);
    const auto known = callers_.find(name.peer);
    bool earlier_ends = false;
    if (known != callers_.end()) {
      const routing_name& earlier = known->second.name;
      const bool again = earlier.instance == name.instance && name.connection > earlier.connection;
      if (known->second.active() && !again) {
        refuse(whom, {errc::protocol, "its id is in use on another connection"});
        return std::nullopt;
      }
      earlier_ends = !known->second.forgotten;
      if (!again) forget(name.peer, true);  // another process: connections to the earlier one are over too
    } else if (callers_.size() >= max_zmq_peers) {
      refuse(whom, {errc::limit, "more than " + std::to_string(max_zmq_peers) + " peers connected"});
      return std::nullopt;
    }
    const connection_count_of_fd count = connections_of_fd_[m.file_descriptor];
    caller c;
    c.name = name;
    c.file_descriptor = m.file_descriptor;
    c.connection_of_fd = count.opened;
    c.closed = m.file_descriptor >= 0 && count.closed >= count.opened;
    callers_.insert_or_assign(name.peer, std::move(c));
    into.from = name.peer;
    if (!earlier_ends) return receive_event::message;
    held_back_.emplace();
    std::swap(*held_back_, into);
    into.from = name.peer;
    return receive_event::peer_lost;
  }

  zmq_options options_;
  wake_pipe wakes_;
  ::zmq::context_t context_;  // declared before the sockets: they must be closed first
  std::unique_ptr<watched_socket> router_;
  std::vector<std::unique_ptr<dealer>> dealers_;
  std::map<peer_id, caller> callers_;
  std::map<int, connection_count_of_fd> connections_of_fd_;
  std::optional<message> held_back_;  // the first frame of a peer whose earlier end had to be told before it
  std::uint32_t instance_ = 0;
  std::uint32_t next_connection_ = 1;
  std::uint64_t next_monitor_ = 0;
  std::size_t next_source_ = 0;
  std::uint64_t refused_messages_ = 0;
  std::string last_refusal_;
  bool closed_ = false;
};

}  // namespace detail
}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>

#include <zmq.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

namespace lingualinked::inline v0::detail {

/// What happened to the connections of one socket, as its I/O thread saw it.
struct socket_event {
  std::uint16_t kind = 0;  // ZMQ_EVENT_...
  int file_descriptor = -1;
};

/// Watches a socket. Must be destroyed before it.
/// Errors    zmq::error_t from the constructor and next()
class socket_monitor {
 public:
  socket_monitor(::zmq::context_t& context, ::zmq::socket_t& watched, const std::string& name, int kinds)
      : watched_(watched.handle()), events_(context, ::zmq::socket_type::pair) {
    const std::string address = "inproc://" + name;
    if (zmq_socket_monitor(watched_, address.c_str(), kinds) != 0) throw ::zmq::error_t();
    // A full queue of events would stop the I/O thread, so it has no bound; a connection costs some hundred bytes.
    events_.set(::zmq::sockopt::rcvhwm, 0);
    events_.set(::zmq::sockopt::linger, 0);
    events_.connect(address);
  }
  socket_monitor(const socket_monitor&) = delete;
  socket_monitor& operator=(const socket_monitor&) = delete;
  ~socket_monitor() { zmq_socket_monitor(watched_, nullptr, 0); }

  [[nodiscard]] ::zmq::socket_t& socket() noexcept { return events_; }

  /// The oldest event not yet seen.
  [[nodiscard]] std::optional<socket_event> next() {
    ::zmq::message_t part;
    if (!events_.recv(part, ::zmq::recv_flags::dontwait)) return std::nullopt;
    socket_event event;
    std::uint32_t value = 0;  // both numbers in the order of this machine
    if (part.size() >= sizeof(event.kind) + sizeof(value)) {
      std::memcpy(&event.kind, part.data(), sizeof(event.kind));
      std::memcpy(&value, static_cast<const std::byte*>(part.data()) + sizeof(event.kind), sizeof(value));
    }
    event.file_descriptor = static_cast<int>(value);
    while (part.more())
      if (!events_.recv(part, ::zmq::recv_flags::dontwait)) break;
    return event;
  }

 private:
  void* watched_;
  ::zmq::socket_t events_;
};

}  // namespace lingualinked::inline v0::detail

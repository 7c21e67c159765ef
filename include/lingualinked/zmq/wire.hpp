// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/transport/frame.hpp>

#include <zmq.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

// How frames look to ZeroMQ: a message of exactly two parts, header and payload. Each DEALER that connects names itself by a
// routing id of 20 bytes: "LLP1", the peer id (u64), a number drawn by its transport (u32) and one that counts its connections
// (u32), little-endian. So a peer that connects anew is told from a stranger who uses the same peer id.
namespace lingualinked::inline v0::detail {

inline constexpr std::string_view routing_id_prefix = "LLP1";

struct routing_name {
  peer_id peer = 0;
  std::uint32_t instance = 0;
  std::uint32_t connection = 0;

  friend bool operator==(const routing_name&, const routing_name&) = default;
};
inline constexpr std::size_t routing_id_bytes = 20;

inline std::string encode_routing_id(const routing_name& name) {
  std::array<std::byte, routing_id_bytes> id;
  std::copy_n(bytes_of(routing_id_prefix).begin(), routing_id_prefix.size(), id.begin());
  store_little_endian(id.data() + 4, name.peer);
  store_little_endian(id.data() + 12, name.instance);
  store_little_endian(id.data() + 16, name.connection);
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

/// Nothing when the id is none of ours.
inline std::optional<routing_name> decode_routing_id(std::string_view id) noexcept {
  if (id.size() != routing_id_bytes || !id.starts_with(routing_id_prefix)) return std::nullopt;
  byte_reader reader(bytes_of(id.substr(routing_id_prefix.size())));
  routing_name name;
  name.peer = reader.read<peer_id>();
  name.instance = reader.read<std::uint32_t>();
  name.connection = reader.read<std::uint32_t>();
  if (name.peer == 0) return std::nullopt;
  return name;
}

inline std::span<const std::byte> bytes_of_part(const ::zmq::message_t& part) noexcept {
  return {static_cast<const std::byte*>(part.data()), part.size()};
}

/// One message as it came in. More parts than expected are read, dropped and counted, so memory is bounded by two of them.
struct incoming_message {
  std::string routing_id;    // of a ROUTER; else empty
  int file_descriptor = -1;  // of the connection it came on; -1: unknown
  std::size_t parts = 0;     // without the routing id
  ::zmq::message_t header;
  ::zmq::message_t payload;
};

/// The next whole message, or nothing. from_router: the first part is a routing id.
inline std::optional<incoming_message> read_message(::zmq::socket_t& socket, bool from_router) {
  incoming_message m;
  if (!socket.recv(m.header, ::zmq::recv_flags::dontwait)) return std::nullopt;
  bool more = m.header.more();
  m.parts = 1;
  if (from_router) {
    m.routing_id = m.header.to_string();
    m.parts = 0;
  }
  ::zmq::message_t surplus;
  while (more) {
    ::zmq::message_t& part = m.parts == 0 ? m.header : m.parts == 1 ? m.payload : surplus;
    if (!socket.recv(part, ::zmq::recv_flags::dontwait)) break;
    more = part.more();
    ++m.parts;
  }
#ifdef ZMQ_SRCFD
  // The routing id's own part lacks this after a poll (libzmq 4.3.4).
  m.file_descriptor = zmq_msg_get(m.header.handle(), ZMQ_SRCFD);
#endif
  return m;
}

/// The frame in a message, with every check of transport/frame.hpp. The payload buffer of `into` is reused.
inline result<void> decode_message(const incoming_message& m, message& into) {
  if (m.parts != 2) return error{errc::malformed, "message of " + std::to_string(m.parts) + " parts; a frame has 2"};
  auto header = decode_header(bytes_of_part(m.header));
  if (!header) return header.error();
  if (auto checked = check_payload(*header, bytes_of_part(m.header), bytes_of_part(m.payload)); !checked) return checked;
  const auto payload = bytes_of_part(m.payload);
  into.header = *header;
  into.payload.assign(payload.begin(), payload.end());
  return {};
}

enum class handed_over : unsigned char { yes, full, gone };

/// Frames on their way to one peer: into the socket while it takes them, else kept here up to a number of bytes.
class outbox {
 public:
  [[nodiscard]] bool empty() const noexcept { return frames_.empty(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  /// Whether a frame of that size may be added; one always may.
  [[nodiscard]] bool accepts(std::uint64_t payload_bytes, std::uint64_t limit) const noexcept {
    return empty() || bytes_ + frame_header_bytes + payload_bytes <= limit;
  }

  void add(const frame_header& header, std::span<const std::byte> payload) {
    const frame_header_wire wire = encode_header(header, payload);
    frames_.push_back({::zmq::message_t(wire.data(), wire.size()), ::zmq::message_t(payload.data(), payload.size())});
    bytes_ += wire.size() + payload.size();
  }

  /// Hands over what the socket takes. routing_id: for a ROUTER, to whom; else empty.
  handed_over flush(::zmq::socket_t& socket, const std::string& routing_id) {
    bool looked_again = false;
    while (!frames_.empty()) {
      frame& f = frames_.front();
      const std::uint64_t size = f.header.size() + f.payload.size();
      try {
        if (!send_both(f, socket, routing_id)) {
          if (looked_again) return handed_over::full;
          looked_again = true;
          static_cast<void>(socket.get(::zmq::sockopt::events));  // a send alone notices new room only now and then
          continue;
        }
      } catch (const ::zmq::error_t& e) {
        if (e.num() != EHOSTUNREACH) throw;
        return handed_over::gone;
      }
      bytes_ -= size;
      frames_.pop_front();
      looked_again = false;
    }
    return handed_over::yes;
  }

 private:
  struct frame {
    ::zmq::message_t header;
    ::zmq::message_t payload;
  };

  static bool send_both(frame& f, ::zmq::socket_t& socket, const std::string& routing_id) {
    constexpr auto part = ::zmq::send_flags::dontwait | ::zmq::send_flags::sndmore;
    if (!routing_id.empty() && !socket.send(::zmq::buffer(routing_id), part)) return false;
    if (!socket.send(f.header, part)) return false;
    // The socket has taken the first part of this message, so it takes the rest.
    static_cast<void>(socket.send(f.payload, ::zmq::send_flags::dontwait));
    return true;
  }

  std::deque<frame> frames_;
  std::uint64_t bytes_ = 0;
};

}  // namespace lingualinked::inline v0::detail

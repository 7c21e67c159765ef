// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/zmq/endpoint.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zmq.hpp>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strangers {

/// A ZeroMQ client that sends what it likes.
class loose_dealer {
 public:
  loose_dealer(const std::string& endpoint, const std::string& routing_id) : socket_(context_, ::zmq::socket_type::dealer) {
    socket_.set(::zmq::sockopt::linger, 10000);
    if (!routing_id.empty()) socket_.set(::zmq::sockopt::routing_id, routing_id);
    socket_.connect(endpoint);
  }
  void send(std::span<const std::string> parts) {
    for (std::size_t i = 0; i < parts.size(); ++i)
      static_cast<void>(
          socket_.send(::zmq::buffer(parts[i]), i + 1 < parts.size() ? ::zmq::send_flags::sndmore : ::zmq::send_flags::none));
  }
  void send(const std::vector<std::string>& parts) { send(std::span(parts)); }

 private:
  ::zmq::context_t context_;
  ::zmq::socket_t socket_;
};

/// A TCP connection without any protocol.
class raw_connection {
 public:
  explicit raw_connection(const std::string& endpoint) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(lingualinked::parse_tcp_endpoint(endpoint).value().port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  raw_connection(raw_connection&& other) noexcept : socket_(other.socket_), connected_(other.connected_) { other.socket_ = -1; }
  raw_connection(const raw_connection&) = delete;
  raw_connection& operator=(const raw_connection&) = delete;
  ~raw_connection() {
    if (socket_ >= 0) ::close(socket_);
  }
  [[nodiscard]] bool connected() const { return connected_; }
  void send(std::string_view bytes) const {
    [[maybe_unused]] const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

 private:
  int socket_;
  bool connected_ = false;
};

}  // namespace strangers

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lingualinked::inline v0 {

/// A place to listen or to connect to, tcp://host:port.
struct tcp_endpoint {
  std::string host;  // a name, an IPv4 address, or an IPv6 address in brackets
  std::uint16_t port = 0;

  /// Reachable from this machine alone, whatever any name service says.
  [[nodiscard]] bool is_loopback() const;
};

namespace detail {
/// Four decimal numbers up to 255, the first of which is 127.
inline bool is_loopback_ipv4(std::string_view host) {
  std::size_t parts = 0;
  unsigned first = 0;
  while (true) {
    const std::size_t dot = host.find('.');
    const std::string_view part = host.substr(0, dot);
    if (part.empty() || part.size() > 3) return false;
    unsigned value = 0;
    for (const char c : part) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    if (value > 255) return false;
    if (parts++ == 0) first = value;
    if (dot == std::string_view::npos) return parts == 4 && first == 127;
    host.remove_prefix(dot + 1);
  }
}
}  // namespace detail

inline bool tcp_endpoint::is_loopback() const { return host == "localhost" || host == "[::1]" || detail::is_loopback_ipv4(host); }

/// Reads tcp://host:port. Port 0 means any free one, for listening.
/// Errors    invalid_argument, with what was given
[[nodiscard]] inline result<tcp_endpoint> parse_tcp_endpoint(std::string_view text) {
  const auto refused = [&](const char* what) -> error {
    return {errc::invalid_argument, "endpoint '" + std::string(text.substr(0, 200)) + "' " + what + "; write tcp://host:port"};
  };
  constexpr std::string_view scheme = "tcp://";
  if (!text.starts_with(scheme)) return refused("does not begin with tcp://");
  const std::string_view rest = text.substr(scheme.size());
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return refused("has no port");
  tcp_endpoint endpoint;
  endpoint.host = std::string(rest.substr(0, colon));
  const std::string_view port = rest.substr(colon + 1);
  if (endpoint.host.empty() || endpoint.host.size() > 253) return refused("has no usable host");
  const bool bracketed = endpoint.host.front() == '[' && endpoint.host.back() == ']';
  for (const char c : endpoint.host) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    const bool mark = c == '.' || c == '-' || c == '_' || (bracketed && (c == ':' || c == '[' || c == ']' || c == '%'));
    if (!letter && !mark) return refused("has characters that no host name has");
  }
  if (port.empty() || port.size() > 5) return refused("has no usable port");
  std::uint32_t number = 0;
  for (const char c : port) {
    if (c < '0' || c > '9') return refused("has no usable port");
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (number > 65535) return refused("has a port above 65535");
  endpoint.port = static_cast<std::uint16_t>(number);
  return endpoint;
}

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "own_address.hpp"

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tool {

ll::result<std::string> own_address_towards(const ll::tcp_endpoint& there) {
  const auto failed = [&](const std::string& why) {
    return ll::error{ll::errc::io, "no way to " + there.host + " was found: " + why + ". See that both are in one network"};
  };
  const bool bracketed = there.host.front() == '[';
  const std::string host = bracketed ? there.host.substr(1, there.host.size() - 2) : there.host;
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), std::to_string(there.port).c_str(), &hints, &list); code != 0)
    return failed(::gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(list, &::freeaddrinfo);
  const int descriptor = ::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return failed(std::generic_category().message(errno));
  // Connecting a datagram socket only chooses the way.
  sockaddr_storage own{};
  socklen_t size = sizeof(own);
  const bool chosen = ::connect(descriptor, found->ai_addr, found->ai_addrlen) == 0 &&
                      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &size) == 0;
  const int code = errno;
  ::close(descriptor);
  if (!chosen) return failed(std::generic_category().message(code));
  std::array<char, NI_MAXHOST> text{};
  if (::getnameinfo(reinterpret_cast<sockaddr*>(&own), size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
    return failed("its address has no text");
  return found->ai_family == AF_INET6 ? "[" + std::string(text.data()) + "]" : std::string(text.data());
}

}  // namespace tool

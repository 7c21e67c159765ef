// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "command.hpp"

#include <lingualinked/zmq/endpoint.hpp>

#include <string>

namespace tool {

/// The address of this machine from which `there` is reached, and at which that can answer; an IPv6 address in brackets. Nothing
/// is sent.
/// Errors    io: the name is unknown, or no way leads there
[[nodiscard]] ll::result<std::string> own_address_towards(const ll::tcp_endpoint& there);

}  // namespace tool

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace lingualinked::inline v0 {

/// What kind of thing went wrong. Programs decide by this; people read error::message.
enum class errc : unsigned char {
  invalid_argument,  // the caller asked for something that makes no sense
  io,                // the operating system could not open, read or write
  malformed,         // a file, frame or document breaks its own format
  unsupported,       // well-formed, but this library does not do it
  infeasible,        // no plan satisfies the limits
  timeout,           // a deadline passed
  closed,            // the transport was closed on this side
  peer_lost,         // the other side is gone
  protocol,          // the other side broke the rules of the conversation
  busy,              // someone else is being served, or a queue is full
  limit,             // a named limit of this library was exceeded
  numeric,           // a value that must be finite is not
  cancelled,         // the user asked to stop
  internal,          // a defect of this library
};

/// The enumerator's own name, e.g. "peer_lost".
[[nodiscard]] constexpr std::string_view name_of(errc code) noexcept {
  switch (code) {
    case errc::invalid_argument: return "invalid_argument";
    case errc::io: return "io";
    case errc::malformed: return "malformed";
    case errc::unsupported: return "unsupported";
    case errc::infeasible: return "infeasible";
    case errc::timeout: return "timeout";
    case errc::closed: return "closed";
    case errc::peer_lost: return "peer_lost";
    case errc::protocol: return "protocol";
    case errc::busy: return "busy";
    case errc::limit: return "limit";
    case errc::numeric: return "numeric";
    case errc::cancelled: return "cancelled";
    case errc::internal: return "internal";
  }
  return "unknown";
}

/// One anticipated failure as a value. The message says what, the numbers, and the remedy, in one line.
struct error {
  errc code = errc::internal;
  std::string message;

  /// The same error with "where: " put in front of its message.
  [[nodiscard]] error in(std::string_view where) const { return {code, std::string(where) + ": " + message}; }
  friend bool operator==(const error&, const error&) = default;
};

/// The one exception type of the library: an error that nobody handled as a value.
class failure : public std::runtime_error {
 public:
  explicit failure(error e) : std::runtime_error(e.message), code_(e.code) {}
  failure(errc code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] errc code() const noexcept { return code_; }

 private:
  errc code_;
};

}  // namespace lingualinked::inline v0

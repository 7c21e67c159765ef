// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/transport.hpp>
#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/transport/frame.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Bytes that may wait between one sender and one receiver; a single frame always fits.
inline constexpr std::uint64_t inproc_queue_bytes = std::uint64_t{128} << 20;

namespace detail::inproc {

struct mailbox;

/// One side of a connection between two mailboxes.
struct link {
  peer_id peer = 0;  // who is on the other side
  peer_id self = 0;  // what the other side calls this one
  std::uint64_t id = 0;
  bool outgoing = false;  // made by this side's connect()
  bool ended = false;     // the other side left; this one still has to be told, after the frames that came before
  std::shared_ptr<mailbox> other;
};

struct item {
  std::uint64_t link = 0;
  bool lost = false;  // the other side is gone; there is no frame
  peer_id from = 0;
  frame_header header;
  std::vector<std::byte> payload;
};

/// What a transport shares with its peers. Two mailboxes are never locked at once.
struct mailbox {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<item> items;
  std::map<std::uint64_t, std::uint64_t> waiting_bytes;  // by link
  std::vector<link> links;
  bool woken = false;
  bool closed = false;
};

/// Tells the other sides of `links` that these connections are over: once for each peer, behind the frames in its queue.
void announce_end(std::span<const link> links);

}  // namespace detail::inproc

/// Where in-process transports find each other by name. A copy is the same hub; all its functions may be called from any thread.
class inproc_hub {
 public:
  explicit inproc_hub(std::uint64_t queue_bytes = inproc_queue_bytes) : state_(std::make_shared<state>()) {
    state_->queue_bytes = queue_bytes;
  }

 private:
  friend class inproc_transport;
  struct state {
    std::mutex mutex;
    std::map<std::string, std::weak_ptr<detail::inproc::mailbox>, std::less<>> listeners;
    std::uint64_t next_link = 1;
    std::uint64_t queue_bytes = inproc_queue_bytes;
  };
  std::shared_ptr<state> state_;
};

/// Carries frames between threads of one process through bounded queues. Models ConnectingTransport.
/// Like sockets: a side that never listened is answered on the connection it made.
class inproc_transport {
  using mailbox = detail::inproc::mailbox;
  using link = detail::inproc::link;

 public:
  explicit inproc_transport(inproc_hub hub) : hub_(std::move(hub)), mailbox_(std::make_shared<mailbox>()) {}
  inproc_transport(inproc_transport&&) noexcept = default;
  inproc_transport& operator=(inproc_transport&& other) noexcept;
  ~inproc_transport() { close(); }

  /// Makes this side reachable as `endpoint`, any name. Returns the endpoint.
  /// Errors    busy when the name is taken, closed
  [[nodiscard]] result<std::string> listen(const std::string& endpoint);

  /// Errors    invalid_argument for peer or self 0, a peer that is connected already, or when the other side knows another
  /// `self`;
  ///           closed. When nobody listens there, receive reports the peer as lost.
  [[nodiscard]] result<void> connect(peer_id self, peer_id peer, const std::string& endpoint);

  void disconnect(peer_id peer) noexcept {
    if (!mailbox_) return;
    detail::inproc::announce_end(take_links([&](const link& l) { return l.peer == peer; }));
  }

  /// Errors    closed, peer_lost (unknown or gone), busy (its queue is full), invalid_argument (header and payload do not fit)
  [[nodiscard]] result<void> send(peer_id to, const frame_header& header, std::span<const std::byte> payload);

  /// Errors    closed
  [[nodiscard]] result<receive_event> receive(message& into, duration limit);

  void wake() noexcept;

  void close() noexcept;

 private:
  [[nodiscard]] bool is_closed() const {
    const std::lock_guard lock(mailbox_->mutex);
    return mailbox_->closed;
  }
  [[nodiscard]] static error closed_error() { return {errc::closed, "the transport was closed"}; }

  [[nodiscard]] std::optional<link> find_link(peer_id peer, bool outgoing) const;

  /// Removes links; what still waits on them is not delivered.
  template <class Predicate>
  [[nodiscard]] std::vector<link> take_links(const Predicate& wanted) {
    const std::lock_guard lock(mailbox_->mutex);
    std::vector<link> taken;
    for (const link& l : mailbox_->links)
      if (wanted(l)) taken.push_back(l);
    std::erase_if(mailbox_->links, wanted);
    for (const link& l : taken) mailbox_->waiting_bytes.erase(l.id);
    return taken;
  }

  inproc_hub hub_;
  std::shared_ptr<mailbox> mailbox_;
};

static_assert(ConnectingTransport<inproc_transport>);

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/transport/inproc.ipp>
#endif

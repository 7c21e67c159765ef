// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/transport/inproc.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail::inproc {

LINGUALINKED_CORE_DECL void announce_end(std::span<const link> links) {
  for (std::size_t i = 0; i < links.size(); ++i) {
    mailbox& target = *links[i].other;
    {
      const std::lock_guard lock(target.mutex);
      std::optional<peer_id> lost;
      for (link& theirs : target.links) {
        if (theirs.ended) continue;
        if (std::none_of(links.begin(), links.end(), [&](const link& l) { return l.id == theirs.id; })) continue;
        theirs.ended = true;
        if (lost == theirs.peer) continue;
        lost = theirs.peer;
        target.items.push_back({theirs.id, true, theirs.peer, {}, {}});
      }
    }
    target.changed.notify_one();
  }
}

}  // namespace lingualinked::inline v0::detail::inproc

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL inproc_transport& inproc_transport::operator=(inproc_transport&& other) noexcept {
  if (this != &other) {
    close();
    hub_ = std::move(other.hub_);
    mailbox_ = std::move(other.mailbox_);
  }
  return *this;
}

LINGUALINKED_CORE_DECL result<std::string> inproc_transport::listen(const std::string& endpoint) {
  if (!mailbox_ || is_closed()) return closed_error();
  const std::lock_guard lock(hub_.state_->mutex);
  std::weak_ptr<mailbox>& entry = hub_.state_->listeners[endpoint];
  if (!entry.expired()) return error{errc::busy, "cannot listen on " + endpoint + ": the name is taken. Choose another"};
  entry = mailbox_;
  return endpoint;
}

LINGUALINKED_CORE_DECL result<void> inproc_transport::connect(peer_id self, peer_id peer, const std::string& endpoint) {
  if (!mailbox_ || is_closed()) return closed_error();
  if (self == 0 || peer == 0) return error{errc::invalid_argument, "peer id 0 is nobody; give self and peer ids above 0"};
  if (find_link(peer, true))
    return error{errc::invalid_argument, "peer " + std::to_string(peer) + " is connected already; disconnect it first"};
  std::shared_ptr<mailbox> target;
  link mine{peer, self, 0, true, false, nullptr};
  {
    const std::lock_guard lock(hub_.state_->mutex);
    mine.id = hub_.state_->next_link++;
    if (const auto found = hub_.state_->listeners.find(endpoint); found != hub_.state_->listeners.end())
      target = found->second.lock();
  }
  bool reached = false;
  if (target) {
    const std::lock_guard lock(target->mutex);
    if (!target->closed) {
      for (const link& known : target->links)
        if (known.peer == self && !known.outgoing && !known.ended)
          return error{errc::invalid_argument, "peer id " + std::to_string(self) + " is taken at " + endpoint};
      target->links.push_back({self, peer, mine.id, false, false, mailbox_});
      reached = true;
    }
  }
  mine.other = reached ? target : std::make_shared<mailbox>();
  mine.ended = !reached;
  const std::lock_guard lock(mailbox_->mutex);
  if (!reached) mailbox_->items.push_back({mine.id, true, peer, {}, {}});
  mailbox_->links.push_back(std::move(mine));
  return {};
}

LINGUALINKED_CORE_DECL result<void> inproc_transport::send(peer_id to, const frame_header& header,
                                                           std::span<const std::byte> payload) {
  if (!mailbox_ || is_closed()) return closed_error();
  detail::inproc::item item;
  item.header = header;
  item.header.payload_bytes = payload.size();
  if (auto checked = check_frame(item.header, payload); !checked) return error{errc::invalid_argument, checked.error().message};
  std::optional<link> way = find_link(to, true);
  if (!way) way = find_link(to, false);
  if (!way) return error{errc::peer_lost, "peer " + std::to_string(to) + " is not connected"};
  item.link = way->id;
  item.from = way->self;
  item.payload.assign(payload.begin(), payload.end());
  const std::uint64_t size = frame_header_bytes + payload.size();
  {
    const std::lock_guard lock(way->other->mutex);
    const auto& links = way->other->links;
    if (way->other->closed ||
        std::none_of(links.begin(), links.end(), [&](const link& l) { return l.id == way->id && !l.ended; }))
      return error{errc::peer_lost, "peer " + std::to_string(to) + " is gone"};
    std::uint64_t& waiting = way->other->waiting_bytes[way->id];
    if (waiting != 0 && waiting + size > hub_.state_->queue_bytes)
      return error{errc::busy, "the queue to peer " + std::to_string(to) + " holds " + std::to_string(waiting) +
                                   " bytes; the limit is " + std::to_string(hub_.state_->queue_bytes)};
    waiting += size;
    way->other->items.push_back(std::move(item));
  }
  way->other->changed.notify_one();
  return {};
}

LINGUALINKED_CORE_DECL result<receive_event> inproc_transport::receive(message& into, duration limit) {
  if (!mailbox_) return closed_error();
  constexpr duration longest_wait = std::chrono::hours(24);  // keeps the deadline from overflowing
  const auto deadline = std::chrono::steady_clock::now() + std::min(limit, longest_wait);
  std::unique_lock lock(mailbox_->mutex);
  for (;;) {
    if (mailbox_->closed) return closed_error();
    if (std::exchange(mailbox_->woken, false)) return receive_event::woken;
    while (!mailbox_->items.empty()) {
      detail::inproc::item item = std::move(mailbox_->items.front());
      mailbox_->items.pop_front();
      const auto& links = mailbox_->links;
      const auto way = std::find_if(links.begin(), links.end(), [&](const link& l) { return l.id == item.link; });
      if (way == links.end()) continue;  // disconnected while this waited
      into.from = item.from;
      if (item.lost) {
        lock.unlock();
        static_cast<void>(take_links([&](const link& l) { return l.peer == into.from && l.ended; }));
        return receive_event::peer_lost;
      }
      mailbox_->waiting_bytes[item.link] -= frame_header_bytes + item.payload.size();
      into.header = item.header;
      into.payload = std::move(item.payload);
      return receive_event::message;
    }
    const auto ready = [&] { return mailbox_->closed || mailbox_->woken || !mailbox_->items.empty(); };
    if (!mailbox_->changed.wait_until(lock, deadline, ready)) return receive_event::timeout;
  }
}

LINGUALINKED_CORE_DECL void inproc_transport::wake() noexcept {
  if (!mailbox_) return;
  {
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->woken = true;
  }
  mailbox_->changed.notify_one();
}

LINGUALINKED_CORE_DECL void inproc_transport::close() noexcept {
  if (!mailbox_) return;
  std::vector<link> links;
  {
    const std::lock_guard lock(mailbox_->mutex);
    if (std::exchange(mailbox_->closed, true)) return;
    links.swap(mailbox_->links);
    mailbox_->items.clear();
  }
  detail::inproc::announce_end(links);
  const std::lock_guard lock(hub_.state_->mutex);
  std::erase_if(hub_.state_->listeners, [&](const auto& entry) { return entry.second.lock() == mailbox_; });
}

LINGUALINKED_CORE_DECL std::optional<inproc_transport::link> inproc_transport::find_link(peer_id peer, bool outgoing) const {
  const std::lock_guard lock(mailbox_->mutex);
  for (const link& l : mailbox_->links)
    if (l.peer == peer && l.outgoing == outgoing && !l.ended) return l;
  return std::nullopt;
}

}  // namespace lingualinked::inline v0

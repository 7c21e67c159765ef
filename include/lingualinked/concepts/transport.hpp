// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string>

namespace lingualinked::inline v0 {

/// What a receive found.
enum class receive_event : unsigned char {
  message,    // one frame is in `into`
  timeout,    // nothing came in time
  woken,      // wake() was called
  peer_lost,  // into.from is gone; nothing more comes from it
};

/// Carries frames between peers.
/// Meaning   Frames from one peer to another arrive whole and in order, or the sender or the receiver is told why not. send
///           queues and never waits: a full queue is errc::busy, an unknown peer errc::peer_lost. receive waits at most
///           `limit`. After close() both give errc::closed. One thread per object, except wake(), which any thread may call
///           and which makes the current or the next receive return receive_event::woken.
/// Models    inproc_transport, zmq_transport, archetypes::transport
/// Not asked connecting: a transport is given its peers before it is used (see ConnectingTransport)
template <class T>
concept Transport = std::movable<T> && requires(T& t, peer_id to, const frame_header& header, std::span<const std::byte> payload,
                                                message& into, duration limit) {
  { t.send(to, header, payload) } -> std::same_as<result<void>>;
  { t.receive(into, limit) } -> std::same_as<result<receive_event>>;
  { t.wake() } noexcept -> std::same_as<void>;
  { t.close() } noexcept -> std::same_as<void>;
};

/// A transport that can be told, while it runs, where a peer listens and what this side calls itself.
/// Meaning   connect(self, peer, endpoint) opens a way to `peer`, introducing this side as `self`; it does not wait for the
///           other side. disconnect(peer) forgets it, and is no error for an unknown one.
template <class T>
concept ConnectingTransport = Transport<T> && requires(T& t, peer_id self, peer_id peer, const std::string& endpoint) {
  { t.connect(self, peer, endpoint) } -> std::same_as<result<void>>;
  { t.disconnect(peer) } noexcept -> std::same_as<void>;
};

}  // namespace lingualinked::inline v0

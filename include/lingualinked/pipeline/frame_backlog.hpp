// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/transport.hpp>
#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/result.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Keeps the frames that a transport had no room for, in order for each peer, and tries again. A peer that takes nothing for
/// stall_limit counts as lost.
class frame_backlog {
 public:
  static constexpr duration stall_limit = std::chrono::seconds(10);

  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }

  /// Sends, or keeps for later. `payload` is taken away only when it is kept.
  /// Errors    those of the transport, except busy
  template <Transport T>
  [[nodiscard]] result<void> send(T& transport, peer_id to, const frame_header& header, std::vector<std::byte>& payload,
                                  time_point now) {
    if (!waiting_.contains(to)) {
      auto sent = transport.send(to, header, payload);
      if (sent || sent.error().code != errc::busy) return sent;
    }
    queue& q = waiting_[to];
    if (q.frames.empty()) q.deadline = now + stall_limit;
    q.frames.push_back({header, std::move(payload)});
    return {};
  }

  /// Tries again; calls lost(peer) for each peer that cannot be reached any more.
  template <Transport T, class F>
  void flush(T& transport, time_point now, F&& lost) {
    std::vector<peer_id> gone;
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      auto& [to, q] = *at;
      bool reachable = true;
      while (!q.frames.empty()) {
        const auto sent = transport.send(to, q.frames.front().header, q.frames.front().payload);
        reachable = sent || (sent.error().code == errc::busy && now < q.deadline);
        if (!sent) break;
        q.frames.pop_front();
        q.deadline = now + stall_limit;
      }
      if (!reachable) gone.push_back(to);
      at = q.frames.empty() || !reachable ? waiting_.erase(at) : std::next(at);
    }
    for (const peer_id peer : gone) lost(peer);
  }

  void forget(peer_id peer) { waiting_.erase(peer); }

 private:
  struct frame {
    frame_header header;
    std::vector<std::byte> payload;
  };
  struct queue {
    std::deque<frame> frames;
    time_point deadline;
  };
  std::map<peer_id, queue> waiting_;
};

}  // namespace lingualinked::inline v0

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/pipeline/frame_backlog.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/archetypes.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace ll = lingualinked;
using namespace std::chrono_literals;

namespace {

/// Takes as many frames for each peer as it is told to.
struct narrow_transport : ll::archetypes::transport {
  std::map<ll::peer_id, int> room;
  std::vector<std::pair<ll::peer_id, std::uint32_t>> sent;
  ll::result<void> send(ll::peer_id to, const ll::frame_header& header, std::span<const std::byte>) {
    if (room[to] < 0) return ll::error{ll::errc::peer_lost, "gone"};
    if (room[to] == 0) return ll::error{ll::errc::busy, "full"};
    --room[to];
    sent.emplace_back(to, header.step);
    return {};
  }
};
static_assert(ll::Transport<narrow_transport>);

ll::result<void> send(ll::frame_backlog& box, narrow_transport& t, ll::peer_id to, std::uint32_t step, ll::time_point now) {
  ll::frame_header header;
  header.step = step;
  std::vector<std::byte> payload(4);
  return box.send(t, to, header, payload, now);
}

}  // namespace

TEST_SUITE("pipeline/frame_backlog") {
  TEST_CASE("frames that find no room wait in order, for each peer alone") {
    narrow_transport t;
    ll::frame_backlog box;
    const ll::time_point now{};
    const auto nobody = [](ll::peer_id) { FAIL("nobody is lost"); };
    t.room = {{1, 1}, {2, 9}};
    for (std::uint32_t step = 0; step < 4; ++step) {
      CHECK(send(box, t, 1, step, now));
      CHECK(send(box, t, 2, step, now));
    }
    CHECK(!box.empty());
    CHECK(t.sent == std::vector<std::pair<ll::peer_id, std::uint32_t>>{{1, 0}, {2, 0}, {2, 1}, {2, 2}, {2, 3}});
    t.sent.clear();
    t.room[1] = 2;
    box.flush(t, now, nobody);
    t.room[1] = 1;
    CHECK(send(box, t, 1, 4, now));  // may not overtake
    box.flush(t, now, nobody);
    t.room[1] = 5;
    box.flush(t, now, nobody);
    CHECK(t.sent == std::vector<std::pair<ll::peer_id, std::uint32_t>>{{1, 1}, {1, 2}, {1, 3}, {1, 4}});
    CHECK(box.empty());
  }

  TEST_CASE("a peer that takes nothing for too long is lost; one that takes a little is not") {
    narrow_transport t;
    ll::frame_backlog box;
    ll::time_point now{};
    std::vector<ll::peer_id> lost;
    const auto note = [&](ll::peer_id peer) { lost.push_back(peer); };
    for (std::uint32_t step = 0; step < 3; ++step) {
      CHECK(send(box, t, 1, step, now));
      CHECK(send(box, t, 2, step, now));
    }
    now += ll::frame_backlog::stall_limit - 1s;
    t.room[2] = 1;
    box.flush(t, now, note);
    CHECK(lost.empty());
    now += 1s;
    box.flush(t, now, note);
    CHECK(lost == std::vector<ll::peer_id>{1});
    CHECK(!box.empty());
    box.forget(2);
    CHECK(box.empty());
  }

  TEST_CASE("a lost peer is an error at once, and found when what waits is tried again") {
    narrow_transport t;
    ll::frame_backlog box;
    t.room[1] = -1;
    CHECK(send(box, t, 1, 0, {}).error().code == ll::errc::peer_lost);
    t.room[2] = 0;
    CHECK(send(box, t, 2, 0, {}));
    t.room[2] = -1;
    std::vector<ll::peer_id> lost;
    box.flush(t, {}, [&](ll::peer_id peer) { lost.push_back(peer); });
    CHECK(lost == std::vector<ll::peer_id>{2});
    CHECK(box.empty());
  }
}

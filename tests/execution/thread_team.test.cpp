// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/execution/thread_team.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace ll = lingualinked;

TEST_SUITE("execution/thread_team") {
  TEST_CASE("every thread runs every job once, and the caller sees what they wrote") {
    for (unsigned size = 1; size <= 5; ++size) {
      ll::thread_team team(size);
      REQUIRE(team.size() == size);
      std::vector<std::uint64_t> sums(size);  // plain memory: the team's own synchronisation must order it
      constexpr std::uint64_t jobs = 300;
      for (std::uint64_t job = 1; job <= jobs; ++job) team.run([&](unsigned thread) { sums[thread] += job * (thread + 1); });
      for (unsigned i = 0; i < size; ++i) CHECK(sums[i] == jobs * (jobs + 1) / 2 * (i + 1));
    }
  }

  TEST_CASE("a barrier shows each thread what all others wrote before it") {
    for (unsigned size = 1; size <= 5; ++size) {
      ll::thread_team team(size);
      std::vector<std::uint32_t> values(size);
      std::atomic<std::uint32_t> wrong{0};
      for (std::uint32_t job = 0; job < 20; ++job) {
        team.run([&](unsigned thread) {
          for (std::uint32_t round = 1; round <= 20; ++round) {
            values[thread] = job * 100 + round;
            team.arrive_and_wait();
            for (const std::uint32_t v : values)
              if (v != job * 100 + round) wrong.fetch_add(1);
            team.arrive_and_wait();
          }
        });
      }
      CHECK(wrong == 0);
    }
  }

  TEST_CASE("threads that sleep between jobs wake for the next one") {
    ll::thread_team team(3);
    std::atomic<int> done{0};
    for (int job = 0; job < 20; ++job) {
      for (int i = 0; i < 20'000; ++i) ll::detail::pause_briefly();  // longer than the team spins
      team.run([&](unsigned) { done.fetch_add(1); });
      CHECK(done == 3 * (job + 1));
    }
  }

  TEST_CASE("teams come and go, also unused, and enter runs once on every thread but the caller's") {
    for (int i = 0; i < 30; ++i) {
      std::atomic<int> entered{0};
      {
        ll::thread_team team(4, [&] { entered.fetch_add(1); });
        if (i % 2 == 0) {
          team.run([](unsigned) {});
          CHECK(entered == 3);
        }
      }
      CHECK(entered == 3);
    }
    const auto caller = std::this_thread::get_id();
    ll::thread_team team(2);
    team.run([&](unsigned thread) { CHECK((std::this_thread::get_id() == caller) == (thread == 0)); });
  }

  TEST_CASE("several teams work side by side") {
    std::atomic<int> done{0};
    std::vector<std::thread> callers;
    for (int c = 0; c < 3; ++c) {
      callers.emplace_back([&] {
        ll::thread_team team(2);
        for (int job = 0; job < 50; ++job) {
          team.run([&](unsigned) {
            team.arrive_and_wait();
            done.fetch_add(1);
          });
        }
      });
    }
    for (auto& t : callers) t.join();
    CHECK(done == 3 * 50 * 2);
  }
}

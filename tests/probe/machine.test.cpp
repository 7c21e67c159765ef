// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/probe/machine.hpp>

#include <doctest/doctest.h>

namespace ll = lingualinked;

TEST_SUITE("probe/machine") {
  TEST_CASE("available memory is read where it stands, and nothing else is taken for it") {
    CHECK(ll::detail::available_bytes("MemTotal:  100 kB\nMemFree: 5 kB\nMemAvailable:    70 kB\n") == 70U * 1024);
    CHECK_FALSE(ll::detail::available_bytes("MemTotal:  100 kB\n"));
    CHECK_FALSE(ll::detail::available_bytes("XMemAvailable: 100 kB\n"));
    CHECK_FALSE(ll::detail::available_bytes("MemAvailable: many kB\n"));
    CHECK_FALSE(ll::detail::available_bytes("MemAvailable: 99999999999999999999999 kB\n"));
    CHECK_FALSE(ll::detail::available_bytes(""));
  }
  TEST_CASE("a control group has left what its limit leaves, and files in memory can go") {
    CHECK_FALSE(ll::detail::group_bytes_left("max\n", "100\n", ""));
    CHECK_FALSE(ll::detail::group_bytes_left("", "", ""));
    CHECK(ll::detail::group_bytes_left("1000\n", "300\n", "") == 700U);
    CHECK(ll::detail::group_bytes_left("1000\n", "300\n", "anon 5\ninactive_file 200\n") == 900U);
    CHECK(ll::detail::group_bytes_left("1000\n", "700\n", "active_file 300\ninactive_file 200\n") == 800U);
    CHECK(ll::detail::group_bytes_left("1000\n", "3000\n", "inactive_file 1\n") == 0U);
    CHECK(ll::detail::group_bytes_left("1000\n", "100\n", "inactive_file 500\n") == 1000U);
  }
  TEST_CASE("busy time is all but idling and waiting") {
    CHECK(ll::detail::busy_jiffies("cpu  10 20 30 400 50 6 7 8 9 1\ncpu0 1 1 1 1 1 1 1 1\n") == 10U + 20 + 30 + 6 + 7 + 8);
    CHECK_FALSE(ll::detail::busy_jiffies("cpu  10 20 30\n"));
    CHECK_FALSE(ll::detail::busy_jiffies("intr 10 20 30\n"));
    CHECK_FALSE(ll::detail::busy_jiffies(""));
  }
  TEST_CASE("this machine has memory, reads it, and says what others do") {
    if (const auto usable = ll::usable_memory_bytes()) CHECK(*usable > 0);
    CHECK(ll::read_bandwidth(1U << 20, 2) > 0);
    const ll::machine_load_meter load;
    CHECK(load.other_cores() >= 0);
  }
}

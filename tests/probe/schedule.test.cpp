// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/probe/schedule.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <set>

namespace ll = lingualinked;

TEST_SUITE("probe/schedule") {
  TEST_CASE("every piece size comes at the start and again far behind it, and nothing goes beyond the context") {
    for (const std::uint32_t context : {64U, 100U, 128U, 256U, 512U, 1000U, 1024U, 2048U}) {
      CAPTURE(context);
      std::map<std::uint32_t, std::set<std::uint32_t>> starts;
      std::set<std::size_t> groups;
      for (const auto& s : ll::detail::probe_round(context, 16)) {
        std::uint32_t position = 0;
        for (const std::uint32_t c : s.chunks) {
          starts[c].insert(position);
          position += c;
        }
        CHECK(position == s.prompt_tokens());
        if (s.decode_tokens > 0) groups.insert(s.decode_group);
        CHECK(position + s.decode_tokens <= context);
      }
      CHECK(groups.size() == 3);
      for (const auto& [size, at] : starts) {
        CAPTURE(size);
        CHECK(*at.begin() == 0);
        if (context >= 1024) CHECK(*at.rbegin() >= context / 4);
      }
      if (context == 2048) CHECK(starts.size() == ll::detail::probe_chunk_sizes.size());
    }
  }
  TEST_CASE("effort falls until it fits the budget, and never to nothing") {
    const auto full = ll::detail::probe_effort_for(2048, 48, 1e-4, 1e-3, 40);
    CHECK(full.context == 2048);
    CHECK(full.rounds == 3);
    const auto less = ll::detail::probe_effort_for(2048, 48, 4e-3, 1e-2, 40);
    CHECK((less.rounds < 3 || less.context < 2048));
    const auto least = ll::detail::probe_effort_for(2048, 48, 10, 10, 1);
    CHECK(least.rounds == 1);
    CHECK(least.context == 128);
    CHECK(ll::detail::probe_effort_for(5, 48, 10, 10, 1).context == 64);
  }
}

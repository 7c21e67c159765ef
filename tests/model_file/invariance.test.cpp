// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One answer of a real model: the whole product for every vector kernel, and the scalar contract twice. The whole product for the
// contract as well: tests/execution/invariance, on a small model.
#include <lingualinked/core/xxh3.hpp>
#include <lingualinked/execution/cpu_executor.hpp>
#include <lingualinked/model/language_model.hpp>

#include "execution/fixture.hpp"
#include "execution/stage_chain.hpp"
#include "support/test_model.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <vector>

namespace {

using namespace test_support;

}  // namespace

TEST_SUITE("model_file/invariance") {
  TEST_CASE("logits of a 64-token prompt have one hash, for every instruction set, thread count, chunk, batch and split") {
    const auto model = ll::language_model::open(test_model_path()).value();
    const auto said = read_json(std::string(LINGUALINKED_TEST_DATA) + "/real/smollm2-135m-q4_1.json");
    auto prompt = said["texts"]["river"]["ids"].get<std::vector<ll::token_id>>();
    prompt.resize(64);
    std::vector<std::vector<ll::token_id>> others;
    for (std::size_t i = 0; i < 4; ++i) others.emplace_back(prompt.begin() + 8 * static_cast<std::ptrdiff_t>(i), prompt.end());
    std::uint64_t expected = 0;
    std::size_t ways = 0;
    for (const auto which : {ll::kernels::isa::avx512, ll::kernels::isa::avxvnni, ll::kernels::isa::avx2,
                             ll::kernels::isa::neon_dot, ll::kernels::isa::neon, ll::kernels::isa::scalar}) {
      const auto table = ll::kernels::table_for(which);
      if (!table) continue;  // another machine
      const bool slow = which == ll::kernels::isa::scalar;
      for (const unsigned threads : {1U, 2U, 3U, 5U}) {
        if (slow && threads != 2) continue;  // half a minute a way
        for (const std::vector<std::size_t>& cuts : {std::vector<std::size_t>{}, std::vector<std::size_t>{20, 41}}) {
          chain_options options{.cuts = cuts, .threads = threads, .kernels = *table, .kv_type = model.default_kv_type()};
          options.rows = 128;
          stage_chain chain(model.graph(), model.weights(), options);
          for (const std::size_t chunk : {64U, 1U, 7U, 32U}) {
            for (const bool alone : {true, false}) {
              if (slow && !(alone && chunk == (cuts.empty() ? 64 : 7))) continue;
              const auto logits = logits_of(chain, prompt, chunk, alone ? std::span<const std::vector<ll::token_id>>() : others);
              const std::uint64_t hash = ll::xxh3_64(std::as_bytes(std::span(logits)));
              if (ways++ == 0) expected = hash;
              INFO(ll::kernels::name_of(which) << ", " << threads << " threads, " << cuts.size() + 1 << " devices, chunks of "
                                               << chunk << (alone ? ", alone" : ", in a batch of 5"));
              CHECK(hash == expected);
            }
          }
        }
      }
    }
    MESSAGE(ways << " ways");
  }
}

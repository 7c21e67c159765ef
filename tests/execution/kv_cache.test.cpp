// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/execution/kv_cache.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace ll = lingualinked;

TEST_SUITE("execution/kv_cache") {
  TEST_CASE("heads lie side by side without overlap and fill the cache") {
    for (const auto type : {ll::dtype::f32, ll::dtype::f16}) {
      const std::vector<ll::kv_shape> layers{{2, 8}, {1, 12}, {3, 64}};
      ll::kv_cache cache(type, layers, 65, 3);  // 65 positions take two tiles
      CHECK(cache.bytes() == ll::kv_cache::bytes_for(type, layers, 65, 3).value_or(0));
      std::vector<std::pair<const std::byte*, std::size_t>> parts;
      for (std::size_t slot = 0; slot < 3; ++slot) {
        for (std::size_t l = 0; l < layers.size(); ++l) {
          for (std::size_t h = 0; h < layers[l].kv_heads; ++h) {
            const auto view = cache.head(slot, l, h);
            CHECK(view.type == type);
            CHECK(view.head_size == layers[l].head_size);
            const std::size_t bytes = 128 * view.head_size * ll::facts_of(type).block_bytes;
            for (const std::byte* at : {view.keys, view.values}) {
              CHECK(reinterpret_cast<std::uintptr_t>(at) % 64 == 0);
              parts.emplace_back(at, bytes);
            }
          }
        }
      }
      std::ranges::sort(parts);
      std::size_t sum = 0;
      for (std::size_t i = 0; i < parts.size(); ++i) {
        CHECK(parts[i].first == parts[0].first + sum);
        sum += parts[i].second;
      }
      CHECK(sum == cache.bytes());
    }
  }
  TEST_CASE("sizes that overflow are seen") {
    CHECK(!ll::kv_cache::bytes_for(ll::dtype::f32, {{1U << 20, 1U << 20}}, 1U << 24, 1U << 16).valid());
    CHECK(!ll::kv_cache::bytes_for(ll::dtype::f32, {{1, 1}}, UINT64_MAX, 1).valid());
    CHECK(ll::kv_cache::bytes_for(ll::dtype::f16, {}, 100, 7).value_or(1) == 0);
  }
}

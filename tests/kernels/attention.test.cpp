// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/kernels/table.hpp>

#include "support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace kernel_tests;

namespace {

// A cache of one kv head with random rows, and what was stored before rounding.
struct cache {
  std::size_t size;
  std::size_t positions;
  ll::dtype type;
  std::vector<std::byte> keys, values;
  std::vector<float> raw_keys, raw_values;

  cache(const lk::table& t, draws& random, ll::dtype stored, std::size_t head_size, std::size_t count)
      : size(head_size), positions(count), type(stored) {
    const std::size_t capacity = (count + 63) / 64 * 64;
    keys.resize(capacity * head_size * ll::facts_of(type).block_bytes);
    values.resize(keys.size());
    raw_keys = random.floats(count * head_size, -2, 2);
    raw_values = random.floats(count * head_size, -2, 2);
    for (std::size_t p = 0; p < count; ++p) t.store_kv(view(), p, raw_keys.data() + p * size, raw_values.data() + p * size);
  }
  lk::kv_head_view view() { return {type, keys.data(), values.data(), size}; }
  double stored(double x) const {
    return type == ll::dtype::f32 ? x : static_cast<double>(ll::float_from_f16(ll::f16_from_float(static_cast<float>(x))));
  }
};

struct queries {
  std::vector<float> q;
  std::vector<std::uint32_t> first, end;
  std::vector<float> slopes;
  float scale = 0.125F;
  float cap = 0;
  bool alibi = false;
};

struct attended {
  std::vector<float> m, l, o, out;
};

// All tiles, then the merge.
attended attend(const lk::table& t, cache& c, const queries& in) {
  const std::size_t rows = in.first.size();
  const std::size_t tiles = (c.positions + 63) / 64;
  attended a;
  a.m.resize(tiles * rows);
  a.l.resize(tiles * rows);
  a.o.resize(tiles * rows * c.size);
  a.out.resize(rows * (c.size + 2));
  for (std::size_t i = 0; i < tiles; ++i)
    t.attention_tile({.cache = c.view(),
                      .tile = i,
                      .queries = in.q.data(),
                      .query_stride = c.size + 1,
                      .rows = rows,
                      .first_key = in.first.data(),
                      .end_key = in.end.data(),
                      .scale = in.scale,
                      .soft_cap = in.cap,
                      .alibi = in.alibi ? in.slopes.data() : nullptr,
                      .m = a.m.data() + i * rows,
                      .l = a.l.data() + i * rows,
                      .o = a.o.data() + i * rows * c.size});
  t.attention_merge({.m = a.m.data(),
                     .l = a.l.data(),
                     .o = a.o.data(),
                     .tiles = tiles,
                     .tile_stride = rows,
                     .rows = rows,
                     .head_size = c.size,
                     .out = a.out.data(),
                     .out_stride = c.size + 2});
  return a;
}

queries random_queries(draws& random, const cache& c, std::size_t rows) {
  queries in;
  in.q = random.floats(rows * (c.size + 1), -3, 3);
  in.slopes = random.floats(rows, 0, 0.01);
  const bool whole = random.below(3) == 0;
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t end = whole ? c.positions : 1 + random.below(c.positions);
    in.end.push_back(static_cast<std::uint32_t>(end));
    in.first.push_back(static_cast<std::uint32_t>(whole || random.below(2) == 0 ? 0 : random.below(end)));
  }
  in.cap = random.below(4) == 0 ? 20.0F : 0.0F;
  in.alibi = random.below(4) == 0;
  return in;
}

}  // namespace

TEST_SUITE("kernels/attention") {
  TEST_CASE("every instruction set gives the bits of the scalar contract") {
    const std::uint64_t seed = 41;
    CAPTURE(seed);
    draws random(seed);
    const std::vector<const lk::table*> all = tables();
    for (const std::size_t size : sizes{8, 12, 16, 40, 64, 80, 128}) {
      for (const ll::dtype type : {ll::dtype::f16, ll::dtype::f32}) {
        for (const std::size_t rows : sizes{1, 2, 3, 4, 5, 9, 17}) {
          const std::size_t positions = 1 + random.below(200);
          CAPTURE(size);
          CAPTURE(ll::name_of(type));
          CAPTURE(rows);
          CAPTURE(positions);
          draws same(random.below(1'000'000));
          draws copy = same;
          cache c(*all[0], copy, type, size, positions);
          const queries in = random_queries(random, c, rows);
          const attended expected = attend(*all[0], c, in);
          for (std::size_t i = 1; i < all.size(); ++i) {
            CAPTURE(all[i]->name);
            draws again = same;
            cache other(*all[i], again, type, size, positions);
            CHECK(other.keys == c.keys);
            CHECK(other.values == c.values);
            const attended got = attend(*all[i], other, in);
            CHECK(difference(got.m, expected.m) == "");
            CHECK(difference(got.l, expected.l) == "");
            CHECK(difference(got.o, expected.o) == "");
            CHECK(difference(got.out, expected.out) == "");
          }
        }
      }
    }
  }

  TEST_CASE("merged tiles are close to softmax attention in double precision") {
    draws random(42);
    for (const lk::table* t : tables()) {
      CAPTURE(t->name);
      for (int round = 0; round < 12; ++round) {
        cache c(*t, random, round % 2 == 0 ? ll::dtype::f16 : ll::dtype::f32, 32, 150);
        const queries in = random_queries(random, c, 5);
        const attended got = attend(*t, c, in);
        for (std::size_t r = 0; r < 5; ++r) {
          std::vector<double> weight(150, 0.0);
          double sum = 0;
          for (std::size_t p = in.first[r]; p < in.end[r]; ++p) {
            double s = 0;
            for (std::size_t d = 0; d < 32; ++d)
              s += static_cast<double>(in.q[r * 33 + d]) * c.stored(static_cast<double>(c.raw_keys[p * 32 + d]));
            s *= static_cast<double>(in.scale);
            if (in.cap != 0) s = static_cast<double>(in.cap) * std::tanh(s / static_cast<double>(in.cap));
            if (in.alibi) s += static_cast<double>(in.slopes[r]) * static_cast<double>(p);
            weight[p] = std::exp(s);
            sum += weight[p];
          }
          for (std::size_t d = 0; d < 32; ++d) {
            double o = 0;
            for (std::size_t p = 0; p < 150; ++p) o += weight[p] / sum * c.stored(static_cast<double>(c.raw_values[p * 32 + d]));
            CHECK(std::abs(static_cast<double>(got.out[r * 34 + d]) - o) < 5e-6);
          }
        }
      }
    }
  }

  TEST_CASE("a row's result does not depend on the rows beside it") {
    draws random(43);
    for (const lk::table* t : tables()) {
      CAPTURE(t->name);
      cache c(*t, random, ll::dtype::f16, 64, 140);
      const queries in = random_queries(random, c, 13);
      const attended together = attend(*t, c, in);
      for (std::size_t r = 0; r < 13; ++r) {
        queries one = in;
        one.q = std::vector<float>(in.q.begin() + static_cast<std::ptrdiff_t>(r * 65),
                                   in.q.begin() + static_cast<std::ptrdiff_t>(r * 65 + 65));
        one.first = {in.first[r]};
        one.end = {in.end[r]};
        one.slopes = {in.slopes[r]};
        const attended alone = attend(*t, c, one);
        CHECK(difference(std::span<const float>(alone.out).first(64), std::span<const float>(together.out).subspan(r * 66, 64)) ==
              "");
      }
    }
  }

  TEST_CASE("scores that are no numbers reach the output, also where a tile has no others") {
    draws random(45);
    for (const lk::table* t : tables()) {
      CAPTURE(t->name);
      cache c(*t, random, ll::dtype::f16, 32, 65);
      queries in = random_queries(random, c, 2);
      in.first = {0, 0};
      in.end = {65, 65};
      in.cap = 0;
      in.alibi = false;
      const std::vector<float> key(32, std::numeric_limits<float>::infinity());
      t->store_kv(c.view(), 64, key.data(), c.raw_values.data());
      const attended got = attend(*t, c, in);
      for (std::size_t r = 0; r < 2; ++r) CHECK_FALSE(std::isfinite(got.out[r * 34]));
    }
  }

  TEST_CASE("what lies behind the mask is never touched, not even multiplied by zero") {
    draws random(44);
    for (const lk::table* t : tables()) {
      CAPTURE(t->name);
      for (const ll::dtype type : {ll::dtype::f16, ll::dtype::f32}) {
        cache c(*t, random, type, 64, 64);
        queries in = random_queries(random, c, 4);
        in.first = {10, 10, 12, 30};
        in.end = {50, 20, 50, 30};
        const attended expected = attend(*t, c, in);
        const std::vector<float> poison(64, std::numeric_limits<float>::quiet_NaN());
        for (std::size_t p = 0; p < 64; ++p)
          if (p < 10 || p >= 50) t->store_kv(c.view(), p, poison.data(), poison.data());
        const attended got = attend(*t, c, in);
        CHECK(difference(std::span<const float>(got.out).first(3 * 66), std::span<const float>(expected.out).first(3 * 66)) ==
              "");
        CHECK(got.m[3] == -std::numeric_limits<float>::infinity());
        CHECK(got.l[3] == 0.0F);
      }
    }
  }

  TEST_CASE("the cache rounds to nearest even and keeps its order") {
    for (const lk::table* t : tables()) {
      std::vector<std::uint16_t> keys(64 * 24), values(64 * 24);
      std::vector<float> k(24), v(24);
      for (std::size_t d = 0; d < 24; ++d) {
        k[d] = 1.0F + static_cast<float>(d) * 0x1p-11F;
        v[d] = 0x1p-24F * (static_cast<float>(d) / 2);
      }
      t->store_kv({ll::dtype::f16, reinterpret_cast<std::byte*>(keys.data()), reinterpret_cast<std::byte*>(values.data()), 24},
                  37, k.data(), v.data());
      for (std::size_t d = 0; d < 24; ++d) {
        CHECK(keys[(37 / 16 * 24 + d) * 16 + 37 % 16] == ll::f16_from_float(k[d]));
        CHECK(values[37 * 24 + d] == ll::f16_from_float(v[d]));
      }
    }
  }
}

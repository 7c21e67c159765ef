// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/kernels/reference/experts.hpp>
#include <lingualinked/kernels/reference/reference.hpp>

#include "support.hpp"

#include <doctest/doctest.h>

using namespace kernel_tests;

namespace {

// FNV-1a over the bits of everything that was computed.
class digest {
 public:
  template <class T>
  void add(const std::vector<T>& values) {
    for (const T& value : values) {
      unsigned char bytes[sizeof(T)];
      std::memcpy(bytes, &value, sizeof(T));
      for (const unsigned char b : bytes) hash_ = (hash_ ^ b) * 0x100000001B3U;
    }
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325U;
};

std::uint64_t digest_of_linear(const lk::table& t, ll::dtype type) {
  draws random(51);
  const lk::panels weights = random_panels(random, type, 37, 512);
  const std::vector<float> x = random.floats(5 * 512, -2, 2);
  rounded_rows r(5, 512);
  t.quantise(x.data(), 512, 5, 512, r.view());
  std::vector<float> out(5 * 37);
  t.linear({.weights = weights.view(),
            .panel_begin = 0,
            .panel_end = 3,
            .input = {.x = x.data(), .x_stride = 512, .rounded = r.view(), .rows = 5},
            .out = out.data(),
            .out_stride = 37});
  digest d;
  d.add(r.q);
  d.add(r.d);
  d.add(r.sum);
  d.add(out);
  return d.value();
}

std::uint64_t digest_of_rows(const lk::table& t) {
  draws random(52);
  digest d;
  const std::vector<float> x = random.floats(576, -20, 20), w = random.floats(576, -2, 2);
  std::vector<float> out(576);
  t.rms_norm(x.data(), w.data(), 1e-5F, 576, out.data());
  d.add(out);
  t.silu_multiply(x.data(), w.data(), 576, out.data());
  d.add(out);
  t.rope(out.data(), 9, 64, 32, x.data(), w.data());
  d.add(out);
  return d.value();
}

std::uint64_t digest_of_activations(const lk::table& t) {
  draws random(54);
  digest d;
  const std::vector<float> x = random.floats(576, -9, 9), w = random.floats(576, -2, 2), b = random.floats(576);
  std::vector<float> out(576);
  t.layer_norm(x.data(), w.data(), b.data(), 1e-5F, 576, out.data());
  d.add(out);
  t.layer_norm(x.data(), w.data(), nullptr, 1e-5F, 571, out.data());
  d.add(out);
  for (const auto kind :
       {ll::activation_kind::silu, ll::activation_kind::gelu_tanh, ll::activation_kind::gelu, ll::activation_kind::relu}) {
    t.activate(kind, x.data(), 576, out.data());
    d.add(out);
  }
  t.soft_cap(x.data(), 3, 576, out.data());
  t.add_scaled(x.data(), 0.3F, 576, out.data());
  d.add(out);
  std::vector<float> scores = random.floats(60, -4, 4), weights(8);
  std::vector<std::uint32_t> chosen(8);
  lk::reference::choose_experts(scores.data(), 60, 8, true, chosen.data(), weights.data());
  d.add(chosen);
  d.add(weights);
  return d.value();
}

std::uint64_t digest_of_attention(const lk::table& t) {
  draws random(53);
  constexpr std::size_t size = 48, rows = 3, positions = 128;
  std::vector<std::byte> keys(positions * size * 2), values(positions * size * 2);
  const lk::kv_head_view cache{ll::dtype::f16, keys.data(), values.data(), size};
  for (std::size_t p = 0; p < positions; ++p) {
    const std::vector<float> k = random.floats(size, -2, 2), v = random.floats(size, -2, 2);
    t.store_kv(cache, p, k.data(), v.data());
  }
  const std::vector<float> q = random.floats(rows * size, -2, 2), slopes = random.floats(rows, 0, 0.01);
  const std::vector<std::uint32_t> first{0, 5, 0}, end{128, 100, 64};
  std::vector<float> m(2 * rows), l(2 * rows), o(2 * rows * size), out(rows * size);
  for (std::size_t i = 0; i < 2; ++i)
    t.attention_tile({.cache = cache,
                      .tile = i,
                      .queries = q.data(),
                      .query_stride = size,
                      .rows = rows,
                      .first_key = first.data(),
                      .end_key = end.data(),
                      .scale = 0.14F,
                      .soft_cap = 30,
                      .alibi = slopes.data(),
                      .m = m.data() + i * rows,
                      .l = l.data() + i * rows,
                      .o = o.data() + i * rows * size});
  t.attention_merge({.m = m.data(),
                     .l = l.data(),
                     .o = o.data(),
                     .tiles = 2,
                     .tile_stride = rows,
                     .rows = rows,
                     .head_size = size,
                     .out = out.data(),
                     .out_stride = size});
  digest d;
  d.add(out);
  return d.value();
}

struct golden_digest {
  ll::dtype type;
  std::uint64_t digest;
};
constexpr golden_digest goldens[] = {
    {ll::dtype::f32, 0x67F4B81CFF281417U},  {ll::dtype::f16, 0x3CABD3143A15FFA0U},    {ll::dtype::bf16, 0xEB95F50CD3A24E5AU},
    {ll::dtype::q8_0, 0xD72255ACB14DE707U}, {ll::dtype::q4_0, 0xDE0E7C0998128B37U},   {ll::dtype::q4_1, 0xA0D7684F31560529U},
    {ll::dtype::q5_0, 0x50BF8E699AC94EA0U}, {ll::dtype::q5_1, 0xB646D52FA7C5CC9AU},   {ll::dtype::q2_k, 0x0F127A2B690B765CU},
    {ll::dtype::q3_k, 0x3979C113EE60CC11U}, {ll::dtype::q4_k, 0x8EE8B1793B9D604CU},   {ll::dtype::q5_k, 0x2AE2D58C3A4DADA3U},
    {ll::dtype::q6_k, 0x8F659753463B26B6U}, {ll::dtype::iq4_nl, 0x3F0EC09BFE4B21F3U}, {ll::dtype::iq4_xs, 0xA91D3CFFF41DD523U},
};

}  // namespace

// These are the bits of contract version 1. A change here is a new version of the contract: raise it where plans and handshakes
// carry it, and say in the commit what it buys.
TEST_SUITE("kernels/contract") {
  TEST_CASE("linear layers have the bits of version 1 on every machine") {
    for (const lk::table* t : tables()) {
      CAPTURE(t->name);
      for (const golden_digest& g : goldens) {
        CAPTURE(ll::name_of(g.type));
        CHECK(digest_of_linear(*t, g.type) == g.digest);
      }
    }
  }

  TEST_CASE("norm, activation, rotation and attention have the bits of version 1 on every machine") {
    for (const lk::table* t : tables()) {
      CAPTURE(t->name);
      CHECK(digest_of_rows(*t) == 0x95D60ED5698DF075U);
      CHECK(digest_of_activations(*t) == 0x67D6139CACA27BB3U);
      CHECK(digest_of_attention(*t) == 0x2CAEE275ADAEFDA5U);
    }
  }
}
